"""From step to step: the pods first, then the traffic, then the time and the evidence."""

from dataclasses import replace
from datetime import datetime, timedelta

from modelyard_operator.api.status import Phase, RevisionState
from modelyard_operator.rollout import sizing
from modelyard_operator.rollout.evidence import Evidence
from modelyard_operator.rollout.freeze import freeze, numbers
from modelyard_operator.rollout.rules.judging import gate, is_assured, is_held
from modelyard_operator.rollout.state import STEPPING, Happening, News, State, Step
from modelyard_operator.routing.base import WHOLE, Split
from modelyard_operator.routing.guard import steer


def make_room(state: State, evidence: Evidence, now: datetime) -> Step | None:  # noqa: ARG001 - a rule
    """A Service that selects two revisions would select warm ones too: they give up their pods."""
    if not sizing.mixes(state, evidence) or state.phase is Phase.RETURNING:
        return None
    for entry in state.in_state(RevisionState.WARM):
        cold = entry.model_copy(update={"state": RevisionState.COLD, "held_replicas": None})
        return Step(state.with_entry(cold))
    return None


def prepare(state: State, evidence: Evidence, now: datetime) -> Step | None:
    """The pods for the step are there: its traffic is named, or a person is asked."""
    step, candidate = sizing.stage(state, evidence), state.entry(state.candidate)
    if state.phase is not Phase.PROGRESSING or step is None or candidate is None:
        return None
    if is_held(state, evidence) or state.step in evidence.refusals or not sizing.is_up(state, evidence):
        return None
    if not state.weight and evidence.seen is not None and candidate.name in evidence.seen.serving:
        return None  # Traffic of an earlier attempt goes back first.
    if step.approval:
        text, digest = freeze(state, evidence, candidate, now)
        after = replace(
            state,
            phase=Phase.AWAITING_APPROVAL,
            step_seen_at=now,
            evidence=text,
            evidence_digest=digest,
            approvals=(),
        )
        words = f"revision {candidate.name} waits for a decision on evidence {digest}"
        return Step(after, (News(Happening.AWAITING, candidate.name, words, numbers(evidence.analysis)),))
    weight = state.weight if step.weight is None else step.weight
    after = replace(state, phase=Phase.SHIFTING, weight=weight, shadow=step.shadow or 0, step_started_at=now)
    stable = state.entry(state.stable)
    if stable is not None:
        held = max(stable.held_replicas or 0, evidence.population(stable.name).wanted, 1)
        after = after.with_entry(stable.model_copy(update={"held_replicas": held}))
    if (weight, after.shadow) == (state.weight, state.shadow):
        return Step(after)
    after = replace(after, traffic_since=None)
    words = f"revision {candidate.name} is to get {weight} % of the traffic"
    if after.shadow:
        words += f" and copies of {after.shadow} % of the requests"
    return Step(after, (News(Happening.SHIFTED, candidate.name, words, numbers(evidence.analysis)),))


def observe(state: State, evidence: Evidence, now: datetime) -> Step | None:
    """The traffic is seen to flow as the step has it: from now on the time counts."""
    if state.phase is not Phase.SHIFTING or not flows(state, evidence):
        return None
    if (state.weight or state.shadow) and not evidence.population(state.candidate).ready:
        return None
    return Step(replace(state, phase=Phase.OBSERVING, step_seen_at=now))


def note_traffic(state: State, evidence: Evidence, now: datetime) -> Step | None:
    """The candidate's share flows, whatever step it is at: what is measured goes back to here."""
    if state.traffic_since is not None or not (state.weight or state.shadow) or not flows(state, evidence):
        return None
    if state.phase not in STEPPING or not evidence.population(state.candidate).ready:
        return None
    return Step(replace(state, traffic_since=now))


def unsettle(state: State, evidence: Evidence, now: datetime) -> Step | None:
    """The candidate lost its traffic or its pods in the middle of a step: its time begins anew."""
    if state.phase is not Phase.OBSERVING or state.candidate is None:
        return None
    lost = evidence.seen is None or (state.weight > 0 and state.candidate not in evidence.seen.serving)
    if not lost and (evidence.population(state.candidate).ready or not (state.weight or state.shadow)):
        return None
    after = replace(state, phase=Phase.SHIFTING, step_seen_at=None, traffic_since=None, step_started_at=now)
    words = f"revision {state.candidate} no longer has the traffic of its step"
    return Step(after, (News(Happening.UNSETTLED, state.candidate, words),))


def withdraw(state: State, evidence: Evidence, now: datetime) -> Step | None:
    """The routing mode, or the sizes, no longer allow the candidate's share: it would get another one."""
    if state.phase not in STEPPING or not state.weight or evidence.refused_now is None:
        return None
    after = replace(state.at_step(0, now), weight=0, shadow=0, traffic_since=None)
    words = f"traffic goes back from revision {state.candidate}: {evidence.refused_now}"
    return Step(after, (News(Happening.WITHDRAWN, state.candidate or "", words),))


def pass_step(state: State, evidence: Evidence, now: datetime) -> Step | None:
    """The step's time is over, and the newest evidence speaks for the candidate."""
    step = sizing.stage(state, evidence)
    if state.phase is not Phase.OBSERVING or step is None or state.step_seen_at is None:
        return None
    if now < state.step_seen_at + timedelta(seconds=step.seconds) or is_held(state, evidence):
        return None
    if not flows(state, evidence) or not is_assured(state, evidence, now):
        return None
    measured = numbers(evidence.analysis) if gate(state, evidence) else {}
    number = f"step {state.step + 1} of {len(evidence.policy.steps)}"
    words = f"{number} ({step}) is passed" + (": its last analysis passed" if measured else "")
    return Step(
        state.at_step(state.step + 1, now), (News(Happening.PASSED, state.candidate or "", words, measured),)
    )


def flows(state: State, evidence: Evidence) -> bool:
    """Whether traffic is seen to go as desired: exactly at none and all, else within the mode's tolerance.

    As desired means: without revisions that have no ready pod, for nobody sends these any.
    """
    ready = {name: each.ready for name, each in evidence.populations.items()}
    seen, desired = evidence.seen, steer(state.split, evidence.seen, ready)
    if seen is None or seen.serving != desired.serving:
        return False
    if (seen.shadow, seen.shadow_percent) != (desired.shadow, desired.shadow_percent):
        return False
    return _apart(seen, desired, state.candidate) <= evidence.policy.tolerance


def _apart(one: Split, other: Split, name: str | None) -> int:
    if not 0 < other.weights.get(name or "", 0) < WHOLE:
        return 0
    return abs(one.weights.get(name or "", 0) - other.weights.get(name or "", 0))
