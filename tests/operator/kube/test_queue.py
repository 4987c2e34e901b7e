"""The work queue's promises."""

import asyncio
from random import Random

import pytest

from modelyard_operator.kube.queue import TURN, WorkQueue


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


class NoJitter(Random):
    def uniform(self, a: float, b: float) -> float:
        return (a + b) / 2


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def queue(clock: Clock) -> WorkQueue[str]:
    return WorkQueue(NoJitter(), clock, first_backoff=0.01, last_backoff=0.04)


async def test_a_key_is_given_out_once(queue: WorkQueue[str]) -> None:
    queue.add("a")
    queue.add("a")
    queue.add("b")
    assert queue.depth == 2
    assert [(await queue.get())[0], (await queue.get())[0]] == ["a", "b"]
    assert queue.depth == 0


async def test_never_at_two_workers(queue: WorkQueue[str]) -> None:
    queue.add("a")
    await queue.get()
    queue.add("a")
    second = asyncio.create_task(queue.get())
    await asyncio.sleep(0)
    assert not second.done()
    queue.done("a")
    assert (await second)[0] == "a"


async def test_says_since_when(queue: WorkQueue[str], clock: Clock) -> None:
    queue.add("a")
    clock.now += 3
    queue.add("a")
    assert queue.longest_waiting == 3
    assert await queue.get() == ("a", 100.0)
    clock.now += 4
    assert queue.longest_running == 4
    assert queue.longest_waiting == 0
    queue.done("a")
    assert queue.longest_running == 0


async def test_later(queue: WorkQueue[str]) -> None:
    queue.add_after("a", 0.01)
    queue.add_after("b", 0)
    assert (await queue.get())[0] == "b"
    assert (await queue.get())[0] == "a"


async def test_the_earliest_time_counts(queue: WorkQueue[str]) -> None:
    queue.add_after("a", 3600)
    queue.add_after("a", 0.01)
    queue.add_after("a", 7200)
    assert (await queue.get())[0] == "a"
    queue.done("a")


async def test_work_makes_an_older_time_moot(queue: WorkQueue[str]) -> None:
    queue.add_after("a", 0.01)
    queue.add("a")
    await queue.get()
    queue.done("a")
    queue.add_after("b", 0.03)
    assert (await queue.get())[0] == "b"
    assert queue.depth == 0


async def test_what_is_due_goes_before_what_only_happened(queue: WorkQueue[str]) -> None:
    queue.add_after("due", 0.01)
    for key in ("a", "b"):
        queue.add(key)
    assert not queue.is_late
    await asyncio.sleep(0.02)
    assert queue.is_late
    assert [(await queue.get())[0] for _ in range(3)] == ["due", "a", "b"]
    assert not queue.is_late


async def test_what_waits_already_goes_first_once_it_is_due(queue: WorkQueue[str]) -> None:
    queue.add("a")
    queue.add_after("b", 0.01)
    queue.add("b")
    await asyncio.sleep(0.02)
    assert queue.depth == 2
    assert [(await queue.get())[0] for _ in range(2)] == ["b", "a"]
    assert queue.depth == 0


async def test_what_only_happened_has_its_turn(queue: WorkQueue[str]) -> None:
    for n in range(20):
        queue.add_after(f"due {n:02}", 0.001)
    for key in "ab":
        queue.add(key)
    await asyncio.sleep(0.02)
    got = [(await queue.get())[0] for _ in range(22)]
    assert (got.index("a"), got.index("b")) == (TURN - 1, 2 * TURN - 1)


async def test_a_back_off_is_no_time_to_keep(queue: WorkQueue[str]) -> None:
    queue.retry("b")
    queue.add("a")
    await asyncio.sleep(0.03)
    assert [(await queue.get())[0] for _ in range(2)] == ["a", "b"]


async def test_back_off_doubles_and_is_forgotten(queue: WorkQueue[str]) -> None:
    pauses = [queue.retry("a") for _ in range(4)]
    assert pauses == pytest.approx([0.01, 0.02, 0.04, 0.04])
    queue.forget("a")
    assert queue.retry("a") == pytest.approx(0.01)


async def test_back_off_is_spread() -> None:
    queue: WorkQueue[str] = WorkQueue(Random(7), lambda: 0.0)
    assert len({queue.retry(key) for key in "abcdef"}) == 6


async def test_a_cancelled_wait_loses_nothing(queue: WorkQueue[str]) -> None:
    first, second = asyncio.create_task(queue.get()), asyncio.create_task(queue.get())
    await asyncio.sleep(0)
    queue.add("a")
    first.cancel()
    assert (await second)[0] == "a"
    assert first.cancelled()


async def test_many_workers_share_many_keys(queue: WorkQueue[str]) -> None:
    at_work: set[str] = set()
    seen: list[str] = []

    async def work() -> None:
        while len(seen) < 300:
            key, _ = await queue.get()
            assert key not in at_work
            at_work.add(key)
            await asyncio.sleep(0)
            seen.append(key)
            at_work.discard(key)
            queue.done(key)
            if len(seen) < 300:
                queue.add(key)

    for number in range(20):
        queue.add(str(number))
    workers = [asyncio.create_task(work()) for _ in range(4)]
    await asyncio.wait(workers, return_when=asyncio.FIRST_COMPLETED)
    for worker in workers:
        worker.cancel()
    assert {seen.count(str(n)) for n in range(20)} <= {15, 16}
