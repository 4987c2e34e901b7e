"""Requests that wait to be compared: few, and of few bytes."""

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from modelyard_server.shadow.dropped import Dropped, DroppedError
from modelyard_server.tasks.base import Answer, Parsed
from modelyard_server.tasks.v2 import V2Request

MAX_REQUESTS: Final = 256
MAX_BYTES: Final = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Seen:
    """A request that was answered and is to be compared.

    Attributes:
        route: Its route, as metrics name it.
        request_id: Its name.
        headers: Its headers by lower-case name.
        path: Its address without what is behind the question mark; by gRPC, that of the same by HTTP.
        query: The part of its address behind the question mark.
        body: Its body, decompressed; of a call by gRPC, its message.
        tensors: What a call by gRPC asks, as HTTP can ask it too; None: it came by HTTP.
        parsed: Its items.
        answers: Its answers.
        compared: Whether its answers are compared; False: it is only copied.
        again: Whether its stable answers are compared with stable ones, too.
    """

    route: str
    request_id: bytes
    headers: Mapping[bytes, bytes]
    path: str
    query: bytes
    body: bytes
    tensors: V2Request | None
    parsed: Parsed | None
    answers: Sequence[Answer]
    compared: bool
    again: bool

    @property
    def size(self) -> int:
        """Bytes that it holds."""
        return len(self.body) + sum(len(answer.fragment) for answer in self.answers)


class Backlog:
    """A queue with bounds. What is taken counts until it is done with."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[Seen, int]] = deque()
        self._arrived = asyncio.Event()
        self._held = 0
        self._bytes = 0

    def __len__(self) -> int:
        """Requests that wait or are being compared."""
        return self._held

    @property
    def is_full(self) -> bool:
        """Whether there are as many requests as may be."""
        return self._held >= MAX_REQUESTS

    def put(self, seen: Seen) -> None:
        """Have a request wait.

        Raises:
            DroppedError: There is no room.
        """
        size = seen.size
        if self.is_full or self._bytes + size > MAX_BYTES:
            raise DroppedError(Dropped.FULL)
        self._held += 1
        self._bytes += size
        self._waiting.append((seen, size))
        self._arrived.set()

    async def take(self) -> tuple[Seen, int]:
        """The one that waits longest, and its bytes; both are to be given to `done`."""
        while not self._waiting:
            self._arrived.clear()
            await self._arrived.wait()
        return self._waiting.popleft()

    def done(self, size: int) -> None:
        """A request that was taken holds its bytes no more."""
        self._held -= 1
        self._bytes -= size
