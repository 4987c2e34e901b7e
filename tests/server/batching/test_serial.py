import asyncio
import threading
from collections.abc import Sequence

import pytest

from modelyard_server.batching import QueueFullError, SerialBatcher
from modelyard_server.engines.base import EngineError
from modelyard_server.tasks.base import Answer, Item
from tests.server.conftest import eventually


def items(*values: str) -> list[Item]:
    return [Item(value) for value in values]


class Engine:
    """Answers each item with its own text; waits at the gate where there is one."""

    def __init__(self, closed: bool = False) -> None:
        self.batches: list[list[str]] = []
        self.threads: set[int] = set()
        self.gate = threading.Event()
        if not closed:
            self.gate.set()

    def __call__(self, batch: Sequence[Item]) -> list[Answer]:
        self.batches.append([item.value for item in batch])
        self.threads.add(threading.get_ident())
        assert self.gate.wait(30)
        if any(item.value == "bad" for item in batch):
            raise EngineError("bad item")
        return [Answer(item.value.encode()) for item in batch]


async def started(batcher: SerialBatcher, engine: Engine, *values: str) -> asyncio.Task[list[Answer]]:
    """A request that the engine works on, held at its gate."""
    task = asyncio.create_task(batcher.submit(items(*values)))
    await eventually(lambda: engine.batches, "the first runs")
    return task


async def test_answers_come_in_order_in_batches_off_the_event_loop() -> None:
    engine = Engine()
    batcher = SerialBatcher(engine, max_batch=2, max_queue=10)

    answers = await batcher.submit(items("a", "b", "c", "d", "e"))

    assert [answer.fragment for answer in answers] == [b"a", b"b", b"c", b"d", b"e"]
    assert engine.batches == [["a", "b"], ["c", "d"], ["e"]]
    assert len(engine.threads) == 1
    assert threading.get_ident() not in engine.threads
    await batcher.close()


async def test_a_failure_is_its_own_requests_alone() -> None:
    batcher = SerialBatcher(Engine(), max_batch=2, max_queue=10)

    failed, fine = await asyncio.gather(
        batcher.submit(items("bad")), batcher.submit(items("good")), return_exceptions=True
    )

    assert isinstance(failed, EngineError)
    assert fine == [Answer(b"good")]
    await batcher.close()


async def test_a_full_queue_refuses_and_room_takes_again() -> None:
    engine = Engine(closed=True)
    batcher = SerialBatcher(engine, max_batch=2, max_queue=3)
    running = await started(batcher, engine, "a")
    waiting = asyncio.create_task(batcher.submit(items("b", "c")))
    await eventually(lambda: batcher.waiting == 2, "the second waits")

    with pytest.raises(QueueFullError) as refused:
        await batcher.submit(items("d", "e"))
    assert refused.value.waiting == 2
    assert refused.value.retry_after >= 1
    last = asyncio.create_task(batcher.submit(items("d")))
    engine.gate.set()

    assert [answer.fragment for answer in await last] == [b"d"]
    await asyncio.gather(running, waiting)
    assert batcher.waiting == 0
    await batcher.close()


async def test_one_large_request_is_taken_while_nothing_waits() -> None:
    batcher = SerialBatcher(Engine(), max_batch=2, max_queue=3)

    assert len(await batcher.submit(items(*"abcdefg"))) == 7
    await batcher.close()


async def test_dropped_work_does_not_run() -> None:
    engine = Engine(closed=True)
    batcher = SerialBatcher(engine, max_batch=1, max_queue=10)
    running = await started(batcher, engine, "a", "b", "c")
    dropped = asyncio.create_task(batcher.submit(items("d")))
    await eventually(lambda: batcher.waiting == 1, "the second waits")
    dropped.cancel()
    running.cancel()
    await asyncio.gather(dropped, running, return_exceptions=True)
    assert batcher.waiting == 0
    engine.gate.set()

    assert await batcher.submit(items("e")) == [Answer(b"e")]
    assert engine.batches == [["a"], ["e"]]
    await batcher.close()


async def test_closing_fails_what_waits_and_what_comes() -> None:
    engine = Engine(closed=True)
    batcher = SerialBatcher(engine, max_batch=1, max_queue=10)
    running = await started(batcher, engine, "a")
    waiting = asyncio.create_task(batcher.submit(items("b")))
    await eventually(lambda: batcher.waiting == 1, "the second waits")
    closing = asyncio.create_task(batcher.close())
    await asyncio.sleep(0)
    engine.gate.set()
    await closing

    assert await running == [Answer(b"a")]
    for refused in (waiting, batcher.submit(items("c"))):
        with pytest.raises(EngineError, match="shutting down"):
            await refused
