import pytest

from benchmarks.goal import Goal, repeated


@pytest.mark.parametrize(
    ("value", "at_most", "at_least", "verdict"),
    [
        (1.0, 1.0, None, "holds"),
        (1.1, 1.0, None, "falls short"),
        (1.0, None, 1.0, "holds"),
        (0.9, None, 1.0, "falls short"),
        (2.0, 3.0, 1.0, "holds"),
        (4.0, 3.0, 1.0, "falls short"),
        (4.0, None, None, "information"),
    ],
)
def test_a_goal_is_held_to_its_bounds(
    value: float, at_most: float | None, at_least: float | None, verdict: str
) -> None:
    goal = Goal("a", value, "x", at_most=at_most, at_least=at_least)

    assert goal.verdict == verdict
    assert verdict in goal.line()


def test_repeated_runs_give_their_median_and_their_spread() -> None:
    goal = repeated("a", [3.0, 1.0, 2.0], "ms", at_most=2)

    assert (goal.value, goal.low, goal.high, goal.holds) == (2.0, 1.0, 3.0, True)
    assert goal.spread == "1 to 3"
