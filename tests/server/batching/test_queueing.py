"""What a dynamic batcher takes, refuses and drops while its engine is busy."""

import asyncio
import time
from collections.abc import Sequence

import pytest

from modelyard_server.batching import DeadlineExceededError, QueueFullError
from modelyard_server.batching.base import StageTimer
from modelyard_server.tasks.base import Answer, Prepared
from tests.server.batching.batcher import batching, begun, waits
from tests.server.batching.runner import Clock, EchoRunner, fragments, items
from tests.server.conftest import eventually


async def test_a_full_queue_refuses_and_room_takes_again() -> None:
    runner = EchoRunner(closed=True)
    async with batching(runner, max_queue=3) as batcher:
        first = await begun(batcher, runner, "a")
        waiting = asyncio.ensure_future(batcher.submit(items("b", "c")))
        await waits(batcher, 2)
        with pytest.raises(QueueFullError) as refused:
            await batcher.submit(items("d", "e"))
        assert refused.value.waiting == 2
        assert refused.value.retry_after >= 1
        last = asyncio.ensure_future(batcher.submit(items("d")))
        await waits(batcher, 3)
        runner.gate.set()

        assert fragments(await last) == ["d"]
        await asyncio.gather(first, waiting)
        assert batcher.waiting == 0


class SlowRunner(EchoRunner):
    """Takes 20 ms a batch."""

    def infer(self, batch: Sequence[Prepared], timer: StageTimer) -> list[Answer]:
        time.sleep(0.02)
        return super().infer(batch, timer)


async def test_retry_after_follows_the_throughput() -> None:
    runner = SlowRunner()
    async with batching(runner, max_batch=1) as batcher:
        await batcher.submit(items("a"))
        runner.gate.clear()
        many = asyncio.ensure_future(batcher.submit(items(*("x" * 202))))
        await waits(batcher, 200)  # one runs, and one stands behind it
        with pytest.raises(QueueFullError) as refused:
            await batcher.submit(items("b"))
        assert 4 <= refused.value.retry_after <= 30
        many.cancel()


async def test_one_large_request_is_taken_while_nothing_waits() -> None:
    async with batching(EchoRunner(), max_queue=3) as batcher:
        assert len(await batcher.submit(items(*"abcdefg"))) == 7


async def test_a_client_that_went_away_costs_no_inference() -> None:
    runner = EchoRunner(closed=True)
    async with batching(runner, max_batch=1) as batcher:
        running = await begun(batcher, runner, "a", "b", "c")
        dropped = asyncio.ensure_future(batcher.submit(items("d")))
        await eventually(lambda: ["d"] in runner.prepared, "it is prepared")
        dropped.cancel()
        running.cancel()
        await asyncio.gather(dropped, running, return_exceptions=True)
        assert batcher.waiting == 0
        runner.gate.set()

        assert fragments(await batcher.submit(items("e"))) == ["e"]
    assert runner.texts == [["a"], ["e"]]


async def test_what_is_past_its_deadline_is_dropped_in_the_queue() -> None:
    runner, clock = EchoRunner(closed=True), Clock()
    async with batching(runner, clock=clock) as batcher:
        first = await begun(batcher, runner, "a")
        late = asyncio.ensure_future(batcher.submit(items("b"), deadline=clock.now + 50))
        in_time = asyncio.ensure_future(batcher.submit(items("c"), deadline=clock.now + 150))
        await eventually(lambda: sum(map(len, runner.prepared)) == 3, "both are prepared")
        clock.now += 100
        runner.gate.set()
        with pytest.raises(DeadlineExceededError):
            await late

        assert fragments(await in_time) == ["c"]
        await first
        with pytest.raises(DeadlineExceededError):
            await batcher.submit(items("d"), deadline=clock.now)
    assert runner.texts == [["a"], ["c"]]


async def test_a_deadline_is_kept_while_the_engine_is_busy() -> None:
    runner = EchoRunner(closed=True)
    async with batching(runner) as batcher:
        first = await begun(batcher, runner, "a")
        with pytest.raises(DeadlineExceededError):
            await batcher.submit(items("b"), deadline=time.monotonic() + 0.01)
        assert batcher.waiting == 0
        runner.gate.set()
        await first
    assert runner.texts == [["a"]]
