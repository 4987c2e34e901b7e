import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelyard_server.shadow.compare import tensors
from modelyard_server.shadow.compare.base import Difference
from modelyard_server.shadow.compare.numbers import short, spread

VALUES = st.dictionaries(
    st.sampled_from("xyz"),
    st.lists(st.one_of(st.none(), st.floats(-1e6, 1e6), st.sampled_from(["ant", "bee"])), max_size=5),
)


def compared(stable: Any, candidate: Any, room: int = 256) -> Difference:
    return tensors.compare(tensors.sketch(stable, room), tensors.sketch(candidate, room))


def test_the_largest_and_the_mean_difference_are_told_by_the_size_of_the_numbers() -> None:
    found = compared({"y": [[10.0, 2.0], [4.0, 0.0]]}, {"y": [[10.0, 2.0], [3.0, 0.0]]})
    assert found == Difference(True, {"largest": pytest.approx(0.1), "mean": pytest.approx(0.025)})
    assert not compared({"y": [10.0, 4.0]}, {"y": [10.0, 3.6]}).disagreed


def test_other_shapes_disagree() -> None:
    assert compared({"y": [1, 2]}, {"y": [1, 2, 3]}).disagreed
    assert compared({"y": [1]}, {"y": ["1"]}).disagreed


def test_strings_are_labels() -> None:
    found = compared({"label": "ant", "distance": 1.0}, {"label": "bee", "distance": 1.0})
    assert found == Difference(True, {"largest": 0.0, "mean": 0.0}, (("ant", "bee"),))


def test_what_json_does_not_know_is_equal_to_itself_alone() -> None:
    assert not compared({"y": [None, 1.0]}, {"y": [None, 1.0]}).disagreed
    assert compared({"y": [None, 1.0]}, {"y": [1.0, 1.0]}).disagreed


def test_a_large_tensor_is_seen_in_parts_that_lie_evenly() -> None:
    sketch = tensors.sketch({"y": list(range(10_000))}, 64)
    assert len(sketch["numbers"]) == 64
    assert sketch["count"] == [10_000, 0]
    moved = {"y": [value * 1.2 for value in range(10_000)]}
    assert compared({"y": list(range(10_000))}, moved, room=64).disagreed
    assert spread(range(5), 3) == [0, 1, 3]


def test_six_digits_are_kept() -> None:
    assert short(1234567.0) == 1234570.0
    assert short(math.nan) is None
    assert short(math.inf) is None


@given(VALUES)
def test_equal_answers_agree(answer: Any) -> None:
    found = compared(answer, answer)
    assert not found.disagreed
    assert found.flips == ()


@given(VALUES, VALUES)
def test_differences_are_bounded(stable: Any, candidate: Any) -> None:
    found = compared(stable, candidate)
    assert 0 <= found.shifts["mean"] <= found.shifts["largest"] + 1e-12 <= 2 + 1e-12
