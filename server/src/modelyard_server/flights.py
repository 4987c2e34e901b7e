"""Single flight: what is being computed is not computed twice.

A flight computes the answers of one request's missing keys. Other requests that want one of these keys
board it. It ends early only when everybody who waits for it has gone.
"""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence

from modelyard_server.tasks.base import Answer

Compute = Callable[[Sequence[bytes]], asyncio.Future[list[Answer]]]
"""Begins to compute the answers of some keys, in their order; cancelling gives that up."""


class _Flight:
    __slots__ = ("answering", "keys", "passengers")

    def __init__(self, keys: Sequence[bytes], answering: asyncio.Future[list[Answer]]) -> None:
        self.keys = keys
        self.answering = answering
        self.passengers = 0

    def answers(self) -> dict[bytes, Answer]:
        return dict(zip(self.keys, self.answering.result(), strict=True))


class Flights:
    """The computations under way, by key.

    Args:
        personal: Errors that are about the request that a flight is of, and no matter of others that
            want one of its keys: a wrong item beside theirs, a deadline before theirs.
        keep: Hears what was computed, once for each flight.
    """

    def __init__(
        self,
        personal: tuple[type[Exception], ...] = (),
        keep: Callable[[Mapping[bytes, Answer]], None] = lambda _: None,
    ) -> None:
        self._personal = personal
        self._keep = keep
        self._by_key: dict[bytes, _Flight] = {}

    def __len__(self) -> int:
        return len(self._by_key)

    def __contains__(self, key: bytes) -> bool:
        return key in self._by_key

    async def fetch(
        self, keys: Sequence[bytes], compute: Compute, seconds: float | None = None
    ) -> dict[bytes, Answer]:
        """Get the answers of keys, computing only those that nobody computes yet.

        Args:
            keys: The keys, each once.
            compute: Computes the answers of the keys it gets; its exception reaches all who wait and want
                every one of them, unless it is personal.
            seconds: How long to wait; None: until the answers are there.

        Raises:
            TimeoutError: They are not there in time.
            Exception: Whatever a computation raised, or its beginning.
        """
        ends = None if seconds is None else asyncio.get_running_loop().time() + seconds
        boarded = {self._by_key[key] for key in keys if key in self._by_key}
        own = [key for key in keys if key not in self._by_key]
        mine = self._depart(own, compute) if own else None
        await self._ride(boarded if mine is None else {*boarded, mine}, ends)
        answers: dict[bytes, Answer] = {}
        for flight in boarded:
            try:
                answers.update(flight.answers())
            except self._personal:
                continue
            except Exception:
                # It may be of a key that only others want. Requests that want all of them share it, so with a
                # model that always fails equal ones cost one computation, and others no more than alone.
                if set(keys).issuperset(flight.keys):
                    raise
        if mine is not None:
            answers.update(mine.answers())
        lost = [key for key in keys if key not in answers]
        if lost:
            again = self._depart(lost, compute)
            await self._ride({again}, ends)
            answers.update(again.answers())
        return answers

    async def _ride(self, flights: Collection[_Flight], ends: float | None) -> None:
        timeout = None if ends is None else max(0.0, ends - asyncio.get_running_loop().time())
        for flight in flights:
            flight.passengers += 1
        try:
            # `wait` leaves the flights alone when this request is cancelled, unlike `gather`.
            _, under_way = await asyncio.wait([flight.answering for flight in flights], timeout=timeout)
        finally:
            for flight in flights:
                flight.passengers -= 1
                if flight.passengers == 0 and not flight.answering.done():
                    # Nobody may board what is about to end.
                    self._forget(flight)
                    flight.answering.cancel()
        if under_way:
            raise TimeoutError

    def _depart(self, keys: Sequence[bytes], compute: Compute) -> _Flight:
        flight = _Flight(keys, compute(keys))
        for key in keys:
            self._by_key[key] = flight

        def landed(answering: asyncio.Future[list[Answer]]) -> None:
            self._forget(flight)
            # Asking for the exception marks it as seen, also when nobody waits any more.
            if not answering.cancelled() and answering.exception() is None:
                self._keep(flight.answers())

        flight.answering.add_done_callback(landed)
        return flight

    def _forget(self, flight: _Flight) -> None:
        for key in flight.keys:
            if self._by_key.get(key) is flight:
                del self._by_key[key]
