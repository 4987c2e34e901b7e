import asyncio
import threading
from collections.abc import Callable

import pytest

from modelyard_server.batching import QueueFullError
from modelyard_server.engines.base import EngineError
from modelyard_server.tasks.base import InvalidItemError, Item
from tests.server.batching.batcher import batching, begun, waits
from tests.server.batching.runner import Clock, EchoRunner, ManualExecutor, Recorder, Text, fragments, items
from tests.server.conftest import eventually


async def test_answers_come_in_order_off_the_event_loop() -> None:
    runner = EchoRunner()
    async with batching(runner) as batcher:
        assert fragments(await batcher.submit(items(*"abcdefghij"))) == list("abcdefghij")

    assert sorted(text for batch in runner.texts for text in batch) == list("abcdefghij")
    assert max(map(len, runner.texts)) == 4
    assert threading.get_ident() not in runner.threads["infer"] | runner.threads["prepare"]
    assert len(runner.threads["infer"]) == 1


async def test_a_small_request_to_an_idle_engine_takes_one_hop() -> None:
    runner = EchoRunner()
    async with batching(runner, max_delay=60.0) as batcher:
        assert fragments(await batcher.submit(items("a", "b"))) == ["a", "b"]

    assert runner.threads["prepare"] == runner.threads["infer"]
    assert runner.texts == [["a", "b"]]


async def test_what_comes_while_the_engine_is_busy_is_prepared_meanwhile_and_goes_together() -> None:
    runner, recorder = EchoRunner(closed=True), Recorder()
    async with batching(runner, metrics=recorder) as batcher:
        first = await begun(batcher, runner, "a")
        others = [asyncio.ensure_future(batcher.submit(items(text))) for text in "bcd"]
        await eventually(lambda: sum(map(len, runner.prepared)) == 4, "all are prepared")
        assert batcher.waiting == 3
        runner.gate.set()

        assert fragments(await first) == ["a"]
        assert [fragments(await other) for other in others] == [["b"], ["c"], ["d"]]
    assert runner.texts == [["a"], ["b", "c", "d"]]
    assert recorder.batches == [1, 3]
    assert recorder.stages.count("queue") == 4
    assert {"decode", "batch", "inference", "postprocess"} <= set(recorder.stages)
    assert recorder.costs[-1] > 0


async def test_requests_that_come_at_once_go_together() -> None:
    runner = EchoRunner()
    async with batching(runner) as batcher:
        await asyncio.gather(*(batcher.submit(items(text)) for text in "abc"))

    assert runner.texts == [["a", "b", "c"]]


async def test_a_full_batch_does_not_wait_for_the_event_loop() -> None:
    """It stands behind the one that runs, so that the engine has no gap."""
    runner, engine, pool = EchoRunner(), ManualExecutor(), ManualExecutor()
    async with batching(runner, max_batch=2, engine=engine, pool=pool) as batcher:
        tasks = [asyncio.ensure_future(batcher.submit(items(text))) for text in "a"]
        await eventually(lambda: engine.queue, "the first is handed over")
        tasks += [asyncio.ensure_future(batcher.submit(items(text))) for text in "bcd"]
        await eventually(lambda: pool.queue, "the others are to be prepared")
        while pool.queue:
            pool.step()
            await asyncio.sleep(0)
        await eventually(lambda: len(engine.queue) == 2, "a full batch is handed over")
        assert batcher.waiting == 1
        while engine.queue:
            engine.step()
            await asyncio.sleep(0)
        await asyncio.gather(*tasks)
    assert runner.texts == [["a"], ["b", "c"], ["d"]]


async def test_a_wrong_item_fails_its_own_request_alone() -> None:
    runner = EchoRunner(closed=True)
    async with batching(runner) as batcher:
        first = await begun(batcher, runner, "a")
        wrong = asyncio.ensure_future(batcher.submit([Item(Text("b")), Item(Text("c", wrong=True))]))
        fine = asyncio.ensure_future(batcher.submit(items("d")))
        with pytest.raises(InvalidItemError) as caught:
            await wrong
        runner.gate.set()

        assert (caught.value.index, caught.value.msg, caught.value.kind) == (1, "c is wrong", "test")
        assert fragments(await fine) == ["d"]
        await first
    assert runner.texts == [["a"], ["d"]]


async def test_a_wrong_items_index_counts_from_the_requests_start() -> None:
    texts = [Text(str(index), wrong=index == 9) for index in range(12)]
    async with batching(EchoRunner()) as batcher:
        with pytest.raises(InvalidItemError) as caught:
            await batcher.submit([Item(text) for text in texts])

    assert caught.value.index == 9


async def test_an_item_that_the_engine_fails_on_fails_its_own_request_alone() -> None:
    runner = EchoRunner(closed=True)
    async with batching(runner) as batcher:
        first = await begun(batcher, runner, "a")
        fatal = asyncio.ensure_future(batcher.submit([Item(Text("b", fatal=True))]))
        fine = asyncio.ensure_future(batcher.submit(items("c")))
        await eventually(lambda: sum(map(len, runner.prepared)) == 3, "both are prepared")
        runner.gate.set()
        with pytest.raises(EngineError, match="fatal"):
            await fatal

        assert fragments(await fine) == ["c"]
        await first
    assert runner.texts == [["a"], ["b", "c"], ["b"], ["c"]]


async def test_closing_answers_what_waits_and_refuses_what_comes() -> None:
    runner = EchoRunner(closed=True)
    async with batching(runner, max_batch=1, max_delay=60.0, arriving=lambda: 1) as batcher:
        tasks = [asyncio.ensure_future(batcher.submit(items(*texts))) for texts in ("a", "bcd", "e")]
        await waits(batcher, 3)  # one runs, and one stands behind it
        closing = asyncio.create_task(batcher.close())
        await asyncio.sleep(0)
        with pytest.raises(QueueFullError):
            await batcher.submit(items("f"))
        assert not closing.done()
        runner.gate.set()
        await closing

        assert [fragments(task.result()) for task in tasks] == [["a"], ["b", "c", "d"], ["e"]]


async def test_closing_with_nobody_left_ends() -> None:
    runner = EchoRunner(closed=True)
    async with batching(runner) as batcher:
        first = await begun(batcher, runner, "a")
        waiting = asyncio.ensure_future(batcher.submit(items("b")))
        await waits(batcher, 1)
        closing = asyncio.create_task(batcher.close())
        waiting.cancel()
        first.cancel()
        await asyncio.sleep(0)
        assert not closing.done()
        runner.gate.set()
        await closing
    assert runner.texts == [["a"]]


def others(count: int) -> Callable[[], int]:
    return lambda: count


async def test_a_free_engine_waits_for_those_on_the_way_until_the_delay_is_over() -> None:
    runner, clock = EchoRunner(), Clock()
    async with batching(runner, max_delay=0.05, arriving=others(1)) as batcher:
        first = asyncio.ensure_future(batcher.submit(items("a")))
        await eventually(lambda: runner.prepared, "it is prepared")
        second = asyncio.ensure_future(batcher.submit(items("b")))
        await asyncio.gather(first, second)
        assert runner.texts == [["a", "b"]]

        await batcher.submit(items("c"))  # nobody comes: it goes when the delay is over
    assert runner.texts[-1] == ["c"]
    assert clock.now == 1000.0


async def test_a_full_batch_waits_for_nobody() -> None:
    runner = EchoRunner()
    async with batching(runner, max_batch=2, max_delay=60.0, arriving=others(1)) as batcher:
        await asyncio.gather(batcher.submit(items("a")), batcher.submit(items("b")))

    assert runner.texts == [["a", "b"]]


async def test_only_as_many_items_are_prepared_ahead_as_the_engine_will_soon_want() -> None:
    """Prepared pictures are large: a long queue holds them as they came."""
    runner = EchoRunner(closed=True)
    async with batching(runner, max_batch=2, max_queue=1000) as batcher:
        first = await begun(batcher, runner, "a")
        many = asyncio.ensure_future(batcher.submit(items(*("x" * 500))))
        await waits(batcher, 500 - 2)
        await eventually(lambda: sum(map(len, runner.prepared)) >= 9, "some are prepared")
        await asyncio.sleep(0)
        assert sum(map(len, runner.prepared)) <= 1 + 2 + 8 + 2
        runner.gate.set()

        assert len(await many) == 500
        await first
