"""Copies of requests that a stable pod sends to the candidate, where nothing in front mirrors them."""

import asyncio
import time
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import quote, urlsplit

import httpcore2
import orjson

from modelyard_server.shadow.backlog import Seen
from modelyard_server.shadow.dropped import Dropped, DroppedError
from modelyard_server.shadow.stamp import HEADER, stamp
from modelyard_server.tasks.v2_binary import write_request

AT_ONCE: Final = 8
"""Copies on their way."""
SECONDS: Final = 5.0
"""For all of a copy, its answer included."""
_CONNECT_SECONDS: Final = 1.0
_LARGE: Final = 32 * 1024
MAX_ANSWER_BYTES: Final = 4 * 1024 * 1024
_HEAD: Final = b"inference-header-content-length"
_KEPT: Final = (b"content-type", b"cache-control", _HEAD)
"""Headers that a copy has of its request: who asks is not among them."""


class Forwarder:
    """Sends copies.

    Args:
        url: Where the candidate answers.
        revision: The revision that sends them.
        wall: Seconds since the epoch.
    """

    def __init__(self, url: str, revision: str, wall: Callable[[], float] = time.time) -> None:
        parts = urlsplit(url)
        self._scheme, self._host = parts.scheme.encode(), (parts.hostname or "").encode()
        self._port = parts.port
        self._authority = parts.netloc.encode()
        # The candidate answers for no other version than its own.
        self._version = f"/versions/{revision}/"
        self._wall = wall
        self._pool = httpcore2.AsyncConnectionPool(
            max_connections=AT_ONCE, max_keepalive_connections=AT_ONCE, keepalive_expiry=5.0
        )

    async def ask(self, seen: Seen, pair: str, token: str | None) -> list[Any]:
        """Send a copy and get the entries of its answer.

        Args:
            seen: The request.
            pair: The revisions that are compared.
            token: The deployment's admin token, for the mark of the copy; None: the copy has none.

        Raises:
            DroppedError: There is no answer, or it is none to compare.
        """
        kept = {name: value for name in _KEPT if (value := seen.headers.get(name)) is not None}
        body = seen.body
        if seen.tensors is not None:
            body, head = await asyncio.to_thread(write_request, seen.tensors)
            kept[_HEAD] = b"%d" % head
        headers = [
            (b"host", self._authority),
            (b"user-agent", b"modelyard-shadow"),
            (b"x-request-id", seen.request_id),
            (b"x-request-timeout-ms", b"%d" % (SECONDS * 1000)),
            (b"content-length", b"%d" % len(body)),
            *kept.items(),
        ]
        if token is not None:
            headers.append((HEADER, stamp(token, pair, seen.request_id, self._wall())))
        path = quote(seen.path.replace(self._version, "/"), safe="/:")
        target = path.encode() + (b"?" + seen.query if seen.query else b"")
        try:
            async with asyncio.timeout(SECONDS):
                status, answer = await self._post(target, headers, body)
        except (TimeoutError, OSError, httpcore2.TimeoutException, httpcore2.NetworkError):
            raise DroppedError(Dropped.UNREACHABLE) from None
        except httpcore2.ProtocolError:
            raise DroppedError(Dropped.UNREADABLE) from None
        if status != 200:
            raise DroppedError(Dropped.REFUSED)
        return _entries(answer) if len(answer) < _LARGE else await asyncio.to_thread(_entries, answer)

    async def close(self) -> None:
        """Close every connection."""
        await self._pool.aclose()

    async def _post(
        self, target: bytes, headers: list[tuple[bytes, bytes]], body: bytes
    ) -> tuple[int, bytes]:
        url = httpcore2.URL(scheme=self._scheme, host=self._host, port=self._port, target=target)
        timeouts = {"connect": _CONNECT_SECONDS, "read": SECONDS, "write": SECONDS, "pool": SECONDS}
        async with self._pool.stream(
            "POST", url, headers=headers, content=body, extensions={"timeout": timeouts}
        ) as response:
            received = bytearray()
            async for piece in response.aiter_stream():
                received += piece
                if len(received) > MAX_ANSWER_BYTES:
                    raise DroppedError(Dropped.LARGE)
            return response.status, bytes(received)


def _entries(body: bytes) -> list[Any]:
    try:
        entries = orjson.loads(body)["predictions"]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        raise DroppedError(Dropped.UNREADABLE) from None
    if not isinstance(entries, list):
        raise DroppedError(Dropped.UNREADABLE)
    return entries
