"""The measurer: real pods, short intervals, a verdict each."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from aiohttp import web

from modelyard_operator.analysis import measurer as module
from modelyard_operator.analysis.case import Ended
from modelyard_operator.analysis.verdict import Analysis, Verdict
from tests.operator.analysis.bench import BOTH, KEY, SINCE, Memory, bench, measure
from tests.operator.analysis.cases import NEW, OLD, spec
from tests.operator.analysis.pods import served


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
