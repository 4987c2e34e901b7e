"""How many pods each revision is given: bounds for its autoscaler, and sizes to set at once."""

from collections.abc import Iterable, Mapping

from modelyard_operator.api.status import RevisionState
from modelyard_operator.kube.objects import Child, DeploymentState
from modelyard_operator.reconcile.model import Scale
from modelyard_operator.rollout.evidence import Evidence
from modelyard_operator.rollout.sizing import Bounds, candidate_bounds, stable_bounds
from modelyard_operator.rollout.state import State

SHARED = 1
"""The size of a Deployment that all revisions share: two caches would answer each other's misses."""


def bounds(state: State, evidence: Evidence, *, may_sleep: bool = False) -> dict[str, Bounds]:
    """The bounds of every revision that has pods.

    The candidate is held at what its step needs; a warm revision at the size it had when it served; the
    stable one at what a roll-back needs or, when it was just named so, at its candidate size until traffic
    has moved. Else it is its autoscaler's.

    Args:
        state: What is remembered.
        evidence: What is seen.
        may_sleep: Whether the stable revision may have no pods.
    """
    found: dict[str, Bounds] = {}
    for entry in state.revisions:
        match entry.state:
            case RevisionState.CANDIDATE:
                found[entry.name] = candidate_bounds(state, evidence)
            case RevisionState.STABLE:
                found[entry.name] = stable_bounds(state, evidence)._replace(may_sleep=may_sleep)
            case RevisionState.WARM:
                size = entry.held_replicas or evidence.policy.minimum
                found[entry.name] = Bounds(size, max(evidence.policy.maximum, size))
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
            limit = limits[child.revision]
            if limit.may_sleep and not child.state.wanted:
                continue
            size = limit.minimum if limit.is_pin else max(child.state.wanted, limit.minimum)
        elif child.revision in remembered:
            size = 0
        else:
            continue
        if size != child.state.wanted:
            found.append(Scale(child.key.name, size))
    return tuple(found)
