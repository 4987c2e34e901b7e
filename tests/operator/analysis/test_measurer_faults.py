"""What the measurer makes of pods and services that fail, and of addresses that are none."""

import asyncio
from dataclasses import replace

from modelyard_operator.analysis.sources.pods import Pods
from modelyard_operator.analysis.sources.webhooks import Webhooks
from modelyard_operator.analysis.verdict import Verdict
from modelyard_operator.kube.objects import Key
from tests.operator.analysis.bench import BOTH, KEY, bench, measure
from tests.operator.analysis.cases import NEW, OLD, spec
from tests.ports import free_port


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
