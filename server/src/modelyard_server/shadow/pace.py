"""Keeps comparisons to a small share of the one thread that also answers requests."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

SHARE: Final = 0.1
"""Most of the event loop's time that comparisons take."""
FLAT_SECONDS: Final = 0.0003
"""What a request takes besides what can be measured: reading and writing sockets."""


class Pace:
    """Says when the next request may be looked at.

    Args:
        clock: Monotonic seconds.
        sleep: Waits so many seconds.
    """

    def __init__(
        self, clock: Callable[[], float], sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    ) -> None:
        self._clock = clock
        self._sleep = sleep
        self._free_at = clock()

    def spent(self, seconds: float) -> None:
        """Something took so long."""
        self._free_at = max(self._free_at, self._clock()) + seconds / SHARE

    async def ready(self) -> None:
        """Wait until the next may be looked at."""
        while (left := self._free_at - self._clock()) > 0:
            await self._sleep(left)
