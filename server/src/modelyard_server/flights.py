"""Single flight: what is being computed is not computed twice.

A flight computes the answers of one request's missing keys. Other requests that want one of these keys
board it. It ends early only when everybody who waits for it has gone.
"""

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any

from modelyard_server.tasks.base import Answer

Compute = Callable[[Sequence[bytes]], Coroutine[Any, Any, Mapping[bytes, Answer]]]
"""Computes the answers of some keys."""


class _Flight:
    __slots__ = ("keys", "passengers", "task")

    def __init__(self, keys: Sequence[bytes], task: asyncio.Task[Mapping[bytes, Answer]]) -> None:
        self.keys = keys
        self.task = task
        self.passengers = 0


class Flights:
    """The computations under way, by key."""

    def __init__(self) -> None:
        self._by_key: dict[bytes, _Flight] = {}

    def __len__(self) -> int:
        return len(self._by_key)

    async def fetch(self, keys: Sequence[bytes], compute: Compute) -> dict[bytes, Answer]:
        """Get the answers of keys, computing only those that nobody computes yet.

        Args:
            keys: The keys, each once.
            compute: Computes the answers of the keys it gets; its exception reaches all who wait.

        Raises:
            Exception: Whatever a computation raised.
        """
        boarded = {self._by_key[key] for key in keys if key in self._by_key}
        own = [key for key in keys if key not in self._by_key]
        if own:
            boarded.add(self._depart(own, compute))
        for flight in boarded:
            flight.passengers += 1
        try:
            # `wait` leaves the flights alone when this request is cancelled, unlike `gather`.
            await asyncio.wait([flight.task for flight in boarded])
        finally:
            for flight in boarded:
                flight.passengers -= 1
                if flight.passengers == 0 and not flight.task.done():
                    # Nobody may board what is about to end.
                    self._forget(flight)
                    flight.task.cancel()
        answers: dict[bytes, Answer] = {}
        for flight in boarded:
            answers.update(flight.task.result())
        return answers

    def _depart(self, keys: Sequence[bytes], compute: Compute) -> _Flight:
        flight = _Flight(keys, asyncio.get_running_loop().create_task(compute(keys)))
        for key in keys:
            self._by_key[key] = flight

        def landed(task: asyncio.Task[Mapping[bytes, Answer]]) -> None:
            self._forget(flight)
            if not task.cancelled():
                task.exception()  # seen, also when nobody waits any more

        flight.task.add_done_callback(landed)
        return flight

    def _forget(self, flight: _Flight) -> None:
        for key in flight.keys:
            if self._by_key.get(key) is flight:
                del self._by_key[key]
