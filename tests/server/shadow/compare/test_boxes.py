from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelyard_server.shadow.compare import boxes
from modelyard_server.shadow.compare.base import NONE, Difference


def box(label: str, score: float, *place: float) -> dict[str, Any]:
    return {"label": label, "score": score, "box": list(place)}


def compared(stable: list[Any], candidate: list[Any]) -> Difference:
    sketches = [
        boxes.sketch({"boxes": entry, "width": 640, "height": 480}, 256) for entry in (stable, candidate)
    ]
    return boxes.compare(*sketches)


PLATE = box("plate", 0.9, 100, 100, 200, 150)
CAR = box("car", 0.8, 50, 50, 400, 300)
EDGES = st.floats(0, 600).map(lambda edge: round(edge, 1))
BOXES = st.lists(
    st.builds(
        lambda label, score, left, top, width, height: box(
            label, round(score, 3), left, top, left + width, top + height
        ),
        st.sampled_from(["plate", "car"]),
        st.floats(0.25, 1),
        EDGES,
        EDGES,
        st.floats(1, 300),
        st.floats(1, 300),
    ),
    max_size=8,
)


def test_a_box_that_moves_a_little_is_the_same() -> None:
    moved = box("plate", 0.85, 104, 102, 204, 152)
    assert compared([PLATE, CAR], [CAR, moved]) == Difference(
        False, {"boxes": pytest.approx(0), "score": pytest.approx(0.05)}
    )


def test_a_box_that_moves_away_is_lost_and_found() -> None:
    away = box("plate", 0.9, 300, 300, 400, 350)
    found = compared([PLATE], [away])
    assert found == Difference(True, {"boxes": 1.0, "score": 0.0}, (("plate", NONE), (NONE, "plate")))


def test_a_match_of_another_class_is_a_flip() -> None:
    found = compared([PLATE], [box("sign", 0.9, 100, 100, 200, 150)])
    assert found.disagreed
    assert found.flips == (("plate", "sign"),)


def test_a_weak_box_that_goes_is_noise_and_a_strong_one_is_not() -> None:
    strong = [PLATE, CAR, box("car", 0.9, 420, 50, 600, 300)]
    weak = box("car", 0.26, 0, 0, 20, 20)
    assert not compared([*strong, weak], strong).disagreed
    assert compared(strong, strong[1:]).flips == (("plate", NONE),)


def test_each_box_has_one_match_the_nearest() -> None:
    near = box("plate", 0.9, 101, 100, 201, 150)
    far = box("plate", 0.9, 120, 100, 220, 150)
    found = compared([PLATE], [far, near])
    assert found.flips == ((NONE, "plate"),)
    assert found.shifts["boxes"] == pytest.approx(1 / 3)


def test_nothing_and_nothing_agree() -> None:
    assert compared([], []) == Difference(False, {"boxes": 0.0, "score": 0.0})
    assert compared([], [PLATE]).flips == ((NONE, "plate"),)


@given(BOXES)
def test_equal_answers_agree(answer: list[Any]) -> None:
    found = compared(answer, list(reversed(answer)))
    assert not found.disagreed
    assert found.flips == ()


@given(BOXES, BOXES)
def test_both_sides_see_the_same(stable: list[Any], candidate: list[Any]) -> None:
    one, other = compared(stable, candidate), compared(candidate, stable)
    assert one.disagreed == other.disagreed
    assert one.shifts["boxes"] == pytest.approx(other.shifts["boxes"])
    assert 0 <= one.shifts["boxes"] <= 1
