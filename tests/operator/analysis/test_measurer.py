"""The measurer: real pods, short intervals, a verdict each."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
from aiohttp import web

from modelyard_operator.analysis import measurer as module
from modelyard_operator.analysis.case import Ended
from modelyard_operator.analysis.measure import Measure
from modelyard_operator.analysis.measurer import Measurer
from modelyard_operator.analysis.sources.pods import Pods
from modelyard_operator.analysis.sources.prometheus import PrometheusApi
from modelyard_operator.analysis.sources.webhooks import Webhooks
from modelyard_operator.analysis.verdict import Analysis, Verdict
from modelyard_operator.analysis.window import PodRef
from modelyard_operator.kube.objects import Key
from tests.operator.analysis.cases import NEW, OLD, spec
from tests.operator.analysis.pods import NAME, NAMESPACE, FakePod, ref, running, served
from tests.operator.analysis.secrets import Vault
from tests.ports import free_port

KEY = Key(NAMESPACE, NAME)
SINCE = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class Memory:
    analysis: Analysis | None = None


@dataclass
class Bench:
    """A measurer, and the queue that it adds to. Intervals end when the test says so."""

    session: aiohttp.ClientSession
    port: int
    memory: Memory = field(default_factory=Memory)
    changed: "asyncio.Queue[Key]" = field(default_factory=asyncio.Queue)
    turns: "asyncio.Queue[float]" = field(default_factory=asyncio.Queue)
    sleeping: "asyncio.Queue[float]" = field(default_factory=asyncio.Queue)
    skipped: float = 0.0
    jumped: float = 0.0
    """Of the wall clock alone."""
    measurer: Measurer = field(init=False)

    def __post_init__(self) -> None:
        credentials = Vault().credentials()
        self.measurer = Measurer(
            Pods(self.session, port=self.port),
            PrometheusApi(self.session, credentials, port=self.port),
            Webhooks(self.session, credentials),
            self.changed.put_nowait,
            clock=lambda: time.monotonic() + self.skipped,
            now=lambda: datetime.now(UTC) + timedelta(seconds=self.skipped + self.jumped),
            sleep=self._sleep,
        )

    async def _sleep(self, length: float) -> None:
        self.sleeping.put_nowait(length)
        self.skipped += await self.turns.get()

    async def ready(self) -> float:
        """The next look is due in so many seconds: all before it is done."""
        async with asyncio.timeout(10):
            return await self.sleeping.get()

    async def interval(self, *, renew: Measure | None = None) -> Analysis:
        """Time passes until the next verdict; it is asleep before."""
        if renew is not None:
            self.measurer.measure(KEY, self.memory, renew)
        length = await self.ready()
        while True:
            self.turns.put_nowait(length)
            done = asyncio.create_task(self.changed.get())
            asleep = asyncio.create_task(self.sleeping.get())
            await asyncio.wait({done, asleep}, return_when=asyncio.FIRST_COMPLETED, timeout=10)
            if done.done():
                if asleep.done():
                    self.sleeping.put_nowait(asleep.result())
                asleep.cancel()
                assert done.result() == KEY
                assert self.memory.analysis is not None
                return self.memory.analysis
            done.cancel()
            length = asleep.result()


@asynccontextmanager
async def bench(*refs: PodRef) -> AsyncIterator[tuple[Bench, list[FakePod]]]:
    async with running(*refs) as (pods, port), aiohttp.ClientSession() as session:
        made = Bench(session, port)
        try:
            yield made, pods
        finally:
            await made.measurer.close()


def measure(*refs: PodRef, **more: Any) -> Measure:
    more.setdefault("spec", spec(minRequests=20, maxErrorRate=0.01))
    return Measure(NEW, more.pop("stable", OLD), refs, more.pop("since", SINCE), **more)


BOTH = (ref(21), ref(22, OLD))


async def test_a_verdict_an_interval_on_what_happened_in_it():
    async with bench(*BOTH) as (it, (new, old)):
        new.serve(500, code=500)
        it.measurer.measure(KEY, it.memory, measure(*BOTH))
        assert await it.ready() > 0
        it.sleeping.put_nowait(10.0)
        new.serve(200)
        old.serve(800)
        first = await it.interval()
        assert (first.verdict, first.requests) == (Verdict.PASS, {NEW: 200, OLD: 800}), first.cause
        assert 29 < first.window_seconds < 32
        new.serve(100, code=503)
        old.serve(800)
        second = await it.interval()
        assert second.verdict is Verdict.FAIL
        assert second.cause.startswith("100 of 100 answers were errors (5xx), 100 %: over maxErrorRate, 1 %")
        assert abs((second.at - first.at).total_seconds() - second.window_seconds) < 1


async def test_a_wall_clock_that_jumps_bends_no_window_and_the_verdict_is_of_now():
    async with bench(*BOTH) as (it, (new, old)):
        it.measurer.measure(KEY, it.memory, measure(*BOTH))
        it.sleeping.put_nowait(await it.ready())
        new.serve(200)
        old.serve(800)
        it.jumped = 3600.0
        found = await it.interval()
        assert 29 < found.window_seconds < 32
        assert found.at > datetime.now(UTC) + timedelta(seconds=3600)
        assert found.requests == {NEW: 200, OLD: 800}


async def test_little_traffic_adds_up():
    asked = measure(BOTH[0], stable=None)
    async with bench(*BOTH) as (it, (new, _)):
        it.measurer.measure(KEY, it.memory, asked)
        it.sleeping.put_nowait(await it.ready())
        new.serve(12)
        assert (await it.interval()).verdict is Verdict.NO_DATA
        new.serve(12)
        found = await it.interval()
        assert (found.verdict, found.requests) == (Verdict.PASS, {NEW: 24})
        assert found.window_seconds > 58
        assert (await it.interval()).requests == {NEW: 0}


async def test_a_comparison_without_traffic_says_how_long_and_holds_as_long_as_it_may():
    asked = measure(*BOTH, spec=spec(compare={"patience": "1m"}, minRequests=10))
    async with bench(*BOTH) as (it, (new, old)):
        it.measurer.measure(KEY, it.memory, asked)
        it.sleeping.put_nowait(await it.ready())
        new.serve(20)
        old.serve(180)
        found = await it.interval()
        assert found.verdict is Verdict.INCONCLUSIVE
        assert "about 2 min more at the present rate" in found.cause
        new.serve(20)
        old.serve(180)
        found = await it.interval()
        assert found.verdict is Verdict.PASS
        assert "compare.patience, 1m, is over" in found.results[-1].message


async def test_a_pod_that_hangs_holds_and_is_named(monkeypatch):
    monkeypatch.setattr("modelyard_operator.analysis.sources.pods.ANSWER_SECONDS", 0.2)
    async with bench(*BOTH) as (it, (new, old)):
        it.measurer.measure(KEY, it.memory, measure(*BOTH))
        it.sleeping.put_nowait(await it.ready())
        new.serve(200)
        old.serve(200)
        new.hangs = True
        found = await it.interval()
        assert found.verdict is Verdict.INCONCLUSIVE
        assert found.cause == "1 of 1 pods of revision rnew gave no numbers (pod-21: no answer within 0.2 s)"
        new.hangs = False
        assert (await it.interval()).requests == {NEW: 200, OLD: 200}, "what it counted meanwhile is not lost"


async def test_prometheus_down_holds_and_never_passes():
    down = f"http://127.0.0.1:{free_port()}"
    query = {"name": "carts", "promql": "up", "max": 1}
    for on_no_data in ("hold", "pass", "fail"):
        asked = spec(prometheus={"address": down}, queries=[query], onNoData=on_no_data)
        async with bench(*BOTH) as (it, (new, old)):
            it.measurer.measure(KEY, it.memory, measure(*BOTH, spec=asked))
            it.sleeping.put_nowait(await it.ready())
            new.serve(500)
            old.serve(500)
            found = await it.interval()
        assert {found.reading(verdict) for verdict in Verdict} == {Verdict.INCONCLUSIVE}
        assert f"Prometheus {down}: Cannot connect" in found.cause
        assert "queries[0] carts: Cannot connect" in found.cause


async def test_queries_without_a_prometheus_say_what_to_write():
    asked = spec(queries=[{"name": "carts", "promql": "up", "max": 1}])
    async with bench(*BOTH) as (it, _):
        it.measurer.measure(KEY, it.memory, measure(*BOTH, spec=asked))
        found = await it.interval()
    assert "write its address as rollout.analysis.prometheus.address" in found.cause


async def test_webhooks_and_jobs_are_a_part_of_it():
    async def refuse(_: web.Request) -> web.Response:
        return web.Response(status=409, text="not now")

    hook, port = await served({"/": ("POST", refuse)})
    asked = spec(
        webhooks=[{"name": "load", "url": f"http://127.0.0.1:{port}/"}],
        jobs=[{"name": "smoke", "image": "smoke:1"}],
    )
    async with bench(*BOTH) as (it, _):
        it.measurer.measure(KEY, it.memory, measure(*BOTH, spec=asked, jobs={"smoke": Ended(succeeded=True)}))
        found = await it.interval()
    await hook.cleanup()
    assert found.verdict is Verdict.FAIL
    assert found.cause.startswith("webhooks[0] load answered 409: not now; ")
    assert "jobs[0]" not in found.cause


async def test_without_an_analysis_requests_are_counted_all_the_same():
    async with bench(*BOTH) as (it, (new, old)):
        it.measurer.measure(KEY, it.memory, measure(*BOTH, spec=None))
        it.sleeping.put_nowait(await it.ready())
        new.serve(10)
        old.serve(90)
        found = await it.interval()
    assert (found.requests, found.results, found.verdict) == ({NEW: 10, OLD: 90}, (), Verdict.NO_DATA)


async def test_another_step_or_candidate_begins_anew_and_forgets_the_verdict():
    async with bench(*BOTH) as (it, _):
        it.measurer.measure(KEY, it.memory, measure(*BOTH))
        await it.interval()
        same = replace(measure(*BOTH), shadowed=True, pods=BOTH[:1])
        it.measurer.measure(KEY, it.memory, same)
        assert it.memory.analysis is not None, "more pods, another bound: the same window"
        for other in (measure(*BOTH, since=SINCE + timedelta(1)), replace(same, candidate="rnext")):
            it.memory.analysis = Analysis.of(SINCE, 1.0, ())
            it.measurer.measure(KEY, it.memory, other)
            assert it.memory.analysis is None
            assert it.measurer.pending == 1
        other_memory = Memory()
        it.measurer.measure(KEY, other_memory, replace(same, candidate="rnext"))
        assert it.measurer.pending == 1, "a resource of the same name that was made anew"


async def test_it_ends_with_the_rollout():
    async with bench(*BOTH) as (it, _):
        it.measurer.measure(KEY, it.memory, measure(*BOTH))
        await it.interval()
        it.measurer.measure(KEY, it.memory, None)
        assert (it.measurer.pending, it.memory.analysis) == (0, None)
        it.measurer.measure(KEY, it.memory, None)


async def test_it_ends_when_nobody_asks_any_more():
    async with bench(*BOTH) as (it, _):
        it.measurer.measure(KEY, it.memory, measure(*BOTH))
        it.sleeping.put_nowait(await it.ready())
        for _ in range(3):
            await it.interval()
        task = it.measurer._watches[KEY].task
        assert task is not None
        while not task.done():
            asleep = asyncio.create_task(it.sleeping.get())
            await asyncio.wait({asleep, task}, return_when=asyncio.FIRST_COMPLETED, timeout=10)
            if asleep.done():
                it.turns.put_nowait(module.PATIENCE_SECONDS)
            asleep.cancel()
        assert it.measurer.pending == 0


async def test_a_source_that_breaks_holds_and_goes_on(monkeypatch):
    async with bench(*BOTH) as (it, (new, old)):
        it.measurer.measure(KEY, it.memory, measure(*BOTH))
        it.sleeping.put_nowait(await it.ready())
        with monkeypatch.context() as patched:
            patched.setattr(Pods, "look", None)
            found = await it.interval()
        assert found.verdict is Verdict.INCONCLUSIVE
        assert "the counters could not be read" in found.cause
        new.serve(200)
        old.serve(800)
        assert (await it.interval()).verdict is Verdict.PASS


async def test_an_analysis_that_breaks_holds_says_so_and_goes_on(monkeypatch):
    asked = measure(*BOTH, spec=spec(webhooks=[{"name": "load", "url": "http://load.shop.svc/"}]))
    async with bench(*BOTH) as (it, _):
        it.measurer.measure(KEY, it.memory, asked)
        it.sleeping.put_nowait(await it.ready())
        with monkeypatch.context() as patched:
            patched.setattr(Webhooks, "ask", None)
            found = await it.interval()
        assert found.verdict is Verdict.INCONCLUSIVE
        assert found.cause == "the analysis could not be made (TypeError): see the operator's log"
        mended = replace(asked, spec=spec(maxErrorRate=0.01))
        assert "could not be made" not in (await it.interval(renew=mended)).cause


async def test_an_address_that_cannot_be_one_holds_and_a_mend_of_it_is_seen():
    query = {"name": "carts", "promql": "up", "max": 1}
    broken = measure(*BOTH, spec=spec(prometheus={"address": "http://prometheus..svc"}, queries=[query]))
    async with bench(*BOTH) as (it, (new, old)):
        it.measurer.measure(KEY, it.memory, broken)
        it.sleeping.put_nowait(await it.ready())
        found = await it.interval()
        assert found.verdict is Verdict.INCONCLUSIVE
        assert "Prometheus http://prometheus..svc: its address cannot be one" in found.cause
        assert "queries[0] carts: its address cannot be one" in found.cause
        mended = replace(broken, spec=spec(minRequests=20, maxErrorRate=0.01))
        await it.interval(renew=mended)
        new.serve(200)
        old.serve(800)
        assert (await it.interval()).verdict is Verdict.PASS


async def test_a_measurement_that_died_begins_anew_when_it_is_asked_for():
    async with bench(*BOTH) as (it, (new, old)):

        def die(_: Key) -> None:
            raise AssertionError("nobody thought of this")

        it.measurer._changed = die
        it.measurer.measure(KEY, it.memory, measure(*BOTH))
        task = it.measurer._watches[KEY].task
        for _ in range(3):
            it.turns.put_nowait(10.0)
        await asyncio.wait({task}, timeout=10)
        assert isinstance(task.exception(), AssertionError)
        it.measurer._changed = it.changed.put_nowait
        it.sleeping = asyncio.Queue()
        it.measurer.measure(KEY, it.memory, measure(*BOTH))
        it.sleeping.put_nowait(await it.ready())
        new.serve(200)
        old.serve(800)
        assert (await it.interval()).verdict is Verdict.PASS
        assert it.measurer.pending == 1
