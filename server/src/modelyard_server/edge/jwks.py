"""An issuer's public keys (https://www.rfc-editor.org/rfc/rfc7517), fetched again as it rotates them."""

import asyncio
import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

import httpx2
import structlog
from jwt import PyJWK
from jwt.exceptions import PyJWTError

log = structlog.get_logger(__name__)

REFRESH_SECONDS = 300.0
"""Seconds between two fetches that nobody asked for."""
UNKNOWN_KEY_SECONDS = 10.0
"""Seconds between two fetches for keys that are not known: forged key ids make no storm."""
_RETRY_SECONDS = 5.0
_MAX_BYTES = 1024 * 1024
_TIMEOUT = httpx2.Timeout(5.0)
_DISCOVERY = "/.well-known/openid-configuration"

Fetch = Callable[[str], bytes]
"""Gets a document; blocks. Raises KeysError."""


class KeysError(Exception):
    """The issuer's keys can't be had; the message says why."""


def fetch_document(url: str) -> bytes:
    """Get a document of the issuer, of bounded size, without redirects.

    Raises:
        KeysError: There is none.
    """
    try:
        with httpx2.stream("GET", url, timeout=_TIMEOUT, headers={"Accept": "application/json"}) as response:
            if response.status_code != 200:
                raise KeysError(f"{url} answers {response.status_code}")
            content = bytearray()
            for chunk in response.iter_bytes():
                content += chunk
                if len(content) > _MAX_BYTES:
                    raise KeysError(f"{url} has more than {_MAX_BYTES:,} bytes")
            return bytes(content)
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise KeysError(f"{url}: {type(error).__name__}: {error}") from None


class IssuerKeys:
    """The keys in force; a fetch that fails leaves them.

    Args:
        issuer: The issuer.
        jwks_uri: Where its keys are; None: its discovery document says so
            (https://openid.net/specs/openid-connect-discovery-1_0.html).
        fetch: Gets a document.
        clock: Monotonic seconds.
    """

    def __init__(self, issuer: str, jwks_uri: str | None, fetch: Fetch, clock: Callable[[], float]) -> None:
        self._issuer = issuer
        self._jwks_uri = jwks_uri
        self._fetch = fetch
        self._clock = clock
        self._fetching: asyncio.Task[None] | None = None
        self._fetched_at = float("-inf")
        self._keys: Mapping[str | None, PyJWK] | None = None
        self.generation = 0

    @property
    def known(self) -> bool:
        """Whether keys could be had yet."""
        return self._keys is not None

    def find(self, key_id: str | None) -> PyJWK | None:
        """The key with this id; without an id, the issuer's only key."""
        keys = self._keys or {}
        if key_id is None and len(keys) == 1:
            return next(iter(keys.values()))
        return keys.get(key_id)

    def may_fetch(self) -> bool:
        """Whether an unknown key is a reason to ask the issuer now, or is being asked about."""
        if self._fetching is not None:
            return True
        return self._clock() - self._fetched_at >= UNKNOWN_KEY_SECONDS

    async def fetch(self) -> None:
        """Ask the issuer; all who wait share one fetch."""
        if self._fetching is None:
            self._fetching = asyncio.create_task(self._update())
            self._fetching.add_done_callback(self._fetch_done)
        await asyncio.shield(self._fetching)

    async def run(self) -> None:
        """Fetch again and again, until cancelled."""
        while True:
            await self.fetch()
            await asyncio.sleep(REFRESH_SECONDS if self.known else _RETRY_SECONDS)

    def _fetch_done(self, _: asyncio.Task[None]) -> None:
        self._fetching = None
        # From the end of one to the begin of the next: an issuer may take longer to answer than that.
        self._fetched_at = self._clock()

    async def _update(self) -> None:
        try:
            keys = await asyncio.to_thread(self._read)
        except KeysError as error:
            log.warning("the issuer's keys can't be fetched; keeping those in force", error=str(error))
            return
        self._keys = keys
        self.generation += 1

    def _read(self) -> Mapping[str | None, PyJWK]:
        uri = self._jwks_uri or self._discover()
        document = _parse(self._fetch(uri), uri)
        entries = document.get("keys")
        if not isinstance(entries, list):
            raise KeysError(f"{uri} is no key set: it has no list 'keys'")
        keys: dict[str | None, PyJWK] = {}
        for entry in entries:
            # Symmetric keys and keys for encryption have no business here.
            if isinstance(entry, dict) and entry.get("kty") != "oct" and entry.get("use", "sig") == "sig":
                try:
                    keys[entry.get("kid")] = PyJWK.from_dict(entry)
                except (PyJWTError, ValueError, TypeError) as error:
                    log.debug("a key of the issuer can't be used", error=str(error))
        if not keys:
            raise KeysError(f"{uri} holds no key for signatures")
        return keys

    def _discover(self) -> str:
        address = self._issuer.rstrip("/") + _DISCOVERY
        document = _parse(self._fetch(address), address)
        if document.get("issuer") != self._issuer:
            raise KeysError(f"{address} is of another issuer than {self._issuer}")
        uri = document.get("jwks_uri")
        scheme = urlsplit(uri).scheme if isinstance(uri, str) else ""
        if not isinstance(uri, str) or scheme not in {"https", urlsplit(self._issuer).scheme}:
            raise KeysError(f"{address} names no https address in jwks_uri")
        return uri


def _parse(content: bytes, address: str) -> dict[str, Any]:
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise KeysError(f"{address} is no JSON object")
    return document
