"""One verdict over several results."""

from datetime import UTC, datetime
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelyard_operator.analysis.verdict import Analysis, Result, Verdict, worst

AT = datetime(2026, 1, 1, tzinfo=UTC)
FAIL, UNSURE, NONE, PASS = Verdict.FAIL, Verdict.INCONCLUSIVE, Verdict.NO_DATA, Verdict.PASS


def result(verdict: Verdict, message: str = "") -> Result:
    return Result("gate", verdict, None, None, message)


def analysis(*verdicts: Verdict) -> Analysis:
    return Analysis.of(AT, 30.0, [result(verdict, verdict.value) for verdict in verdicts])


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        ((), NONE),
        ((PASS,), PASS),
        ((PASS, NONE), NONE),
        ((PASS, UNSURE, NONE), UNSURE),
        ((PASS, NONE, UNSURE, FAIL), FAIL),
    ],
)
def test_the_gravest_counts_whatever_the_order(verdicts, expected):
    for order in permutations(verdicts):
        assert worst(order) is expected
        assert analysis(*order).verdict is expected


@given(st.lists(st.sampled_from(Verdict)), st.sampled_from([FAIL, PASS, NONE]))
def test_on_no_data_touches_nothing_but_a_lack_of_data(verdicts, no_data):
    found = analysis(*verdicts).reading(no_data)
    assert (found is FAIL) == (FAIL in verdicts or (no_data is FAIL and NONE in verdicts))
    if UNSURE in verdicts:
        assert found is not PASS, "a doubt never passes, whatever onNoData says"


def test_without_any_result_nothing_passes():
    assert analysis().reading(PASS) is NONE


def test_the_cause_names_the_gravest_first_and_leaves_out_what_passed():
    assert analysis(PASS, NONE, FAIL).cause == "Fail; NoData"
    assert analysis(PASS).cause == ""
