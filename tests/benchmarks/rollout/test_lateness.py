from typing import Any

import pytest

from benchmarks.rollout.lateness import Seen, arrivals, lateness, seen_of

A, B = "one", "other"


def seen(at: float, step: int | None, since: float | None = None, name: str = A) -> Seen:
    return Seen(at, name, "rnew" if step else None, step, since)


def test_a_step_is_late_by_what_passes_after_its_time() -> None:
    found = lateness(
        [
            seen(100, 1),
            seen(101, 1, 101),
            seen(105, 1, 101),
            seen(111.5, 2),
            seen(112, 2, 112),
            seen(122.25, None),
        ],
        10,
    )

    assert found == pytest.approx([0.5, 0.25])


def test_deployments_are_told_apart_and_what_has_not_ended_does_not_count() -> None:
    found = lateness([seen(1, 1, 1), seen(2, 1, 2, B), seen(11, 2, 11), seen(13, 2, None, B)], 10)

    assert found == pytest.approx([0, 1])


def test_a_step_that_is_left_too_soon_shows() -> None:
    assert lateness([seen(1, 1, 1), seen(8, 2)], 10) == pytest.approx([-3])


def test_the_next_step_is_late_by_what_passes_until_its_traffic_flows() -> None:
    left, named, flows = seen(11.5, 2), seen(12, 2), seen(12.5, 2, 12)
    found = arrivals([seen(1, 1), seen(1, 1, 1), left, named, flows, seen(13, 2, 12), seen(23, None)], 10)

    assert found == pytest.approx([1.5])
    assert arrivals([seen(1, 1, 1), Seen(30, A, "rother", 2, 30)], 10) == []


def test_another_candidate_is_another_rollout() -> None:
    first = Seen(1, A, "rfirst", 1, 1)
    second = Seen(12, A, "rsecond", 1, 12)

    assert lateness([first, second, Seen(22.5, A, None, None, None)], 10) == pytest.approx([1, 0.5])


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ({}, Seen(7, A, None, None, None)),
        (
            {"candidateRevision": "rnew", "rollout": {"step": 2, "stepSeenAt": "1970-01-01T00:01:40Z"}},
            Seen(7, A, "rnew", 2, 100),
        ),
        ({"candidateRevision": "rnew", "rollout": {"step": 2}}, Seen(7, A, "rnew", 2, None)),
    ],
)
def test_what_a_resource_tells(status: dict[str, Any], expected: Seen) -> None:
    assert seen_of({"metadata": {"name": A}, "status": status}, 7) == expected
