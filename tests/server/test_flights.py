import asyncio
from collections.abc import Mapping, Sequence

import pytest

from modelyard_server.flights import Flights
from modelyard_server.tasks.base import Answer
from tests.server.conftest import eventually


class Work:
    """A computation that waits for its gate."""

    def __init__(self) -> None:
        self.calls: list[list[bytes]] = []
        self.cancelled = 0
        self.gate = asyncio.Event()
        self.error: Exception | None = None

    def __call__(self, keys: Sequence[bytes]) -> asyncio.Future[list[Answer]]:
        self.calls.append(list(keys))
        return asyncio.ensure_future(self._compute(keys))

    async def _compute(self, keys: Sequence[bytes]) -> list[Answer]:
        try:
            await self.gate.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        if self.error:
            raise self.error
        return [Answer(key) for key in keys]


async def test_a_key_that_is_under_way_is_not_computed_again() -> None:
    flights, work = Flights(), Work()
    first = asyncio.create_task(flights.fetch([b"a", b"b"], work))
    await eventually(lambda: work.calls, "the first departs")
    second = asyncio.create_task(flights.fetch([b"b", b"c"], work))
    await eventually(lambda: len(work.calls) == 2, "the second departs")
    work.gate.set()

    assert await first == {b"a": Answer(b"a"), b"b": Answer(b"b")}
    assert (await second)[b"b"] == Answer(b"b")
    assert work.calls == [[b"a", b"b"], [b"c"]]
    assert len(flights) == 0


async def test_a_flight_goes_on_while_one_waits_and_ends_when_all_have_gone() -> None:
    flights, work = Flights(), Work()
    first = asyncio.create_task(flights.fetch([b"a"], work))
    second = asyncio.create_task(flights.fetch([b"a"], work))
    await eventually(lambda: work.calls, "it departs")
    first.cancel()
    await asyncio.wait([first])
    assert work.cancelled == 0
    second.cancel()
    await asyncio.wait([second])
    await eventually(lambda: work.cancelled == 1, "the work is dropped")

    assert len(flights) == 0


async def test_nobody_boards_a_flight_that_ends() -> None:
    flights, work = Flights(), Work()
    first = asyncio.create_task(flights.fetch([b"a"], work))
    await eventually(lambda: work.calls, "it departs")
    first.cancel()
    await asyncio.wait([first])
    again = asyncio.create_task(flights.fetch([b"a"], work))
    work.gate.set()

    assert await again == {b"a": Answer(b"a")}


async def test_a_failure_reaches_all_who_wait_and_is_not_kept() -> None:
    flights, work = Flights(), Work()
    work.error = RuntimeError("no")
    first = asyncio.create_task(flights.fetch([b"a"], work))
    second = asyncio.create_task(flights.fetch([b"a"], work))
    work.gate.set()
    for waiting in (first, second):
        with pytest.raises(RuntimeError, match="no"):
            await waiting
    work.error = None

    assert await flights.fetch([b"a"], work) == {b"a": Answer(b"a")}


async def test_a_failure_is_shared_with_whom_it_would_meet_alone_too() -> None:
    flights, first_work, other_work = Flights(), Work(), Work()
    first_work.error = RuntimeError("of a or b")
    other_work.gate.set()
    first = asyncio.create_task(flights.fetch([b"a", b"b"], first_work))
    await eventually(lambda: first_work.calls, "it departs")
    equal = [asyncio.create_task(flights.fetch([b"b", b"a"], other_work)) for _ in range(10)]
    part = asyncio.create_task(flights.fetch([b"b"], other_work))
    whole = asyncio.create_task(flights.fetch([b"a", b"b", b"c"], other_work))
    await eventually(lambda: other_work.calls, "the last departs, for what nobody computes yet")
    first_work.gate.set()

    for waiting in (first, *equal, whole):
        with pytest.raises(RuntimeError, match="of a or b"):
            await waiting
    assert await part == {b"b": Answer(b"b")}
    assert other_work.calls == [[b"c"], [b"b"]]


async def test_where_everything_fails_nobody_tries_more_than_once_again() -> None:
    flights, work = Flights(), Work()
    work.error = RuntimeError("no")
    first = asyncio.create_task(flights.fetch([b"a", b"b"], work))
    await eventually(lambda: work.calls, "it departs")
    others = [asyncio.create_task(flights.fetch([b"b"], work)) for _ in range(10)]
    work.gate.set()
    outcomes = await asyncio.gather(first, *others, return_exceptions=True)

    assert all(isinstance(outcome, RuntimeError) for outcome in outcomes)
    assert len(work.calls) <= len(outcomes)
    assert len(flights) == 0


class WrongError(Exception):
    """About one request alone."""


async def test_what_is_wrong_with_one_request_is_no_matter_of_those_who_boarded() -> None:
    flights, first_work, second_work = Flights((WrongError,)), Work(), Work()
    first_work.error = WrongError()
    second_work.gate.set()
    first = asyncio.create_task(flights.fetch([b"a", b"b"], first_work))
    await eventually(lambda: first_work.calls, "the first departs")
    second = asyncio.create_task(flights.fetch([b"b", b"c"], second_work))
    await eventually(lambda: second_work.calls, "the second departs")
    first_work.gate.set()

    with pytest.raises(WrongError):
        await first
    assert await second == {b"b": Answer(b"b"), b"c": Answer(b"c")}
    assert second_work.calls == [[b"c"], [b"b"]]
    assert len(flights) == 0


async def test_who_waits_too_long_leaves_and_the_flight_goes_on() -> None:
    flights, work = Flights(), Work()
    first = asyncio.create_task(flights.fetch([b"a"], work))
    await eventually(lambda: work.calls, "it departs")
    with pytest.raises(TimeoutError):
        await flights.fetch([b"a"], work, seconds=0.01)
    work.gate.set()

    assert await first == {b"a": Answer(b"a")}


async def test_a_flight_ends_when_its_last_passenger_waited_too_long() -> None:
    flights, work = Flights(), Work()
    with pytest.raises(TimeoutError):
        await flights.fetch([b"a"], work, seconds=0.01)

    await eventually(lambda: work.cancelled == 1, "the work is dropped")
    assert len(flights) == 0


async def test_what_was_computed_is_kept_once_and_failures_are_not() -> None:
    kept: list[Mapping[bytes, Answer]] = []
    flights, work = Flights(keep=kept.append), Work()
    first = asyncio.create_task(flights.fetch([b"a"], work))
    second = asyncio.create_task(flights.fetch([b"a"], work))
    work.gate.set()
    await asyncio.gather(first, second)
    work.error = RuntimeError("no")
    with pytest.raises(RuntimeError):
        await flights.fetch([b"b"], work)

    assert kept == [{b"a": Answer(b"a")}]
