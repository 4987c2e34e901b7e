"""Shares by numbers of pods: the nearest, and words where the nearest is too far."""

import hypothesis.strategies as st
import pytest
from hypothesis import given

from modelyard_operator.routing import ratio


@pytest.mark.parametrize(
    ("beside", "weight", "maximum", "pods", "share"),
    [
        (3, 25, 6, 1, 25),
        (3, 50, 6, 3, 50),
        (1, 67, 3, 2, 67),
        (9, 10, 20, 1, 10),
        (1, 10, 3, 1, 50),
        (4, 90, 6, 6, 60),
        (2, 100, 5, 5, 71),
    ],
)
def test_the_nearest_number(beside, weight, maximum, pods, share):
    assert ratio.pins(beside, weight, maximum) == ratio.Pins(pods, share)


@given(st.integers(1, 200), st.integers(1, 99), st.integers(1, 200))
def test_no_number_is_nearer(beside, weight, maximum):
    found = ratio.pins(beside, weight, maximum)
    assert 1 <= found.pods <= maximum
    miss = abs(100 * found.pods / (found.pods + beside) - weight)
    assert all(abs(100 * n / (n + beside) - weight) >= miss for n in range(1, maximum + 1))


@pytest.mark.parametrize(
    ("beside", "weight", "maximum", "words"),
    [
        (1, 10, 3, "beside 1 pod of the stable revision, 1 pod of the candidate are 50 %"),
        (1, 10, 3, "minReplicas"),
        (4, 90, 6, "Write weight 60"),
        (4, 90, 6, "maxReplicas"),
    ],
)
def test_a_refusal_names_the_nearest_and_the_mend(beside, weight, maximum, words):
    assert words in ratio.refusal(beside, weight, maximum)


@pytest.mark.parametrize(("beside", "weight", "maximum"), [(3, 25, 6), (3, 21, 6), (3, 30, 6)])
def test_within_five_points_it_is_taken(beside, weight, maximum):
    assert ratio.refusal(beside, weight, maximum) is None
