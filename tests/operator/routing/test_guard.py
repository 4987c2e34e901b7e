"""Traffic never goes from ready pods to none, and every split sums to 100."""

import hypothesis.strategies as st
import pytest
from hypothesis import given

from modelyard_operator.routing.base import Split
from modelyard_operator.routing.guard import shares, steer

NAMES = ("ra", "rb", "rc")


@pytest.mark.parametrize(
    ("desired", "seen", "ready", "steered"),
    [
        ({}, None, {}, {}),
        ({"rb": 100}, {}, {"rb": 1}, {"rb": 100}),
        ({"rb": 100}, {"ra": 100}, {"ra": 1, "rb": 1}, {"rb": 100}),
        ({"rb": 100}, {"ra": 100}, {"ra": 1}, {"ra": 100}),
        ({"rb": 100}, {"ra": 100}, {}, {"rb": 100}),
        ({"ra": 90, "rb": 10}, {"ra": 100}, {"ra": 2}, {"ra": 100}),
        ({"ra": 90, "rb": 10}, {"ra": 100}, {"ra": 2, "rb": 1}, {"ra": 90, "rb": 10}),
        ({"ra": 90, "rb": 10}, {"ra": 90, "rb": 10}, {"rb": 1}, {"rb": 100}),
    ],
    ids=["nothing", "first", "move", "not to nobody", "nobody", "in part", "both", "stable went away"],
)
def test_it_never_leaves_ready_pods_for_none(desired, seen, ready, steered):
    found = steer(Split(desired), None if seen is None else Split(seen), ready)
    assert found == Split(steered)


@pytest.mark.parametrize(("ready", "shadow"), [(1, "rb"), (0, None)])
def test_copies_go_only_where_somebody_takes_them(ready, shadow):
    found = steer(Split({"ra": 100}, "rb", 50), None, {"ra": 1, "rb": ready})
    assert (found.shadow, found.shadow_percent) == (shadow, 50 if shadow else 0)


WEIGHTS = st.dictionaries(st.sampled_from(NAMES), st.integers(0, 100), max_size=3)


@given(WEIGHTS, st.none() | WEIGHTS, st.dictionaries(st.sampled_from(NAMES), st.integers(0, 3)))
def test_whatever_is_asked_it_sums_to_100_and_reaches_ready_pods_where_there_are_any(desired, seen, ready):
    found = steer(Split(shares(desired)), None if seen is None else Split(shares(seen)), ready)
    assert sum(found.weights.values()) in (0, 100)
    reachable = [n for each in (desired, seen or {}) for n, w in shares(each).items() if w and ready.get(n)]
    if reachable:
        assert all(ready.get(name) for name in found.serving)
