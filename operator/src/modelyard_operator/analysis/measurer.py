"""Measures candidates in the background, and says what it makes of each interval.

A plan asks for it, pass after pass, for as long as a rollout runs; a measurement that is asked for no more
ends. The verdict lands in memory and the resource is looked at again; nothing here holds up a pass.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import ceil
from typing import Protocol

import structlog

from modelyard_operator.analysis import metrics
from modelyard_operator.analysis.case import Answer, Case, Reply, Unknown
from modelyard_operator.analysis.judge import judge
from modelyard_operator.analysis.measure import DEFAULT_INTERVAL, Measure
from modelyard_operator.analysis.sources.base import Look
from modelyard_operator.analysis.sources.pods import Pods
from modelyard_operator.analysis.sources.prometheus import Asker, PrometheusApi, filled
from modelyard_operator.analysis.sources.webhooks import About, Webhooks
from modelyard_operator.analysis.verdict import Analysis, Result, Verdict
from modelyard_operator.analysis.window import Window, blind
from modelyard_operator.api.analysis import AnalysisSpec
from modelyard_operator.api.base import seconds
from modelyard_operator.kube.objects import Key

log = structlog.get_logger(__name__)

LOOK_SECONDS = 10.0
"""Counters are looked at so often within an interval, at least: a pod that vanishes takes no more along."""
PATIENCE_SECONDS = 120.0
"""A measurement that no plan has asked for in this time ends."""


class Sink(Protocol):
    """Where verdicts land: the memory of a resource."""

    analysis: Analysis | None


@dataclass(slots=True)
class _Watch:
    measure: Measure
    sink: Sink
    renewed_at: float
    """When a plan asked for it last, by the monotonic clock."""
    task: asyncio.Task[None] | None = field(default=None, repr=False)

    @property
    def is_alive(self) -> bool:
        """Whether it still measures."""
        return self.task is not None and not self.task.done()


class Measurer:
    """Measures candidates."""

    def __init__(
        self,
        pods: Pods,
        prometheus: PrometheusApi,
        webhooks: Webhooks,
        changed: Callable[[Key], None],
        *,
        clock: Callable[[], float],
        now: Callable[[], datetime],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """One for all rollouts.

        Args:
            pods: source of numbers where no Prometheus is named.
            prometheus: source of numbers, and of queries.
            webhooks: asks services.
            changed: called with each resource that has a new verdict.
            clock: monotonic seconds.
            now: wall clock, timezone-aware UTC.
            sleep: waits.
        """
        self._pods = pods
        self._prometheus = prometheus
        self._webhooks = webhooks
        self._changed = changed
        self._clock = clock
        self._now = now
        self._sleep = sleep
        self._watches: dict[Key, _Watch] = {}

    @property
    def pending(self) -> int:
        """Rollouts that are measured."""
        return len(self._watches)

    def measure(self, key: Key, sink: Sink, measure: Measure | None) -> None:
        """Go on measuring what a plan asks for; None: it asks for nothing.

        Args:
            key: of the resource.
            sink: its memory. What it holds of another step or candidate is cleared.
            measure: what is asked for.
        """
        watch = self._watches.get(key)
        if (
            watch is not None
            and measure is not None
            and watch.is_alive
            and watch.sink is sink
            and watch.measure.identity == measure.identity
        ):
            watch.measure, watch.renewed_at = measure, self._clock()
            return
        if watch is not None:
            self._end(key, watch)
        if measure is None:
            return
        sink.analysis = None
        watch = self._watches[key] = _Watch(measure, sink, self._clock())
        metrics.MEASURED.set(len(self._watches))
        watch.task = asyncio.create_task(self._run(key, watch), name=f"measure {key.namespace}/{key.name}")

    async def close(self) -> None:
        """Give up what is under way."""
        tasks = [watch.task for watch in self._watches.values() if watch.task is not None]
        for key, watch in list(self._watches.items()):
            self._end(key, watch)
        await asyncio.gather(*tasks, return_exceptions=True)

    def _end(self, key: Key, watch: _Watch) -> None:
        del self._watches[key]
        metrics.MEASURED.set(len(self._watches))
        watch.sink.analysis = None
        if watch.task is not None:
            watch.task.cancel()

    async def _run(self, key: Key, watch: _Watch) -> None:
        # Durations follow the monotonic clock, so that a wall clock that jumps bends no window.
        epoch, start = self._now(), self._clock()
        window = Window(epoch)
        trouble = (await self._look(key, watch, window, epoch)).trouble
        due = self._clock()
        while True:
            interval = _interval(watch.measure.spec)
            looks = max(1, ceil(interval / LOOK_SECONDS))
            for _ in range(looks):
                due = max(due + interval / looks, self._clock())
                await self._sleep(max(0.0, due - self._clock()))
                at = epoch + timedelta(seconds=self._clock() - start)
                trouble = (await self._look(key, watch, window, at)).trouble
            found = await self._verdict(key, watch.measure, window, at, trouble)
            if self._clock() - watch.renewed_at > max(PATIENCE_SECONDS, 3 * interval):
                # Each verdict has the resource looked at, so somebody would have asked: it is gone.
                log.info("measurement ends: nobody asks for it", **key._asdict())
                self._end(key, watch)
                return
            watch.sink.analysis = found
            if watch.measure.spec is not None:
                metrics.ANALYSES.labels(found.verdict.value).inc()
            if found.verdict in (Verdict.PASS, Verdict.FAIL) or watch.measure.spec is None:
                window.decided(at)
            else:
                window.go_on(at)
            log.info(
                "candidate analysed",
                **key._asdict(),
                candidate=watch.measure.candidate,
                verdict=found.verdict.value,
                requests=dict(found.requests),
                cause=found.cause,
            )
            self._changed(key)

    async def _look(self, key: Key, watch: _Watch, window: Window, at: datetime) -> Look:
        measure, spec = watch.measure, watch.measure.spec
        began = self._clock()
        source = "prometheus" if spec is not None and spec.prometheus is not None else "pods"
        try:
            if not measure.pods:
                look = Look()
            elif spec is not None and spec.prometheus is not None:
                asker = Asker(key.namespace, key.name, spec.prometheus)
                look = await self._prometheus.look(asker, measure.pods, measure.pair)
            else:
                look = await self._pods.look(measure.pods, measure.pair)
        except Exception as error:
            # Whatever it is, the rollout holds, and says why.
            log.exception("look failed", **key._asdict())
            look = Look(trouble=f"the counters could not be read: {error!r}")
        metrics.LOOK_SECONDS.labels(source).observe(self._clock() - began)
        window.add(measure.pods, look.readings, at)
        return look

    async def _verdict(
        self, key: Key, measure: Measure, window: Window, at: datetime, trouble: str | None
    ) -> Analysis:
        try:
            return await self._judge(key, measure, window, at, trouble)
        except Exception as error:
            # Whatever it is, the rollout holds, and says why. Its own words may hold what a Secret does.
            log.exception("analysis failed", **key._asdict())
            words = f"the analysis could not be made ({type(error).__name__}): see the operator's log"
            failed = Result("analysis", Verdict.INCONCLUSIVE, None, None, words)
            return Analysis.of(self._now(), window.seconds(at), (failed,))

    async def _judge(
        self, key: Key, measure: Measure, window: Window, at: datetime, trouble: str | None
    ) -> Analysis:
        counts, length = window.counts(), window.seconds(at)
        if measure.spec is None:
            requests = {revision: each.answered for revision, each in counts.items()}
            return Analysis.of(self._now(), length, (), requests)
        queries, webhooks = await asyncio.gather(
            self._queries(key, measure, measure.spec), self._hooks(key, measure, measure.spec)
        )
        case = Case(
            spec=measure.spec,
            candidate=measure.candidate,
            stable=measure.stable,
            counts=counts,
            shadowed=measure.shadowed,
            cpu_limit=measure.cpu_limit,
            trouble=_blindness(measure, window, trouble),
            queries=queries,
            webhooks=webhooks,
            jobs=measure.jobs,
            seconds=length,
            measured=window.measured(at),
        )
        # Stamped as others see the time: how fresh a verdict is, is judged by it.
        return judge(case, self._now(), length)

    async def _queries(self, key: Key, measure: Measure, spec: AnalysisSpec) -> dict[str, Answer]:
        prometheus = spec.prometheus
        if prometheus is None:
            words = "there is no Prometheus to ask: write its address as rollout.analysis.prometheus.address"
            return {query.name: Unknown(words) for query in spec.queries}
        values = {
            "candidate": measure.candidate,
            "stable": measure.stable or "",
            "namespace": key.namespace,
            "name": key.name,
            "interval": f"{seconds(spec.interval):.0f}s",
        }
        asker = Asker(key.namespace, key.name, prometheus)
        asked = (self._prometheus.query(asker, filled(query.promql, values)) for query in spec.queries)
        return dict(zip((query.name for query in spec.queries), await asyncio.gather(*asked), strict=True))

    async def _hooks(self, key: Key, measure: Measure, spec: AnalysisSpec) -> dict[str, Reply | Unknown]:
        about = About(key.namespace, key.name, measure.phase, measure.candidate)
        asked = (self._webhooks.ask(webhook, about) for webhook in spec.webhooks)
        return dict(zip((hook.name for hook in spec.webhooks), await asyncio.gather(*asked), strict=True))


def _interval(spec: AnalysisSpec | None) -> float:
    return DEFAULT_INTERVAL if spec is None else max(1.0, seconds(spec.interval))


def _blindness(measure: Measure, window: Window, trouble: str | None) -> str | None:
    """Why the numbers at the window's end do not speak for all pods, if so."""
    for revision in filter(None, (measure.candidate, measure.stable)):
        unread = window.unread.get(revision, (0, 0))
        if blind(unread):
            missing, of = unread
            words = f"{missing} of {of} pods of revision {revision} gave no numbers"
            return f"{words} ({trouble})" if trouble else words
    return trouble if not measure.pods else None
