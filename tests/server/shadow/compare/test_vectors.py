import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelyard_server.shadow.compare import vectors
from modelyard_server.shadow.compare.base import Difference

VECTORS = st.lists(st.floats(-1, 1), min_size=3, max_size=3)


def compared(stable: list[float], candidate: list[float]) -> Difference:
    return vectors.compare(vectors.sketch(stable, 256), vectors.sketch(candidate, 256))


@pytest.mark.parametrize(
    ("degrees", "disagreed"), [(0, False), (5, False), (10, True), (90, True), (180, True)]
)
def test_the_angle_counts(degrees: float, disagreed: bool) -> None:
    angle = math.radians(degrees)
    found = compared([1.0, 0.0], [math.cos(angle), math.sin(angle)])
    assert found.shifts["cosine"] == pytest.approx(1 - math.cos(angle), abs=1e-5)
    assert found.disagreed == disagreed


def test_the_length_does_not_count() -> None:
    assert compared([0.3, 0.4], [0.6, 0.8]).shifts["cosine"] == pytest.approx(0, abs=1e-6)


def test_other_dimensions_disagree() -> None:
    assert compared([1.0], [1.0, 0.0]).disagreed


def test_a_vector_of_nothing_has_no_direction() -> None:
    assert compared([0.0, 0.0], [1.0, 0.0]).disagreed
    assert not compared([0.0, 0.0], [0.0, 0.0]).disagreed


@given(VECTORS)
def test_equal_answers_agree(answer: list[float]) -> None:
    assert compared(answer, answer) == Difference(False, {"cosine": 0.0})


@given(VECTORS, VECTORS)
def test_both_sides_see_the_same(one: list[float], other: list[float]) -> None:
    assert compared(one, other) == compared(other, one)
    assert 0 <= compared(one, other).shifts["cosine"] <= 2
