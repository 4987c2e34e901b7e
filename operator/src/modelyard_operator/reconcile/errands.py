"""What pods are asked in the background: one errand a pod at a time, and so many at once."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

AT_ONCE = 32


class Errands:
    """The errands that are under way, by pod UID."""

    def __init__(self) -> None:
        """None is under way."""
        self._under_way: dict[str, asyncio.Task[None]] = {}
        self._slots = asyncio.Semaphore(AT_ONCE)

    def __len__(self) -> int:
        """How many are under way."""
        return len(self._under_way)

    def __contains__(self, uid: str) -> bool:
        """Whether one to this pod is under way."""
        return uid in self._under_way

    def begin(self, uid: str, errand: Callable[[], Awaitable[None]], name: str) -> None:
        """Begin one as soon as there is room.

        Args:
            uid: The pod's UID; none to it may be under way.
            errand: Does it; deals with its own failures.
            name: For whoever debugs.
        """
        task = self._under_way[uid] = asyncio.create_task(self._run(errand), name=name)
        task.add_done_callback(partial(self._ended, uid))

    async def close(self) -> None:
        """Give up what is under way."""
        tasks = list(self._under_way.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(self, errand: Callable[[], Awaitable[None]]) -> None:
        async with self._slots:
            await errand()

    def _ended(self, uid: str, _: "asyncio.Task[None]") -> None:
        self._under_way.pop(uid, None)
