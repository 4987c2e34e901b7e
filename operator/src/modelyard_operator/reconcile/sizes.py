"""How many pods each revision is given: bounds for its autoscaler, and sizes to set at once."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from modelyard_operator.api.status import Phase, RevisionState
from modelyard_operator.kube.objects import Child, DeploymentState
from modelyard_operator.reconcile.model import Scale
from modelyard_operator.rollout.machine import needed
from modelyard_operator.rollout.state import Evidence, State

SHARED = 1
"""The size of a Deployment that all revisions share: two caches would answer each other's misses."""


class Bounds(NamedTuple):
    """The autoscaler's bounds; a Deployment below `minimum` is raised to it at once."""

    minimum: int
    maximum: int


def bounds(state: State, evidence: Evidence) -> dict[str, Bounds]:
    """The bounds of every revision that has pods.

    The candidate is held at what it needs to take over; a warm revision at the size it had when it served;
    the revision that was just named stable at its candidate size until traffic has moved, and from then on
    it is its autoscaler's.
    """
    policy = evidence.policy
    found: dict[str, Bounds] = {}
    for entry in state.revisions:
        match entry.state:
            case RevisionState.CANDIDATE:
                minimum = needed(state, evidence)
            case RevisionState.STABLE:
                held = entry.held_replicas if state.phase is Phase.PROMOTING else None
                minimum = max(policy.minimum, held or 0)
            case RevisionState.WARM:
                minimum = entry.held_replicas or policy.minimum
            case _:
                continue
        found[entry.name] = Bounds(minimum, max(policy.maximum, minimum))
    return found


def scales(state: State, limits: Mapping[str, Bounds], deployments: Iterable[Child]) -> tuple[Scale, ...]:
    """The sizes to set now. A size within its bounds is the autoscaler's and is left alone."""
    remembered = {entry.name for entry in state.revisions}
    found: list[Scale] = []
    for child in deployments:
        if child.deleting or not isinstance(child.state, DeploymentState):
            continue
        if child.revision is None:
            size = SHARED
        elif child.revision in limits:
            size = max(child.state.wanted, limits[child.revision].minimum)
        elif child.revision in remembered:
            size = 0
        else:
            continue
        if size != child.state.wanted:
            found.append(Scale(child.key.name, size))
    return tuple(found)
