"""However much comes, only so many bytes of it are held."""

import asyncio

import pytest

from modelyard_server.batching import DynamicBatcher, QueueFullError
from modelyard_server.batching.choice import BatchLimits
from modelyard_server.tasks.base import Item
from tests.server.batching.runner import Clock, EchoRunner, ManualExecutor, Recorder, Text, fragments

MB = 1_000_000


class Bench:
    """A batcher whose threads take a step when the test says so."""

    def __init__(
        self, runner: EchoRunner, *, items: int = 8, nbytes: int = 16 * MB, max_bytes: int = 100 * MB
    ):
        self.engine, self.pool = ManualExecutor(), ManualExecutor()
        self.batcher = DynamicBatcher(
            runner,
            limits=BatchLimits(items, nbytes=nbytes),
            max_queue=1000,
            max_bytes=max_bytes,
            metrics=Recorder(),
            clock=Clock(),
            engine=self.engine,
            pool=self.pool,
        )

    async def settle(self) -> None:
        for _ in range(5):
            await asyncio.sleep(0)

    async def finish(self) -> None:
        while self.engine.queue or self.pool.queue:
            for executor in (self.engine, self.pool):
                if executor.queue:
                    executor.step()
            await self.settle()


def pictures(count: int, *, held: int = MB, prepared: int = 5 * MB) -> list[Item]:
    return [Item(Text(str(index), nbytes=prepared), nbytes=held) for index in range(count)]


async def test_items_are_refused_when_those_under_way_hold_too_many_bytes() -> None:
    bench = Bench(EchoRunner())
    first = asyncio.ensure_future(bench.batcher.submit(pictures(60)))
    await bench.settle()

    with pytest.raises(QueueFullError) as caught:
        await bench.batcher.submit(pictures(41))
    assert caught.value.retry_after >= 1
    second = asyncio.ensure_future(bench.batcher.submit(pictures(40)))
    await bench.settle()
    with pytest.raises(QueueFullError):
        await bench.batcher.submit(pictures(1))

    await bench.finish()
    assert [len(answers) for answers in await asyncio.gather(first, second)] == [60, 40]
    # What is answered is held no longer, and one request alone may be larger.
    third = asyncio.ensure_future(bench.batcher.submit(pictures(150)))
    await bench.settle()
    await bench.finish()
    assert fragments(await third) == [str(index) for index in range(150)]


async def test_who_goes_away_holds_nothing() -> None:
    bench = Bench(EchoRunner())
    first = asyncio.ensure_future(bench.batcher.submit(pictures(100)))
    await bench.settle()
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)

    second = asyncio.ensure_future(bench.batcher.submit(pictures(100)))
    await bench.settle()
    await bench.finish()

    assert len(await second) == 100


async def test_only_some_batches_worth_of_bytes_are_prepared_ahead() -> None:
    runner = EchoRunner()
    # By number 32 items would be prepared ahead; by bytes 3 make a batch, and 4 batches 13 items.
    bench = Bench(runner, max_bytes=1000 * MB)
    task = asyncio.ensure_future(bench.batcher.submit(pictures(200)))
    await bench.settle()

    ahead = 0
    while bench.pool.queue or bench.engine.queue:
        while bench.pool.queue:
            bench.pool.step()
            await bench.settle()
        prepared = sum(map(len, runner.prepared))
        begun = 200 - bench.batcher.waiting
        ahead = max(ahead, prepared - begun)
        if bench.engine.queue:
            bench.engine.step()
            await bench.settle()

    assert fragments(await task) == [str(index) for index in range(200)]
    assert max(map(len, runner.batches)) == 3
    # The last of them are given to the pool before it is known that they are too many.
    assert ahead <= 13 + 8
