"""The statistics, against published values and brute force."""

from math import comb, exp, inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelyard_operator.analysis.histogram import Histogram
from modelyard_operator.analysis.statistics import answers_needed, fisher, shift, shift_needed, visible_shift
from tests.operator.analysis.cases import histogram


def tail(worse: int, of: int, stable_worse: int, stable_of: int) -> float:
    """The upper tail of the hypergeometric distribution, by definition."""
    errors = worse + stable_worse
    ways = [comb(of, k) * comb(stable_of, errors - k) for k in range(worse, min(errors, of) + 1)]
    return sum(ways) / comb(of + stable_of, errors)


@st.composite
def counts(draw: st.DrawFn, most: int, spare: int = 0) -> tuple[int, int]:
    """How many answers of how many were worse; `spare` of them were not."""
    of = draw(st.integers(1, most))
    return draw(st.integers(0, of - spare)), of


def test_fishers_tea_tasting():
    """Eight cups, four of each kind: 1/70 and 17/70 (The Design of Experiments, chapter II)."""
    assert fisher(4, 4, 0, 4) == pytest.approx(1 / 70)
    assert fisher(3, 4, 1, 4) == pytest.approx(17 / 70)


@given(counts(40), counts(60))
def test_fisher_is_the_hypergeometric_tail(candidate, stable):
    assert fisher(*candidate, *stable) == pytest.approx(tail(*candidate, *stable), rel=1e-9)


@pytest.mark.parametrize(
    "table",
    [
        (30, 10_000, 10, 10_000),
        (600, 100_000, 500, 100_000),
        (0, 50, 0, 50),
        (50, 50, 50, 50),
        (3, 50, 0, 450),
    ],
)
def test_fisher_at_large_counts_and_at_the_edges(table):
    assert fisher(*table) == pytest.approx(tail(*table), rel=1e-6)


@given(counts(30, spare=1), counts(30))
def test_fisher_grows_surer_with_each_error(candidate, stable):
    worse, of = candidate
    assert fisher(worse + 1, of, *stable) <= fisher(worse, of, *stable) + 1e-12


def test_the_sample_size_of_two_proportions():
    """Fleiss's formula by hand, 10 % against 20 %, one-sided 95 %, power 80 %, equal groups."""
    z, power = 1.6449, 0.8416
    by_hand = ((z * (2 * 0.15 * 0.85) ** 0.5 + power * (0.1 * 0.9 + 0.2 * 0.8) ** 0.5) / 0.1) ** 2
    assert answers_needed(0.1, 0.1, 0.95, 1.0) == pytest.approx(by_hand, abs=1.5)


@given(st.floats(0, 1), st.floats(0.005, 1), st.floats(0.8, 0.9999), st.floats(0.001, 1000))
def test_a_sample_size_is_always_one(rate, more, confidence, per_stable):
    assert 0 <= answers_needed(rate, more, confidence, per_stable) < 10**9


@given(st.floats(0.05, 1), st.floats(0.8, 0.9999), st.floats(0.01, 100))
def test_what_is_needed_to_see_a_shift_is_just_enough(limit, confidence, per_stable):
    needed = shift_needed(limit, confidence, per_stable)
    assert visible_shift(needed, needed * per_stable, confidence) <= limit * (1 + 1e-9)
    assert visible_shift(needed - 1, (needed - 1) * per_stable, confidence) > limit * (1 - 1e-9)


def exact(n: int, m: int, limit: float) -> float:
    """The chance that the shift of n values over m others reaches `limit`, counted over all their orders."""
    ways = [[0] * (m + 1) for _ in range(n + 1)]
    for mine in range(n + 1):
        for its in range(m + 1):
            if its / m - mine / n >= limit - 1e-12:
                continue
            if mine == its == 0:
                ways[0][0] = 1
                continue
            ways[mine][its] = (ways[mine - 1][its] if mine else 0) + (ways[mine][its - 1] if its else 0)
    return 1 - ways[n][m] / comb(n + m, n)


def test_the_exact_chance_is_counted_right():
    assert exact(3, 3, 1.0) == pytest.approx(1 / comb(6, 3))


@pytest.mark.parametrize(("n", "m"), [(50, 50), (50, 450), (200, 100)])
@pytest.mark.parametrize("d", [0.1, 0.2, 0.25, 0.3])
def test_the_chance_of_a_shift_is_near_the_exact_one(n, d, m):
    found = exp(-2 * d * d * n * m / (n + m))
    assert exact(n, m, d) * 0.97 <= found <= exact(n, m, d) * 2


def test_a_shift_names_the_bound_where_it_is_largest():
    stable, slow = Histogram((0.1, 0.5), (90, 10, 0)), Histogram((0.1, 0.5), (30, 60, 10))
    found = shift(slow, stable)
    assert (found.share, found.within) == (pytest.approx(0.6), 0.1)
    assert (found.candidate, found.stable) == (pytest.approx(0.3), pytest.approx(0.9))
    assert found.chance == pytest.approx(exp(-2 * 0.36 * 50))
    assert shift(stable, slow).share == 0, "faster is not slower"
    assert shift(stable, stable).chance == 1.0


LATENCIES = st.lists(st.floats(0, 2), min_size=1, max_size=40)


@given(LATENCIES, LATENCIES, st.data())
def test_a_slower_answer_never_makes_the_shift_less_sure(mine, its, data):
    index = data.draw(st.integers(0, len(mine) - 1))
    slower = [*mine[:index], mine[index] + data.draw(st.floats(0, 5)), *mine[index + 1 :]]
    before, after = shift(histogram(*mine), histogram(*its)), shift(histogram(*slower), histogram(*its))
    assert after.share >= before.share - 1e-12
    assert after.chance <= before.chance + 1e-12


def test_what_would_have_shown_shrinks_with_the_number():
    assert visible_shift(100, 1000, 0.99) == pytest.approx(0.203, abs=0.002)
    assert visible_shift(400, 4000, 0.99) == pytest.approx(0.203 / 2, abs=0.002)
    assert visible_shift(0, 1000, 0.99) == inf
