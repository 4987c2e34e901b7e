"""The shares that revisions really got."""

import pytest

from modelyard_operator.routing.achieved import achieved


@pytest.mark.parametrize(
    ("counts", "found"),
    [
        ({}, {}),
        ({"ra": 99.0}, {}),
        ({"ra": 100.0}, {"ra": 100}),
        ({"ra": 457.0, "rb": 43.0}, {"ra": 91, "rb": 9}),
        ({"ra": 66.6, "rb": 66.6, "rc": 66.6}, {"ra": 34, "rb": 33, "rc": 33}),
        ({"ra": 2000.0, "rb": 0.0}, {"ra": 100}),
    ],
)
def test_shares_of_what_was_counted(counts: dict[str, float], found: dict[str, int]) -> None:
    assert achieved(counts) == found
