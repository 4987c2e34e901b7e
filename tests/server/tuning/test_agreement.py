from typing import Any

import orjson
import pytest

from modelyard_server.tuning.agreement import Difference, compare


def differ(one: Any, other: Any) -> Difference:
    return compare([orjson.dumps(one)], [orjson.dumps(other)])


def ranking(*scores: tuple[str, float]) -> list[dict[str, Any]]:
    return [{"label": label, "score": score} for label, score in scores]


@pytest.mark.parametrize(
    ("one", "other", "flips", "shift"),
    [
        (ranking(("A", 0.9), ("B", 0.1)), ranking(("A", 0.8), ("B", 0.2)), 0, 0.1),
        (ranking(("A", 0.51), ("B", 0.49)), ranking(("B", 0.5), ("A", 0.5)), 1, 0.01),
        (
            ranking(("A", 0.9), ("B", 0.05), ("C", 0.05)),
            ranking(("A", 0.9), ("C", 0.06), ("B", 0.04)),
            0,
            0.01,
        ),
        (ranking(("A", 0.9)), [], 1, 0),
        ([], [], 0, 0),
        ([0.25, -0.5], [0.25, -0.25], 0, 0.25),
        ([1000.0], [1100.0], 0, 100 / 1100),
        ([0.1], [0.1, 0.2], 1, 0),
        (3, 4, 1, 0),
        ({"label": 3, "p": [0.5]}, {"label": 3, "p": [0.75]}, 0, 0.25),
        ({"label": "x"}, {"label": "y"}, 1, 0),
        ([{"label": "a", "score": 0.5, "box": [1.0]}], [], 1, 0),
        (None, None, 0, 0),
    ],
)
def test_differences(one: Any, other: Any, flips: float, shift: float) -> None:
    found = differ(one, other)
    assert found.flips == flips
    assert found.shift == pytest.approx(shift)


def test_flips_are_a_share_and_shifts_the_largest() -> None:
    first = [b"[0.5]", b'"a"', b'"b"', b"[0.0]"]
    second = [b"[0.25]", b'"a"', b'"c"', b"[0.125]"]
    assert compare(first, second) == Difference(0.25, 0.25)
    assert compare([], []) == Difference()
