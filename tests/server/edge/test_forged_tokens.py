"""Tokens made to be taken for an issuer's: none is, and none does more than be refused."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from modelyard_server.edge.jwks import UNKNOWN_KEY_SECONDS, IssuerKeys, fetch_document
from modelyard_server.edge.tokens import LEEWAY_SECONDS, Tokens
from modelyard_server.errors import ProblemError
from tests.server.edge.issuer import Issuer, issuing


@pytest.fixture(params=["RS256", "ES256", "EdDSA"])
def issuer(request: pytest.FixtureRequest) -> Iterator[Issuer]:
    with issuing(request.param) as issuer:
        yield issuer


async def checker(issuer: Issuer, *audiences: str) -> Tokens:
    keys = IssuerKeys(issuer.url, None, fetch_document, lambda: 1000.0)
    await keys.fetch()
    return Tokens(issuer.url, audiences or ["models"], keys, time.time)


def part(content: Any) -> bytes:
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=")


def claims(issuer: Issuer, **changed: Any) -> dict[str, Any]:
    return {"iss": issuer.url, "aud": "models", "sub": "eve", "exp": time.time() + 600, **changed}


def status(tokens: Tokens, token: bytes) -> int:
    try:
        assert tokens.subject(token) is not None
    except ProblemError as error:
        assert token.decode("latin-1") not in str(error)
        return error.status
    return 200


async def test_the_public_key_is_no_secret_to_sign_with(issuer: Issuer) -> None:
    tokens = await checker(issuer)
    public = issuer.keys["first"].public_key()
    known = [
        public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        json.dumps(issuer.documents["/jwks"]["keys"][0]).encode(),
    ]
    for algorithm, digest in (("HS256", hashlib.sha256), ("HS512", hashlib.sha512)):
        for secret in known:
            signed = part({"alg": algorithm, "kid": "first"}) + b"." + part(claims(issuer))
            token = signed + b"." + part(hmac.digest(secret, signed, digest))
            assert status(tokens, token) == 401


@pytest.mark.parametrize(
    "algorithm", ["none", "None", "NONE", "", None, ["ES256"], {"alg": "ES256"}, 0, "HS256"]
)
async def test_no_signature_is_no_token(issuer: Issuer, algorithm: Any) -> None:
    tokens = await checker(issuer)
    head = part({"alg": algorithm, "kid": "first"}) + b"." + part(claims(issuer)) + b"."

    assert status(tokens, head) == 401
    assert status(tokens, head + b"AAAA") == 401


async def test_a_key_in_the_token_itself_is_not_looked_at(issuer: Issuer) -> None:
    tokens = await checker(issuer)
    with issuing(issuer.algorithm) as other:
        key = other.keys["first"]
        [public] = other.documents["/jwks"]["keys"]
        headers = {"kid": "first", "jwk": public, "jku": f"{other.url}/jwks", "x5u": other.url}
        token = jwt.encode(claims(issuer), key, issuer.algorithm, headers=headers)

        assert status(tokens, token.encode()) == 401
        assert other.requests == []


async def test_another_kinds_name_does_not_choose_the_check(issuer: Issuer) -> None:
    """The algorithm is the key's, whichever the token names."""
    tokens = await checker(issuer)
    good = issuer.token().encode()
    _, payload, signature = good.split(b".")
    for algorithm in {"RS256", "ES256", "EdDSA"} - {issuer.algorithm}:
        head = part({"alg": algorithm, "kid": "first"})
        assert status(tokens, b".".join((head, payload, signature))) == 401
    assert status(tokens, good) == 200


async def test_one_of_many_audiences_is_enough(issuer: Issuer) -> None:
    tokens = await checker(issuer, "shop", "models")

    assert status(tokens, issuer.token(aud=["other", "shop"]).encode()) == 200
    assert status(tokens, issuer.token(aud="models").encode()) == 200
    assert status(tokens, issuer.token(aud=["other"]).encode()) == 403
    assert status(tokens, issuer.token(aud=[]).encode()) in {401, 403}
    assert status(tokens, issuer.token(aud=None).encode()) == 401


@pytest.mark.parametrize("claim", ["exp", "nbf"])
async def test_a_clock_that_differs_by_more_than_a_little(issuer: Issuer, claim: str) -> None:
    tokens = await checker(issuer)
    away = LEEWAY_SECONDS + 5

    token = issuer.token(**{claim: time.time() + (away if claim == "nbf" else -away)})
    assert status(tokens, token.encode()) == 401


async def test_while_the_issuer_is_away_its_known_keys_serve(issuer: Issuer) -> None:
    now = [1000.0]
    keys = IssuerKeys(issuer.url, None, fetch_document, lambda: now[0])
    tokens = Tokens(issuer.url, ["models"], keys, time.time)
    await keys.fetch()
    issuer.documents.clear()
    for _ in range(3):
        now[0] += UNKNOWN_KEY_SECONDS
        await keys.fetch()
        assert status(tokens, issuer.token(sub="bob").encode()) == 200
    unknown = jwt.encode(claims(issuer), issuer.keys["first"], issuer.algorithm, headers={"kid": "new"})
    assert status(tokens, unknown.encode()) == 401


parts = st.binary(max_size=60).map(part) | st.binary(max_size=60)
headers = st.dictionaries(
    st.sampled_from(["alg", "kid", "typ", "crit", "b64", "jwk"]),
    st.sampled_from(["ES256", "RS256", "EdDSA", "first", "none"])
    | st.none()
    | st.integers()
    | st.lists(st.text()),
).map(part)


@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(st.tuples(headers | parts, parts, parts))
async def test_any_token_is_refused_in_words(issuer: Issuer, three: tuple[bytes, bytes, bytes]) -> None:
    tokens = await checker_once(issuer)

    assert status(tokens, b".".join(three)) == 401


async def checker_once(issuer: Issuer) -> Tokens:
    """The keys, fetched once for all examples."""
    made: Tokens | None = getattr(issuer, "checker", None)
    if made is None:
        made = await checker(issuer)
        issuer.checker = made  # type: ignore[attr-defined]
    return made


@pytest.mark.parametrize("deep", [b"[" * 11_000, b'{"a":' * 2_000, b"9" * 10_000])
async def test_headers_that_are_deep_or_long(issuer: Issuer, deep: bytes) -> None:
    tokens = await checker(issuer)

    assert status(tokens, part(deep) + b"." + part(b"{}") + b".x") == 401
