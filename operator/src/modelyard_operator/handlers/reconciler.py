"""The workers: a key from the queue, gather, plan, execute."""

import asyncio
from collections.abc import Callable
from datetime import datetime

import aiohttp
import structlog

from modelyard_operator.api.status import Phase
from modelyard_operator.approval.reader import GuardReader
from modelyard_operator.handlers import metrics
from modelyard_operator.kube.caches import Caches
from modelyard_operator.kube.errors import ApiError
from modelyard_operator.kube.objects import Key
from modelyard_operator.kube.queue import WorkQueue
from modelyard_operator.reconcile.execute import Executor
from modelyard_operator.reconcile.gather import gather
from modelyard_operator.reconcile.memory import Memories
from modelyard_operator.reconcile.model import Observed, Plan
from modelyard_operator.resources.context import Defaults

log = structlog.get_logger(__name__)


class Reconciler:
    """Works off the queue."""

    def __init__(
        self,
        queue: WorkQueue[Key],
        caches: Caches,
        executor: Executor,
        defaults: Defaults,
        plan: Callable[[Observed, datetime], Plan],
        *,
        guards: GuardReader,
        clock: Callable[[], float],
        now: Callable[[], datetime],
    ) -> None:
        """A reconciler without workers.

        Args:
            queue: resources that want work.
            caches: what is known of them.
            executor: carries out plans.
            defaults: what the operator fills in.
            plan: makes plans.
            guards: knows whether approvals may be believed.
            clock: monotonic seconds.
            now: wall clock, timezone-aware UTC.
        """
        self._queue = queue
        self._caches = caches
        self._executor = executor
        self._defaults = defaults
        self._plan = plan
        self._guards = guards
        self._clock = clock
        self._now = now
        self._memories = Memories()
        self._stopping = asyncio.Event()

    async def run(self, workers: int) -> None:
        """Work until `stop`, or until cancelled."""
        async with asyncio.TaskGroup() as group:
            for number in range(workers):
                group.create_task(self._work(), name=f"worker {number}")

    def stop(self) -> None:
        """Let every worker finish the resource that it has, and end."""
        self._stopping.set()

    async def _work(self) -> None:
        stopping = asyncio.create_task(self._stopping.wait())
        try:
            while not self._stopping.is_set():
                getting = asyncio.create_task(self._queue.get())
                try:
                    await asyncio.wait({getting, stopping}, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    if not getting.done():
                        getting.cancel()
                if getting.done() and not getting.cancelled():
                    await self._pass(*getting.result())
        finally:
            stopping.cancel()

    async def _pass(self, key: Key, since: float) -> None:
        began = self._clock()
        with structlog.contextvars.bound_contextvars(namespace=key.namespace, name=key.name):
            try:
                outcome = await self._reconcile(key)
            except (ApiError, aiohttp.ClientError, TimeoutError, OSError) as error:
                outcome = "retry"
                pause = self._queue.retry(key)
                log.warning("pass broken off", error=repr(error), again_in=round(pause, 1))
            except Exception:
                outcome = "error"
                pause = self._queue.retry(key)
                log.exception("pass failed", again_in=round(pause, 1))
            finally:
                self._queue.done(key)
        ended = self._clock()
        metrics.RECONCILES.labels(outcome).inc()
        metrics.RECONCILE_SECONDS.observe(ended - began)
        metrics.EVENT_TO_DONE_SECONDS.observe(ended - since)

    async def _reconcile(self, key: Key) -> str:
        gathered = gather(key, self._caches, self._memories, self._defaults, self._guards.guards)
        if gathered is None:
            self._queue.forget(key)
            return "gone"
        began = self._clock()
        plan = self._plan(gathered.observed, self._now())
        metrics.PLAN_SECONDS.observe(self._clock() - began)
        outcome = await self._executor.execute(gathered, plan)
        if plan.status.rollout.phase is Phase.AWAITING_APPROVAL:
            self._guards.keep(key)
        self._queue.forget(key)
        if outcome.again_in is not None:
            self._queue.add_after(key, outcome.again_in)
        return outcome.word
