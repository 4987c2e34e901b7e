"""The gates that compare a candidate with stable, at their bounds, and what they say."""

import pytest

from modelyard_operator.analysis.gates import (
    compare_errors,
    compare_latency,
)
from tests.operator.analysis.asking import FAIL, NONE, PASS, UNSURE, only, silent
from tests.operator.analysis.cases import counts, spec


@pytest.mark.parametrize(
    ("mine", "its", "verdict"),
    [
        ((1000, 0), (1000, 0), PASS),
        ((900, 100), (1000, 0), FAIL),
        ((900, 100), (900, 100), PASS),
        ((960, 40), (1000, 0), PASS),
        ((100_000, 1_000), (1_000_000, 0), PASS),
        ((47, 3), (9, 41), PASS),
        ((90, 8), (95, 3), UNSURE),
        ((60, 0), (60, 0), UNSURE),
        ((1000, 0), (49, 0), NONE),
        ((1000, 0), (0, 0), NONE),
        ((0, 1000), (0, 1000), PASS),
    ],
    ids=[
        "alike",
        "sure and large",
        "both alike bad",
        "sure but small",
        "surer but smaller",
        "better",
        "large but unsure",
        "too few to see it",
        "too few to compare",
        "nothing to compare",
        "nothing but errors",
    ],
)
def test_errors_compared(mine, its, verdict):
    assert only(compare_errors, counts(*mine), counts(*its)).verdict is verdict


def test_errors_compared_in_words():
    assert only(compare_errors, counts(900, 100), counts(990, 10)).message == (
        "10 % of 1000 answers were errors, and 1 % of 1000 of revision rold (by chance: p = 4.8e-21): more "
        "by maxMoreErrors, 5 %, or over"
    )
    assert only(compare_errors, counts(60), counts(60)).message == (
        "0 % of 60 answers were errors, and 0 % of 60 of revision rold: it needs 135 more answers of the "
        "candidate, 195 in all, to be sure that it is not worse by 5 %. To decide sooner, raise "
        "compare.maxMoreErrors, lower compare.confidence, or set compare.patience"
    )


@pytest.mark.parametrize(
    ("mine", "its", "verdict"),
    [
        ((0, 0, 900, 100), (0, 0, 900, 100), PASS),
        ((0, 0, 500, 500), (0, 0, 900, 100), FAIL),
        ((0, 0, 100, 900), (0, 0, 900, 100), FAIL),
        ((0, 0, 90_000, 10_000), (0, 0, 99_000, 1_000), PASS),
        ((0, 900, 100, 0), (0, 0, 900, 100), PASS),
        ((0, 0, 35, 20), (0, 0, 45, 10), UNSURE),
        ((0, 0, 50, 5), (0, 0, 50, 5), UNSURE),
        ((0, 0, 900, 100), (0, 0, 49, 0), NONE),
        ((0, 0, 30, 0), (0, 0, 900, 0), NONE),
    ],
    ids=[
        "alike",
        "sure and large",
        "all slower",
        "sure but small",
        "faster",
        "large but unsure",
        "too few to see it",
        "stable too few",
        "cached too many",
    ],
)
def test_latency_compared(mine, its, verdict):
    found = only(compare_latency, counts(1000, latencies=(*mine, 0, 0, 0)), counts(latencies=(*its, 0, 0, 0)))
    assert found.verdict is verdict


def test_latency_compared_in_words():
    mine, its = counts(latencies=(0, 0, 500, 500, 0, 0, 0)), counts(latencies=(0, 0, 900, 100, 0, 0, 0))
    found = only(compare_latency, mine, its)
    assert found.message == (
        "1000 answers against 1000: 50 % came within 50 ms, and 90 % of revision rold (by chance: "
        "p <= 3.3e-70): slower by maxSlower, 20 %, or over"
    )
    assert (found.value, found.limit) == (pytest.approx(0.4), 0.2)
    few = counts(60, latencies=(0, 0, 60, 0, 0, 0, 0))
    assert only(compare_latency, few, few).message == (
        "60 answers against 60 of revision rold: not slower; with so few, only a shift of 35.4 % would show, "
        "and 20 % (maxSlower) counts: it needs 128 more answers of the candidate that come from no cache, "
        "188 in all. To decide sooner, raise compare.maxSlower, lower compare.confidence, or set "
        "compare.patience"
    )


@pytest.mark.parametrize(
    ("seen", "after", "words"),
    [
        (60, 30, "188 in all, about 1 min more at the present rate. To"),
        (60, 300, "188 in all; at the present rate the longest window, 30 intervals (15 min), sees 180: it "),
        (50, 240, "188 in all; at the present rate the longest window, 30 intervals (15 min), sees 187: it "),
        (50, 238, "188 in all, about 11 min more at the present rate. To"),
    ],
)
def test_when_there_will_be_enough(seen, after, words):
    mine = counts(seen, latencies=(0, 0, seen, 0, 0, 0, 0))
    assert words in only(compare_latency, mine, mine, seconds=after).message


FEW = counts(60, latencies=(0, 0, 60, 0, 0, 0, 0))
LONE = counts(60, latencies=(0, 0, 5, 0, 0, 0, 0))
SLOW = counts(60, latencies=(0, 0, 30, 30, 0, 0, 0))


@pytest.mark.parametrize("gate", [compare_errors, compare_latency])
@pytest.mark.parametrize("mine", [FEW, LONE])
def test_a_comparison_that_lacks_traffic_holds_as_long_as_it_may(gate, mine):
    may = spec(compare={"patience": "10m"})
    assert only(gate, mine, FEW, spec=may, measured=599).verdict is not PASS
    found = only(gate, mine, FEW, spec=may, measured=600)
    assert found.verdict is PASS
    assert found.message.endswith("; compare.patience, 10m, is over, so the other gates decide")
    assert only(gate, mine, FEW, measured=10**6).verdict is not PASS, "by default it holds"


def test_patience_lets_nothing_pass_that_looks_worse():
    may = spec(compare={"patience": "1m", "maxSlower": 0.45})
    assert only(compare_latency, SLOW, FEW, spec=may, measured=3600).verdict is not PASS
    mine = counts(54, 6, latencies=(0, 0, 60, 0, 0, 0, 0))
    assert only(compare_errors, mine, FEW, spec=may, measured=3600).verdict is UNSURE


@pytest.mark.parametrize("gate", [compare_errors, compare_latency])
def test_nothing_is_compared_where_there_is_nothing_to_compare_with(gate):
    assert silent(gate, stable=None)
    assert silent(gate, counts(10))
    assert silent(gate, spec=spec(compare={"errors": False, "latency": False}))
