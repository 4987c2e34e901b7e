"""Who may pass, decided from a request's headers alone: before its body is read and any work is done."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from modelyard_server.edge.identity import Identity, Kind
from modelyard_server.edge.keys import Keys, find_client, read_keys
from modelyard_server.edge.limits import RateLimit
from modelyard_server.edge.problems import unauthorized
from modelyard_server.edge.settings import EdgeSettings
from modelyard_server.watching import DirectoryWatcher

if TYPE_CHECKING:
    from modelyard_server.edge.tokens import Tokens

log = structlog.get_logger(__name__)

Headers = Mapping[bytes, bytes]
"""A request's headers (for gRPC, its metadata) by lower-case name."""


class Gate:
    """Admits requests by API key, token and rate.

    Args:
        key_header: Lower-case name of the header of API keys; None: there are no keys.
        keys_dir: Where their Secret is mounted.
        tokens: Checks tokens; None: there are none.
        limit: The rate limit; None: there is none.
    """

    def __init__(
        self,
        *,
        key_header: bytes | None,
        keys_dir: Path,
        tokens: "Tokens | None",
        limit: RateLimit | None,
    ) -> None:
        self._key_header = key_header
        self._tokens = tokens
        self._limit = limit
        self._keys: Keys = {}
        self._watcher = DirectoryWatcher[Keys](keys_dir, read_keys, {}, self._use_keys, what="the API keys")
        self._running: list[asyncio.Task[None]] = []

    @property
    def clients(self) -> frozenset[str]:
        """Who has an API key now."""
        return frozenset(self._keys.values())

    async def start(self) -> None:
        """Read the keys, and keep them as fresh as their sources."""
        jobs: list[Callable[[], Awaitable[None]]] = []
        if self._key_header is not None:
            await self._watcher.check()
            jobs.append(self._watcher.run)
        if self._tokens is not None:
            jobs.append(self._tokens.keys.run)
        self._running = [asyncio.ensure_future(job()) for job in jobs]

    async def close(self) -> None:
        """End what runs in the background."""
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    def identify(self, headers: Headers, peer: str, *, learnt: bool = False) -> Identity | None:
        """Tell who asks, without waiting.

        Args:
            headers: Its headers.
            peer: The address at the other end of its connection.
            learnt: Whether `learn` was done for it: what can't be told by then is refused.

        Returns:
            Who asks; None: it can't be told before `learn` is done.

        Raises:
            ProblemError: 401 or 403; 503 where the keys of tokens could never be fetched.
        """
        if self._key_header is None and self._tokens is None:
            return Identity(Kind.ADDRESS, peer)
        bearer = _bearer(headers.get(b"authorization", b""))
        if self._key_header is not None:
            for key in (headers.get(self._key_header), bearer):
                client = find_client(self._keys, key) if key else None
                if client is not None:
                    return Identity(Kind.KEY, client)
        if self._tokens is not None and bearer and bearer.count(b".") == 2:
            subject = self._tokens.subject(bearer, learnt=learnt)
            return None if subject is None else Identity(Kind.TOKEN, subject)
        raise self._unknown(headers, bearer)

    def count(self, identity: Identity) -> None:
        """Count a request of somebody against the rate limit.

        Raises:
            ProblemError: 429, they ask too often.
        """
        if self._limit is not None:
            self._limit.take(identity)

    async def learn(self) -> None:
        """Wait until the keys of tokens are as new as the issuer's; then `identify` can tell."""
        if self._tokens is not None:
            await self._tokens.keys.fetch()

    def _unknown(self, headers: Headers, bearer: bytes) -> Exception:
        ways = []
        if self._key_header is not None:
            ways.append(f"an API key as {self._key_header.decode()} or as Authorization: Bearer KEY")
        if self._tokens is not None:
            ways.append("a token as Authorization: Bearer TOKEN")
        given = bool(bearer or (self._key_header and headers.get(self._key_header)))
        fault = "nobody is known by these credentials" if given else "there are no credentials"
        return unauthorized(f"{fault}: send {', or '.join(ways)}", given=given)

    async def _use_keys(self, keys: Keys) -> None:
        self._keys = keys
        log.info("API keys read", clients=sorted(keys.values()))


def open_gate(settings: EdgeSettings, keys_dir: Path) -> Gate | None:
    """Make the gate that the settings ask for; None: everybody passes."""
    auth = settings.auth
    api_keys = auth.api_keys if auth else None
    tokens = auth.jwt if auth else None
    rate = settings.rate_limit
    if api_keys is None and tokens is None and rate is None:
        return None
    checker = None
    if tokens is not None:
        # Their cryptography is 16 MB and 30 ms that nobody else needs.
        from modelyard_server.edge.jwks import IssuerKeys, fetch_document  # noqa: PLC0415
        from modelyard_server.edge.tokens import Tokens  # noqa: PLC0415

        keys = IssuerKeys(tokens.issuer, tokens.jwks_uri, fetch_document, time.monotonic)
        checker = Tokens(tokens.issuer, tokens.audiences, keys, time.time)
    return Gate(
        key_header=api_keys.header.lower().encode() if api_keys else None,
        keys_dir=keys_dir,
        tokens=checker,
        limit=RateLimit(rate.requests_per_second, rate.capacity, time.monotonic) if rate else None,
    )


def _bearer(authorization: bytes) -> bytes:
    scheme, _, credentials = authorization.partition(b" ")
    return credentials.strip() if scheme.lower() == b"bearer" else b""
