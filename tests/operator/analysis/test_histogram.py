"""Counts between bounds."""

from math import inf, isnan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelyard_operator.analysis.histogram import EMPTY, Histogram, common
from tests.operator.analysis.cases import BOUNDS, histogram

VALUES = st.lists(st.floats(0, 3), min_size=1, max_size=50)


def test_buckets_come_cumulative_and_in_any_order():
    found = Histogram.of_cumulative([(inf, 10), (0.1, 4), (1.0, 9)])
    assert found == Histogram((0.1, 1.0), (4, 5, 1))
    assert Histogram.of_cumulative([(0.1, 4)]) == Histogram((0.1,), (4, 0))
    assert Histogram.of_cumulative([]).total == 0


def test_a_scrape_between_two_steps_never_gives_a_negative_count():
    assert Histogram.of_cumulative([(0.1, 5), (1.0, 4), (inf, 6)]).counts == (5, 0, 1)


@pytest.mark.parametrize(
    ("share", "expected"),
    [(0.5, 0.05), (0.25, 0.0375), (0.75, 0.075), (1.0, 0.1)],
)
def test_a_quantile_is_interpolated_within_its_bucket(share, expected):
    found = Histogram((0.025, 0.05, 0.1), (0, 10, 10, 0))
    assert found.quantile(share) == pytest.approx(expected)


def test_the_lowest_bucket_begins_at_zero():
    assert Histogram((0.1,), (10, 0)).quantile(0.5) == pytest.approx(0.05)


def test_beyond_the_last_bound_a_quantile_is_not_known():
    assert Histogram((0.1,), (1, 99)).quantile(0.5) == inf
    assert isnan(EMPTY.quantile(0.5))
    assert isnan(Histogram((0.1,), (0, 0)).quantile(0.99))


@given(VALUES, st.floats(0.01, 1))
def test_a_quantile_lies_in_the_bucket_of_the_true_one(values, share):
    found = histogram(*values).quantile(share)
    ranked = sorted(values)
    true = ranked[max(0, -(-int(share * len(values) * 1_000_000) // 1_000_000) - 1)]
    lower = max((b for b in (0.0, *BOUNDS) if b < true), default=0.0)
    upper = min((b for b in BOUNDS if b >= true), default=inf)
    assert lower <= found <= upper or share * len(values) % 1 < 1e-6


@given(VALUES, VALUES)
def test_adding_and_taking_away_are_each_others_reverse(one, other):
    both = histogram(*one, *other)
    assert histogram(*one) + histogram(*other) == both
    assert both.minus(histogram(*one)) == histogram(*other)


def test_buckets_that_differ_are_brought_to_what_both_have():
    fine, coarse = histogram(0.005, 0.03, 0.2), histogram(0.03, 5, bounds=(0.05, 0.25, 2.0))
    left, right = common(fine, coarse)
    assert left == Histogram((0.05, 0.25), (2, 1, 0))
    assert right == Histogram((0.05, 0.25), (1, 0, 1))
    assert (fine + coarse).counts == (3, 1, 1)
    assert EMPTY + fine == fine == fine + EMPTY


def test_other_buckets_than_before_are_another_process():
    assert histogram(0.1).minus(histogram(0.1, bounds=(1.0,))) == histogram(0.1)
