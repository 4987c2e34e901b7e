"""The batcher: items of different requests run together, and an idle engine never waits for company.

Whatever waits when the engine becomes free goes together, so batches grow with the load by themselves, as
with Triton's default delay of 0. While the engine is busy, what comes is prepared in a pool; a full batch
is handed over before the engine has finished the one before it, so that it does not wait for the event loop.
When nothing is under way a small request takes one hop: the engine's thread prepares it, too.

All state belongs to the event loop's thread; `batching.work` holds what the other threads do.
"""

import asyncio
import contextlib
import functools
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import TypeVar

from modelyard_server.batching.base import BatchMetrics, DeadlineExceededError, QueueFullError, Runner
from modelyard_server.batching.choice import BatchLimits, choose
from modelyard_server.batching.jobs import Job
from modelyard_server.batching.pace import Pace
from modelyard_server.batching.waiting import Waiting
from modelyard_server.batching.work import Preparation, Run, Straight, prepare, run, straight
from modelyard_server.tasks.base import Answer, Item

T = TypeVar("T")

DEFAULT_MAX_BYTES = 256 * 1024 * 1024
"""Most bytes of items under way: a quarter of the memory that a pod gets by default."""

# Preparing for longer than this holds the engine's thread up more than a hop to the pool costs.
_STRAIGHT_SECONDS = 0.002
# Work for one of the pool's threads at a time: long beside a hop, short beside a batch.
_CHUNK_SECONDS = 0.002
# Batches' worth of items or bytes prepared ahead; texts find neighbours of their size among them.
_AHEAD_BATCHES = 4
# One batch runs, and one waits for its end.
_HANDED_OVER = 2


class DynamicBatcher:
    """See `batching.base.Batcher`.

    Args:
        runner: The model.
        limits: What a batch may be.
        max_queue: Most items that wait; see `Waiting`.
        max_bytes: Most bytes of items under way.
        max_delay: Most seconds that an item waits, the engine being free, for others that are on the way.
        preparers: Threads that prepare items.
        threads: Threads that the engine uses, to tell its CPU-seconds.
        metrics: Hears what happens.
        arriving: How many requests the server works on that may submit soon.
        clock: Monotonic seconds.
        engine: Runs batches one after the other; None: a thread.
        pool: Prepares items; None: `preparers` threads.
    """

    def __init__(
        self,
        runner: Runner,
        *,
        limits: BatchLimits,
        max_queue: int,
        metrics: BatchMetrics,
        max_bytes: int = DEFAULT_MAX_BYTES,
        max_delay: float = 0.0,
        preparers: int = 1,
        threads: int = 1,
        arriving: Callable[[], int] = lambda: 0,
        clock: Callable[[], float] = time.monotonic,
        engine: Executor | None = None,
        pool: Executor | None = None,
    ) -> None:
        self._runner = runner
        self._limits = limits
        self._waiting = Waiting(max_queue, max_bytes)
        self._max_delay = max_delay
        self._metrics = metrics
        self._arriving = arriving
        self._clock = clock
        self._engine = engine or ThreadPoolExecutor(1, thread_name_prefix="inference")
        self._pool = pool or ThreadPoolExecutor(preparers, thread_name_prefix="prepare")
        self._preparing = 0
        self._handed_over = 0
        self._scheduled = False
        self._alarm: asyncio.TimerHandle | None = None
        self._settled: asyncio.Event | None = None
        self._pace = Pace(threads)

    @property
    def waiting(self) -> int:
        """How many items wait for the engine now."""
        return self._waiting.items

    def admit(self, count: int, nbytes: int) -> None:
        """See `Batcher.admit`."""
        if self._settled is not None or not self._waiting.has_room(count, nbytes):
            raise QueueFullError(self.waiting, self._pace.retry_after(self.waiting))

    def submit(self, items: Sequence[Item], deadline: float | None = None) -> asyncio.Future[list[Answer]]:
        """See `Batcher.submit`."""
        now = self._clock()
        if deadline is not None and deadline <= now:
            raise DeadlineExceededError
        nbytes = sum(item.nbytes for item in items)
        self.admit(len(items), nbytes)
        loop = asyncio.get_running_loop()
        future: asyncio.Future[list[Answer]] = loop.create_future()
        if not items:
            future.set_result([])
            return future
        job = Job(items, future, now, deadline)
        if deadline is not None:
            job.timer = loop.call_later(deadline - now, self._expire, job)
        self._waiting.add(job, nbytes)
        future.add_done_callback(functools.partial(self._over, job, nbytes))
        self._wake()
        return future

    async def close(self) -> None:
        """See `Batcher.close`."""
        if self._settled is None:
            self._settled = asyncio.Event()
        self._wake()
        await self._settled.wait()
        self._engine.shutdown(wait=True)
        self._pool.shutdown(wait=True)

    # --- what happens next --------------------------------------------------------------------------
    def _wake(self) -> None:
        # Requests that came with one look at the sockets are seen together.
        if not self._scheduled:
            self._scheduled = True
            asyncio.get_running_loop().call_soon(self._pump)

    def _pump(self) -> None:
        self._scheduled = False
        waiting = self._waiting
        idle = not (self._handed_over or waiting.ready or self._preparing)
        if not (idle and waiting.raw and self._go_straight()):
            self._feed()
            while waiting.ready and self._dispatch():
                pass
        if self._settled is not None and not (
            waiting.raw or waiting.ready or self._preparing or self._handed_over
        ):
            self._settled.set()

    def _go_straight(self) -> bool:
        """Give all that waits to the engine's thread, unprepared, if it is little."""
        if self._max_delay and self._settled is None and self._arriving() > 0:
            return False
        self._end_overdue([span.job for span in self._waiting.raw])
        items = sum(map(len, self._waiting.raw))
        if not items or items > self._limits.items or items * self._pace.prepare_seconds > _STRAIGHT_SECONDS:
            return False
        spans = self._waiting.take_raw(items)
        for span in spans:
            self._begin(span.job, len(span))
        self._hand_over(functools.partial(straight, self._runner, spans, self._limits), self._went_straight)
        return True

    def _feed(self) -> None:
        """Give raw items to the pool, as many as the engine will soon want."""
        chunk = self._limits.items
        if self._pace.prepare_seconds > 0:
            chunk = max(1, min(chunk, int(_CHUNK_SECONDS / self._pace.prepare_seconds)))
        waiting = self._waiting
        held = sum(entry.nbytes for entry in waiting.ready) if self._pace.prepared_bytes else 0
        while waiting.raw:
            if self._preparing and self._pace.prepare_seconds == 0:
                # How large items are once prepared is not known yet.
                return
            ahead = len(waiting.ready) + self._preparing
            nbytes = held + self._preparing * self._pace.prepared_bytes
            if ahead >= self._limits.items * _AHEAD_BATCHES or nbytes >= self._limits.nbytes * _AHEAD_BATCHES:
                return
            spans = waiting.take_raw(chunk)
            self._preparing += sum(map(len, spans))
            self._send(self._pool, functools.partial(prepare, self._runner, spans), self._prepared)

    def _dispatch(self) -> bool:
        """Hand a batch over, or end what is overdue; False: there is nothing to do for now."""
        ready = self._waiting.ready
        full = len(ready) >= self._limits.items
        if self._handed_over >= _HANDED_OVER or (self._handed_over and not full):
            return False
        chosen = choose(ready, self._limits)
        if self._end_overdue([ready[index].job for index in chosen]):
            return True
        # A batch that could still grow is not handed over early.
        full = len(chosen) >= self._limits.items
        if not full and (self._handed_over or self._waits_for_others()):
            return False
        batch = self._waiting.take_ready(chosen)
        for entry in batch:
            self._begin(entry.job, 1)
        self._hand_over(functools.partial(run, self._runner, batch), self._landed)
        return True

    def _waits_for_others(self) -> bool:
        if not self._max_delay or self._settled is not None:
            return False
        remaining = self._waiting.ready[0].job.since + self._max_delay - self._clock()
        if remaining <= 0 or not (self._preparing or self._waiting.raw or self._arriving() > 0):
            return False
        if self._alarm is None:
            self._alarm = asyncio.get_running_loop().call_later(remaining, self._rang)
        return True

    def _rang(self) -> None:
        self._alarm = None
        self._wake()

    # --- to the threads and back ----------------------------------------------------------------------
    def _hand_over(self, work: Callable[[], T], then: Callable[[T], None]) -> None:
        self._handed_over += 1
        self._send(self._engine, work, then)

    @staticmethod
    def _send(executor: Executor, work: Callable[[], T], then: Callable[[T], None]) -> None:
        loop = asyncio.get_running_loop()

        def done(future: Future[T]) -> None:
            # A loop that is closed has nobody who waits.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(then, future.result())

        executor.submit(work).add_done_callback(done)

    def _prepared(self, done: Preparation) -> None:
        self._preparing -= done.items
        self._take_in(done)
        self._waiting.ready += [entry for entry in done.entries if not entry.job.over]
        self._pump()

    def _went_straight(self, done: Straight) -> None:
        self._take_in(done.preparation)
        self._waiting.put_back(done.rest)
        self._landed(done.run or Run())

    def _landed(self, done: Run) -> None:
        self._handed_over -= 1
        for job, error in done.failures:
            self._fail(job, error)
        # The engine first: it is what everybody waits for.
        self._pump()
        for entry, answer in done.answered:
            job = entry.job
            job.answers[entry.index] = answer
            job.left -= 1
            if job.left == 0 and not job.over:
                job.future.set_result(job.answers)  # type: ignore[arg-type]  # no None is left
        self._learn(done)

    def _take_in(self, done: Preparation) -> None:
        for job, error in done.failures:
            self._fail(job, error)
        if done.entries:
            self._metrics.stage("decode", done.seconds)
            self._pace.prepared(done)

    def _learn(self, done: Run) -> None:
        for stage, seconds in done.stages:
            self._metrics.stage(stage, seconds)
        for items in done.batches:
            self._metrics.batch(items)
        if done.answered:
            self._pace.ran(done)
            self._metrics.cost(self._pace.cost)

    # --- jobs -------------------------------------------------------------------------------------------
    def _begin(self, job: Job, items: int) -> None:
        if job.begun == 0:
            self._metrics.stage("queue", self._clock() - job.since)
        self._waiting.begin(job, items)

    def _end_overdue(self, jobs: Iterable[Job]) -> bool:
        now = self._clock()
        overdue = {job for job in jobs if job.deadline is not None and job.deadline <= now}
        for job in overdue:
            self._fail(job, DeadlineExceededError())
        return bool(overdue)

    def _expire(self, job: Job) -> None:
        # What the engine has already is answered: giving it up would spare nothing.
        if job.begun < len(job.items):
            self._fail(job, DeadlineExceededError())

    def _fail(self, job: Job, error: Exception) -> None:
        if not job.over:
            job.future.set_exception(error)
        self._forget(job)

    def _over(self, job: Job, nbytes: int, _: asyncio.Future[list[Answer]]) -> None:
        self._waiting.nbytes -= nbytes
        if job.timer is not None:
            job.timer.cancel()
        self._forget(job)

    def _forget(self, job: Job) -> None:
        """Make the room of a job's waiting items free."""
        if self._waiting.forget(job) and self._settled is not None:
            self._wake()
