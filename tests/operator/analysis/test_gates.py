"""Each gate at its bounds, and what it says."""

import pytest

from modelyard_operator.analysis.counts import Counts, Gauge
from modelyard_operator.analysis.gates import (
    disagreement,
    error_rate,
    latency,
    saturation,
    traffic,
)
from tests.operator.analysis.asking import FAIL, NOBODY, NONE, PASS, UNSURE, only, silent
from tests.operator.analysis.cases import case, compared, counts, spec


@pytest.mark.parametrize(("answered", "verdict"), [(0, NONE), (49, NONE), (50, PASS)])
def test_traffic_needs_min_requests(answered, verdict):
    assert only(traffic, counts(answered)).verdict is verdict


def test_traffic_says_how_much_there_was():
    found = only(traffic, counts(12))
    assert found.message == "requests that revision rnew answered: 12 seen, 50 needed for a verdict"
    assert (found.value, found.limit) == (None, 50)


def test_a_source_that_does_not_answer_is_no_lack_of_traffic():
    found = only(traffic, counts(0), trouble="Prometheus http://p:9090 did not answer within 5 s")
    assert (found.verdict, found.message) == (UNSURE, "Prometheus http://p:9090 did not answer within 5 s")


@pytest.mark.parametrize(
    ("ok", "errors", "verdict"),
    [
        (990, 10, PASS),
        (989, 11, FAIL),
        (0, 1000, FAIL),
        (50, 0, PASS),
    ],
)
def test_the_error_rate_at_its_bound(ok, errors, verdict):
    assert only(error_rate, counts(ok, errors), spec=spec(maxErrorRate=0.01)).verdict is verdict


def test_the_error_rate_in_words():
    found = only(error_rate, counts(90, 10), spec=spec(maxErrorRate=0.01))
    assert found.message == "10 of 100 answers were errors (5xx), 10 %: over maxErrorRate, 1 %"
    assert (found.value, found.limit) == (0.1, 0.01)


def test_errors_that_nothing_can_make_good_fail_before_there_is_enough():
    asked = spec(maxErrorRate=0.1, minRequests=50)
    assert only(error_rate, counts(0, 6), spec=asked).verdict is FAIL, "6 of 50 is over a tenth already"
    assert silent(error_rate, counts(0, 5), spec=asked), "5 of 50 would just do"
    assert silent(error_rate, NOBODY, spec=asked)
    assert silent(error_rate, counts(0, 50), spec=asked, trouble="down")
    assert silent(error_rate, counts(0, 50)), "not asked for"


def test_a_client_s_own_mistake_is_no_error():
    mine = Counts({"200": 900, "422": 90, "499": 10})
    assert only(error_rate, mine, spec=spec(maxErrorRate=0)).verdict is PASS


def test_a_quantile_at_its_bound():
    mine = counts(100, latencies=(0, 0, 0, 100, 0, 0, 0))
    at, below = (only(latency, mine, spec=spec(maxP50Ms=ms)) for ms in (75, 74.9))
    assert (at.verdict, at.value) == (PASS, pytest.approx(75))
    assert below.verdict is FAIL
    assert below.message == "p50 of 100 answers: 75 ms, over maxP50Ms, 74.9 ms"


def test_each_quantile_has_a_result_of_its_own():
    found = latency.judge(case(spec=spec(maxP50Ms=50, maxP95Ms=60, maxP99Ms=500)))
    assert [(r.gate, r.verdict) for r in found] == [("p50", PASS), ("p95", FAIL), ("p99", PASS)]


def test_beyond_the_last_bound():
    mine = counts(100, latencies=(0, 0, 0, 0, 0, 0, 100))
    sure, unsure = (only(latency, mine, spec=spec(maxP99Ms=ms)) for ms in (1000, 1001))
    assert (sure.verdict, sure.value) == (FAIL, 1000)
    assert unsure.verdict is UNSURE
    assert "set maxP99Ms to 1000 or less" in unsure.message


def test_answers_of_the_cache_alone_give_no_latency():
    mine = counts(100, latencies=(49, 0, 0, 0, 0, 0, 0))
    found = only(latency, mine, spec=spec(maxP99Ms=1))
    assert found.verdict is NONE
    assert found.message == "answers that came from no cache: 49 seen, 50 needed for a verdict"
    assert silent(latency, counts(10), spec=spec(maxP99Ms=1)), "the gate of traffic says it already"


@pytest.mark.parametrize(
    ("seen", "words"),
    [
        (20, "20 seen, 50 needed for a verdict, about 45 s more at the present rate"),
        (0, "0 seen, 50 needed for a verdict, and none has come in 30 s"),
    ],
)
def test_when_there_will_be_requests(seen, words):
    assert only(traffic, counts(seen), seconds=30.0).message.endswith(words)


def test_saturation_at_its_bounds():
    busy = counts(queue_items=Gauge(30, 3), in_flight=Gauge(8, 2), cpu_seconds=27, pod_seconds=30)
    asked = {"maxQueueItems": 10, "maxInFlight": 3.9, "maxCpu": 0.45}
    found = list(saturation.judge(case(busy, spec=spec(saturation=asked), cpu_limit=2.0)))
    assert [(r.gate, r.verdict) for r in found] == [
        ("saturation queue", PASS),
        ("saturation inFlight", FAIL),
        ("saturation cpu", PASS),
    ]
    assert found[1].message == "4 requests at once in a pod, over 3.9"
    assert found[2].message == "45 % of 2 CPUs in use"


def test_saturation_that_nobody_tells():
    asked = spec(saturation={"maxQueueItems": 10, "maxCpu": 0.5})
    for result in saturation.judge(case(spec=asked, cpu_limit=1.0)):
        assert result.verdict is UNSURE, "no reading, and no second of a pod to divide by"
    (unlimited,) = saturation.judge(case(spec=spec(saturation={"maxCpu": 0.5})))
    assert unlimited.verdict is UNSURE
    assert "set server.resources.limits.cpu" in unlimited.message


@pytest.mark.parametrize(
    ("seen", "noise", "verdict"),
    [
        ((100, 2), (0, 0), PASS),
        ((100, 3), (0, 0), FAIL),
        ((100, 5), (100, 3), PASS),
        ((100, 6), (100, 3), FAIL),
        ((100, 5), (19, 5), FAIL),
        ((100, 0), (100, 50), PASS),
        ((49, 0), (0, 0), NONE),
        ((49, 1), (0, 0), NONE),
        ((20, 2), (0, 0), FAIL),
        ((0, 0), (0, 0), NONE),
    ],
    ids=[
        "at the bound",
        "over it",
        "within the noise",
        "over the noise",
        "noise of a few is none",
        "less than noise",
        "too few",
        "too few, one differs",
        "too few, yet lost",
        "nothing",
    ],
)
def test_disagreement(seen, noise, verdict):
    mine = counts(compared=compared(seen, noise))
    assert only(disagreement, mine, spec=spec(maxDisagreement=0.02), shadowed=True).verdict is verdict


def test_disagreement_in_words():
    mine, its = counts(compared=compared((60, 6))), counts(compared=compared((40, 4), (100, 1)))
    found = only(disagreement, mine, its, spec=spec(maxDisagreement=0.02), shadowed=True)
    assert found.message == (
        "10 of 100 compared predictions differ, 10 % (stable against itself: 1 % of 100): over "
        "maxDisagreement, 2 %"
    )
    assert found.value == pytest.approx(0.09)


def test_why_too_little_was_compared_is_told():
    mine = counts(compared=compared((3, 0)), dropped={"unnamed": 120, "late": 0, "full": 7})
    found = only(disagreement, mine, spec=spec(maxDisagreement=0.02), shadowed=True)
    assert found.message == (
        "predictions that were compared (dropped: 120 unnamed, 7 full): 3 seen, 50 needed for a verdict"
    )


def test_disagreement_is_asked_only_where_copies_flow():
    mine = counts(compared=compared((100, 50)))
    assert silent(disagreement, mine, spec=spec(maxDisagreement=0.02))
    assert silent(disagreement, mine, shadowed=True)
    assert silent(disagreement, mine, spec=spec(maxDisagreement=0.02), shadowed=True, trouble="down")
