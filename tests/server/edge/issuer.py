"""An issuer of tokens: real keys, and a real web server for its documents."""

import json
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

_KINDS: Mapping[str, tuple[Any, Any]] = {
    "RS256": (lambda: rsa.generate_private_key(public_exponent=65537, key_size=2048), RSAAlgorithm),
    "ES256": (lambda: ec.generate_private_key(ec.SECP256R1()), ECAlgorithm),
    "EdDSA": (ed25519.Ed25519PrivateKey.generate, OKPAlgorithm),
}


class Issuer:
    """Signs tokens and publishes the keys to check them with."""

    def __init__(self, algorithm: str = "ES256") -> None:
        self.algorithm = algorithm
        self.documents: dict[str, Any] = {}
        self.requests: list[str] = []
        self.keys: dict[str, Any] = {}
        self.url = ""

    def rotate(self, key_id: str, *, keep: bool = True) -> None:
        """Sign with a new key from now on."""
        self.keys = {**(self.keys if keep else {}), key_id: _KINDS[self.algorithm][0]()}
        self.documents["/jwks"] = {"keys": [self._public(each) for each in self.keys]}
        self.documents["/.well-known/openid-configuration"] = {
            "issuer": self.url,
            "jwks_uri": f"{self.url}/jwks",
        }

    def token(self, key_id: str | None = None, **claims: Any) -> str:
        key_id = key_id or list(self.keys)[-1]
        now = time.time()
        claims = {"iss": self.url, "aud": "models", "sub": "ada", "exp": now + 600, **claims}
        claims = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode(claims, self.keys[key_id], self.algorithm, headers={"kid": key_id})

    def fetched(self, path: str) -> int:
        return self.requests.count(path)

    def _public(self, key_id: str) -> dict[str, Any]:
        public = self.keys[key_id].public_key()
        entry = json.loads(_KINDS[self.algorithm][1].to_jwk(public))
        return {**entry, "kid": key_id, "use": "sig", "alg": self.algorithm}


@contextmanager
def issuing(algorithm: str = "ES256") -> Iterator[Issuer]:
    """An issuer whose documents are served on 127.0.0.1."""
    issuer = Issuer(algorithm)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            issuer.requests.append(self.path)
            document = issuer.documents.get(self.path)
            self.send_response(200 if document is not None else 404)
            self.end_headers()
            if document is not None:
                self.wfile.write(json.dumps(document).encode())

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    issuer.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        issuer.rotate("first")
        yield issuer
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
