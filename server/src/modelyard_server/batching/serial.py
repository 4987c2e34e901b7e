"""The simplest batcher: one request after the other, each cut into batches, in a thread of its own."""

import asyncio
import math
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from modelyard_server.batching.base import QueueFullError, RunBatch
from modelyard_server.engines.base import EngineError
from modelyard_server.tasks.base import Answer, Item

# Weight of the newest batch in the moving average of seconds an item.
_SMOOTHING = 0.2
_LONGEST_RETRY = 30


@dataclass(slots=True, eq=False)
class _Job:
    items: Sequence[Item]
    future: asyncio.Future[list[Answer]]


class SerialBatcher:
    """Runs jobs in order; the event loop never waits for the engine.

    Args:
        run_batch: Answers one batch; called from one thread at a time.
        max_batch: Most items that it gets at once.
        max_queue: Most items that wait. A single job may be larger while nothing else waits.
        clock: Monotonic seconds.
    """

    def __init__(
        self,
        run_batch: RunBatch,
        *,
        max_batch: int,
        max_queue: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._run_batch = run_batch
        self._max_batch = max_batch
        self._max_queue = max_queue
        self._clock = clock
        self._jobs: deque[_Job] = deque()
        self._waiting = 0
        self._seconds_per_item = 0.0
        self._runner: asyncio.Task[None] | None = None
        self._closed = False
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="inference")

    @property
    def waiting(self) -> int:
        """How many items wait for the engine now."""
        return self._waiting

    async def submit(self, items: Sequence[Item]) -> list[Answer]:
        """See `Batcher.submit`."""
        if self._closed:
            raise EngineError("the server is shutting down")
        if self._waiting and self._waiting + len(items) > self._max_queue:
            raise QueueFullError(self._waiting, self._retry_after())
        job = _Job(items, asyncio.get_running_loop().create_future())
        self._jobs.append(job)
        self._waiting += len(items)
        if self._runner is None:
            self._runner = asyncio.create_task(self._drain())
        try:
            return await job.future
        except asyncio.CancelledError:
            job.future.cancel()
            # A dropped job makes room at once; the one that runs is no longer in the queue.
            if job in self._jobs:
                self._jobs.remove(job)
                self._waiting -= len(items)
            raise

    async def close(self) -> None:
        """See `Batcher.close`."""
        self._closed = True
        while self._jobs:
            job = self._jobs.popleft()
            if not job.future.done():
                job.future.set_exception(EngineError("the server is shutting down"))
        self._waiting = 0
        if self._runner is not None:
            await self._runner
        self._executor.shutdown(wait=True)

    async def _drain(self) -> None:
        while self._jobs:
            job = self._jobs.popleft()
            self._waiting -= len(job.items)
            await self._run(job)
        self._runner = None

    async def _run(self, job: _Job) -> None:
        loop = asyncio.get_running_loop()
        answers: list[Answer] = []
        try:
            for start in range(0, len(job.items), self._max_batch):
                if job.future.done():
                    return
                batch = job.items[start : start + self._max_batch]
                began = self._clock()
                answers += await loop.run_in_executor(self._executor, self._run_batch, batch)
                self._learn((self._clock() - began) / len(batch))
        except Exception as error:  # whatever the engine or task raised belongs to this job alone
            if not job.future.done():
                job.future.set_exception(error)
        else:
            if not job.future.done():
                job.future.set_result(answers)

    def _learn(self, seconds: float) -> None:
        known = self._seconds_per_item
        self._seconds_per_item = seconds if known == 0 else known + _SMOOTHING * (seconds - known)

    def _retry_after(self) -> int:
        return max(1, min(_LONGEST_RETRY, math.ceil(self._waiting * self._seconds_per_item)))
