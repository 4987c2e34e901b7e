"""A dynamic batcher, and requests that its engine works on."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from modelyard_server.batching import DynamicBatcher
from modelyard_server.batching.choice import BatchLimits
from modelyard_server.tasks.base import Answer
from tests.server.batching.runner import EchoRunner, Recorder, items
from tests.server.conftest import eventually


@asynccontextmanager
async def batching(runner: EchoRunner, max_batch: int = 4, **options: Any) -> AsyncIterator[DynamicBatcher]:
    options = {"max_queue": 10, "metrics": Recorder(), **options}
    batcher = DynamicBatcher(runner, limits=BatchLimits(max_batch), **options)
    try:
        yield batcher
    finally:
        runner.gate.set()
        await batcher.close()


async def begun(batcher: DynamicBatcher, runner: EchoRunner, *texts: str) -> asyncio.Future[list[Answer]]:
    """A request that the engine works on, held at its gate."""
    before = len(runner.batches)
    task = asyncio.ensure_future(batcher.submit(items(*texts)))
    await eventually(lambda: len(runner.batches) > before, "it runs")
    return task


async def waits(batcher: DynamicBatcher, count: int) -> None:
    await eventually(lambda: batcher.waiting == count, f"{count} items wait")
