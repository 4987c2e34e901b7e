"""How many pods a share of the traffic takes, and whether a candidate has them. Pure.

Where a mesh splits the traffic, a candidate that gets w per cent is given w per cent of the stable revision's
pods. Where the numbers of pods are the split (`Policy.by_count`), a share in between is a number of pods
beside the stable revision's, and the smaller side is pinned at it.
"""

from typing import NamedTuple

from modelyard_operator.api.status import Phase
from modelyard_operator.rollout.evidence import Evidence, Stage
from modelyard_operator.rollout.state import State
from modelyard_operator.routing import ratio
from modelyard_operator.routing.base import WHOLE


class Bounds(NamedTuple):
    """The autoscaler's bounds; a Deployment below `minimum` is raised to it at once."""

    minimum: int
    maximum: int
    is_pin: bool = False
    """The number is a share of the traffic: what is above it is lowered at once as well."""
    may_sleep: bool = False
    """A Deployment without pods is left so: requests that come are held, and wake it."""


def stage(state: State, evidence: Evidence) -> Stage | None:
    """The step that the candidate is at; None: all are done, or it needs none.

    The first revision goes through no steps: nothing serves that they could protect.
    """
    if state.candidate is None or state.stable is None or state.unconditional:
        return None
    steps = evidence.policy.steps
    return steps[state.step] if state.step < len(steps) else None


def needed(state: State, evidence: Evidence) -> int:
    """Pods that a revision must have before it may take over: as many as the stable one has now."""
    size = evidence.population(state.stable).wanted
    return max(evidence.policy.minimum, min(evidence.policy.maximum, size))


def share(state: State, evidence: Evidence) -> int:
    """Per cent of the traffic that the candidate must have pods for: copies are work like any other."""
    step = stage(state, evidence)
    weight = state.weight if step is None or step.weight is None else step.weight
    shadow = state.shadow
    if step is not None and not step.approval:
        shadow = step.shadow or 0
    return min(WHOLE, weight + shadow)


def mixes(state: State, evidence: Evidence) -> bool:
    """Whether the Service has, or is about to have, the pods of both revisions."""
    if not evidence.policy.by_count or state.stable is None or state.candidate is None:
        return False
    step = stage(state, evidence)
    weight = state.weight if step is None or step.weight is None else step.weight
    return 0 < weight < WHOLE


def mixed_weight(state: State, evidence: Evidence) -> int:
    """The weight that the numbers of pods are to make, where `mixes`."""
    step = stage(state, evidence)
    return state.weight if step is None or step.weight is None else step.weight


def beside(state: State, evidence: Evidence, weight: int) -> int:
    """The stable revision's pods that numbers of pods make a weight beside."""
    held = _held(state, evidence)
    if weight * 2 > WHOLE and held:
        return held  # The stable revision follows the candidate then, not the other way round.
    return max(1, held, min(evidence.population(state.stable).wanted, evidence.policy.maximum))


def pinned(state: State, evidence: Evidence) -> int:
    """The candidate's pods at the weight that numbers of pods make."""
    weight = mixed_weight(state, evidence)
    return ratio.pins(beside(state, evidence, weight), weight, evidence.policy.maximum).pods


def required(state: State, evidence: Evidence) -> int:
    """Ready pods with which the candidate may have what its step asks for."""
    if not evidence.population(state.stable).ready:
        return 1  # One is enough where nothing serves.
    if stage(state, evidence) is None:
        return needed(state, evidence)
    if mixes(state, evidence):
        return pinned(state, evidence)
    size = evidence.population(state.stable).wanted
    part = -(-share(state, evidence) * size // WHOLE)
    return max(evidence.policy.minimum, min(evidence.policy.maximum, part))


def candidate_bounds(state: State, evidence: Evidence) -> Bounds:
    """The candidate's: what its step needs, or a pin."""
    policy = evidence.policy
    if state.phase is Phase.RETURNING:
        size = max(1, evidence.population(state.candidate).wanted)
        return Bounds(size, max(policy.maximum, size))  # Nothing is taken from it while it has traffic.
    if stage(state, evidence) is None:
        size = needed(state, evidence)
        return Bounds(size, max(policy.maximum, size))
    if mixes(state, evidence):
        size = pinned(state, evidence)
        larger = mixed_weight(state, evidence) * 2 > WHOLE
        return Bounds(size, max(policy.maximum, size)) if larger else Bounds(size, size, is_pin=True)
    part = -(-share(state, evidence) * evidence.population(state.stable).wanted // WHOLE)
    size = max(policy.minimum, min(policy.maximum, part))
    return Bounds(size, max(policy.maximum, size))


def stable_bounds(state: State, evidence: Evidence) -> Bounds:
    """The stable revision's: never below what a full roll-back needs while a candidate has traffic."""
    policy = evidence.policy
    size = max(policy.minimum, _held(state, evidence))
    if state.phase is not Phase.RETURNING and mixes(state, evidence):
        weight = mixed_weight(state, evidence)
        if weight * 2 > WHOLE and state.weight == weight:
            # The candidate is the larger side and grows with the load: this one follows it.
            pods = evidence.population(state.candidate).wanted
            size = max(size, ratio.pins(max(1, pods), WHOLE - weight, policy.maximum).pods)
            return Bounds(size, size)
    return Bounds(size, max(policy.maximum, size))


def _held(state: State, evidence: Evidence) -> int:
    """What the stable revision is not to be made smaller than; 0: anything."""
    entry = state.entry(state.stable)
    held = (entry.held_replicas or 0) if entry is not None else 0
    # While it takes over it is held at what was ready; later, `maxReplicas` may have been lowered.
    return held if state.phase is Phase.PROMOTING else min(held, evidence.policy.maximum)


def is_up(state: State, evidence: Evidence) -> bool:
    """Whether the candidate has the pods that its step needs, and nobody is in the way."""
    seen = evidence.population(state.candidate)
    if not seen.observed or seen.ready < required(state, evidence):
        return False
    if waits_for_stable(state, evidence):
        return False
    if not mixes(state, evidence) or not evidence.population(state.stable).ready:
        return True
    if state.weight == 0 and max(seen.wanted, seen.pods) > pinned(state, evidence):
        return False
    return not bystanders(state, evidence)


def waits_for_stable(state: State, evidence: Evidence) -> bool:
    """Whether a step waits for the stable revision to wake: beside one without pods, a share is all."""
    return evidence.waking and stage(state, evidence) is not None


def bystanders(state: State, evidence: Evidence) -> list[str]:
    """Other revisions that have pods: a Service that selects both revisions would select them too."""
    return sorted(
        name
        for name, each in evidence.populations.items()
        if name not in (state.stable, state.candidate) and (each.wanted or each.ready or each.pods)
    )
