"""All gates together: worse data never look better."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelyard_operator.analysis.case import Case, Number, Reply
from modelyard_operator.analysis.counts import Compared, Counts, Gauge
from modelyard_operator.analysis.histogram import Histogram
from modelyard_operator.analysis.judge import judge
from modelyard_operator.analysis.verdict import Analysis, Verdict
from modelyard_operator.api.analysis import AnalysisSpec
from tests.operator.analysis.cases import BOUNDS, NEW, OLD, case, counts, spec

AT = datetime(2026, 1, 1, tzinfo=UTC)
EVERYTHING = {
    "maxErrorRate": 0.05,
    "maxP50Ms": 60,
    "maxP95Ms": 200,
    "maxP99Ms": 800,
    "maxDisagreement": 0.05,
    "saturation": {"maxQueueItems": 5, "maxInFlight": 5, "maxCpu": 0.8},
    "queries": [{"name": "q", "promql": "up", "max": 1}],
    "webhooks": [{"name": "w", "url": "http://w/"}],
    "prometheus": {"address": "http://p:9090"},
}


def judged(asked: Case) -> Analysis:
    return judge(asked, AT, 30.0)


def test_a_good_candidate_passes_all_that_is_asked():
    mine = replace(
        counts(),
        compared={"candidate": Compared(100, 1)},
        queue_items=Gauge(1, 1),
        in_flight=Gauge(1, 1),
        cpu_seconds=10,
        pod_seconds=30,
    )
    asked = case(
        mine,
        spec=spec(**EVERYTHING),
        shadowed=True,
        cpu_limit=1.0,
        queries={"q": Number(0.5)},
        webhooks={"w": Reply(200)},
    )
    found = judged(asked)
    assert found.verdict is Verdict.PASS, found.cause
    assert [r.gate for r in found.results] == [
        "requests",
        "errorRate",
        "p50",
        "p95",
        "p99",
        "compare errors",
        "compare latency",
        "saturation queue",
        "saturation inFlight",
        "saturation cpu",
        "disagreement",
        "queries[0] q",
        "webhooks[0] w",
    ]
    assert (found.requests, found.window_seconds, found.at) == ({NEW: 1000, OLD: 1000}, 30.0, AT)


@pytest.mark.parametrize("fields", [{}, {"maxErrorRate": 0.01}, EVERYTHING])
def test_flagger_1035_nothing_passes_without_traffic(fields):
    assert judged(case(Counts(), Counts(), spec=spec(**fields))).verdict is not Verdict.PASS
    assert judged(Case(spec(**fields), NEW, None)).verdict is not Verdict.PASS


def test_a_query_that_fails_needs_no_traffic():
    asked = case(Counts(), spec=spec(**EVERYTHING), queries={"q": Number(2)}, webhooks={"w": Reply(200)})
    assert judged(asked).verdict is Verdict.FAIL


@pytest.mark.parametrize("no_data", ["hold", "fail", "pass"])
def test_a_source_that_is_down_holds_whatever_on_no_data_says(no_data):
    asked = case(Counts(), Counts(), spec=spec(onNoData=no_data), trouble="Prometheus is down")
    found = judged(asked)
    readings = {found.reading(verdict) for verdict in (Verdict.PASS, Verdict.NO_DATA, Verdict.FAIL)}
    assert readings == {found.verdict} == {Verdict.INCONCLUSIVE}


NUMBERS = st.integers(0, 300)
BUCKETS = st.lists(NUMBERS, min_size=len(BOUNDS) + 1, max_size=len(BOUNDS) + 1).map(tuple)


@st.composite
def any_counts(draw: st.DrawFn) -> Counts:
    seen = draw(NUMBERS)
    return Counts(
        requests={"200": draw(NUMBERS), "500": draw(st.one_of(st.just(0), NUMBERS))},
        durations=Histogram(BOUNDS, draw(BUCKETS)),
        compared={"candidate": Compared(seen, draw(st.integers(0, seen)))},
        queue_items=Gauge(draw(NUMBERS), draw(st.integers(0, 50))),
        in_flight=Gauge(draw(NUMBERS), draw(st.integers(0, 50))),
        cpu_seconds=draw(NUMBERS),
        pod_seconds=draw(NUMBERS),
    )


@st.composite
def specs(draw: st.DrawFn) -> AnalysisSpec:
    names = [name for name in EVERYTHING if name != "prometheus"]
    chosen = draw(st.sets(st.sampled_from(names)))
    asked = {name: EVERYTHING[name] for name in chosen}
    compare = {
        "latency": draw(st.booleans()),
        "errors": draw(st.booleans()),
        "confidence": draw(st.sampled_from([0.8, 0.95, 0.99])),
        "maxSlower": draw(st.sampled_from([0.05, 0.2, 1])),
        "maxMoreErrors": draw(st.sampled_from([0.005, 0.05, 1])),
    }
    asked |= {"compare": compare, "minRequests": draw(st.sampled_from([1, 20, 100]))}
    return spec(**asked, prometheus=EVERYTHING["prometheus"])


@st.composite
def worsened(draw: st.DrawFn, mine: Counts) -> Counts:
    """The same number of requests, each at least as bad."""
    turned = draw(st.integers(0, int(mine.requests["200"])))
    latencies = list(mine.durations.counts)
    start, end = sorted(draw(st.tuples(*[st.integers(0, len(BOUNDS))] * 2)))
    moved = draw(st.integers(0, int(latencies[start])))
    latencies[start] -= moved
    latencies[end] += moved
    seen = mine.compared["candidate"]
    differing = draw(st.integers(int(seen.disagreed), int(seen.compared)))
    return replace(
        mine,
        requests={"200": mine.requests["200"] - turned, "500": mine.requests["500"] + turned},
        durations=Histogram(BOUNDS, tuple(latencies)),
        compared={"candidate": Compared(seen.compared, differing)},
        queue_items=replace(mine.queue_items, total=mine.queue_items.total + draw(NUMBERS)),
        in_flight=replace(mine.in_flight, total=mine.in_flight.total + draw(NUMBERS)),
        cpu_seconds=mine.cpu_seconds + draw(NUMBERS),
    )


@given(st.data())
def test_worse_data_never_look_better(data):
    mine, its, asked = data.draw(any_counts()), data.draw(any_counts()), data.draw(specs())
    value, more = data.draw(st.floats(0, 2)), data.draw(st.floats(0, 2))
    status = data.draw(st.sampled_from([200, 500]))

    def verdict(counts: Counts, number: float, code: int) -> Verdict:
        found = case(
            counts,
            its,
            spec=asked,
            shadowed=True,
            cpu_limit=1.0,
            queries={"q": Number(number)},
            webhooks={"w": Reply(code)},
        )
        return judged(found).verdict

    before = verdict(mine, value, status)
    after = verdict(
        data.draw(worsened(mine)), value + more, max(status, data.draw(st.sampled_from([200, 500])))
    )
    if before is Verdict.FAIL:
        assert after is Verdict.FAIL
    if after is Verdict.PASS:
        assert before is Verdict.PASS
