"""How late each step of a rollout is left, and the next one flows, from what a watch tells."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Seen:
    """One version of a resource.

    Attributes:
        at: When it came, in seconds of the wall clock.
        name: Whose.
        revision: The candidate that is on its way; None: none.
        step: The step that it is at, from 1; None: no rollout is at a step.
        since: When the step's traffic was seen to flow, in seconds of the wall clock; None: not yet.
    """

    at: float
    name: str
    revision: str | None
    step: int | None
    since: float | None


def seen_of(resource: dict[str, Any], at: float) -> Seen:
    """What a resource tells of its rollout."""
    status = resource.get("status", {})
    rollout = status.get("rollout", {})
    since = rollout.get("stepSeenAt")
    return Seen(
        at=at,
        name=resource["metadata"]["name"],
        revision=status.get("candidateRevision"),
        step=rollout.get("step"),
        since=None if since is None else datetime.fromisoformat(since).timestamp(),
    )


def lateness(seen: Iterable[Seen], seconds: float) -> list[float]:
    """Seconds between the end of each step's time and the version of the resource that left the step.

    Args:
        seen: Versions in the order in which they came.
        seconds: How long each step is to last from when its traffic is seen to flow. Stamps have whole
            seconds, rounded down, so up to one second is that of the stamp.
    """
    late: list[float] = []
    under_way: dict[str, Seen] = {}
    for each in seen:
        before = under_way.pop(each.name, None)
        if before is not None and before.since is not None:
            if (each.revision, each.step) == (before.revision, before.step):
                under_way[each.name] = before
                continue
            late.append(each.at - before.since - seconds)
        if each.step is not None and each.since is not None:
            under_way[each.name] = each
    return late


def arrivals(seen: Iterable[Seen], seconds: float) -> list[float]:
    """Seconds between the end of each step's time and the version in which the next one's traffic flows.

    Args:
        seen: Versions in the order in which they came.
        seconds: How long each step is to last, as for `lateness`.
    """
    found: list[float] = []
    flowed: dict[str, Seen] = {}
    for each in seen:
        if each.step is None or each.since is None:
            continue
        before = flowed.get(each.name)
        flowed[each.name] = each
        if before is None or before.since is None or before.revision != each.revision:
            continue
        if before.step != each.step:
            found.append(each.at - before.since - seconds)
    return found
