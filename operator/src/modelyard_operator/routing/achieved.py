"""The shares that revisions really got, from what their pods counted. Pure."""

from collections.abc import Mapping

from modelyard_operator.routing.guard import shares

ENOUGH = 100
"""Requests below which a share says more about chance than about the route."""


def achieved(counts: Mapping[str, float]) -> dict[str, int]:
    """Per cent of the requests by revision, summing to 100; empty while there are too few to tell.

    Args:
        counts: Requests answered by each revision in one window; copies of requests are left out.
    """
    whole = {name: round(count) for name, count in counts.items() if count >= 0.5}
    return shares(whole) if sum(whole.values()) >= ENOUGH else {}
