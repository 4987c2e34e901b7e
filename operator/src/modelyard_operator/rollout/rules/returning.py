"""A candidate that is not to go on: traffic goes back to the stable revision first, then it is put away."""

from dataclasses import replace
from datetime import datetime

from modelyard_operator.api.status import (
    MAX_MESSAGE,
    MAX_REJECTED,
    Phase,
    Rejected,
    RevisionState,
    RevisionStatus,
)
from modelyard_operator.rollout.evidence import Evidence, Failure
from modelyard_operator.rollout.freeze import numbers
from modelyard_operator.rollout.state import Happening, News, State, Step


def is_wanted(state: State, evidence: Evidence, entry: RevisionStatus) -> bool:
    """Whether a revision is what should serve: by the spec, or by a command that rolled back to it."""
    return entry.name == state.back_to or (state.back_to is None and evidence.asked.is_met_by(entry))


def with_rejection(state: State, name: str, failure: Failure, now: datetime) -> State:
    """The revision is given up, and not tried again by itself."""
    rejection = Rejected(revision=name, reason=failure.reason, message=failure.message[:MAX_MESSAGE], at=now)
    others = tuple(r for r in state.rejected if r.revision != name)
    return replace(state, rejected=(*others, rejection)[-MAX_REJECTED:])


def send_back(state: State) -> State:
    """All traffic is to go to the stable revision; the candidate stays until it is seen to be there."""
    return replace(
        state,
        phase=Phase.RETURNING,
        weight=0,
        shadow=0,
        step_seen_at=None,
        traffic_since=None,
        paused=False,
        unconditional=False,
    )


def give_up(state: State, evidence: Evidence, failure: Failure, now: datetime) -> Step:
    """The candidate is aborted, with the cause."""
    name = state.candidate or ""
    after = send_back(with_rejection(state, name, failure, now))
    measured = numbers(evidence.analysis) if state.weight or state.shadow else {}
    return Step(after, (News(Happening.REJECTED, name, f"{failure.reason}: {failure.message}", measured),))


def supersede(state: State, evidence: Evidence, now: datetime) -> Step | None:  # noqa: ARG001 - a rule
    """The spec no longer asks for the candidate."""
    candidate = state.entry(state.candidate)
    if candidate is None or state.phase is Phase.RETURNING or is_wanted(state, evidence, candidate):
        return None
    words = f"revision {candidate.name} is no longer asked for"
    news = News(Happening.SUPERSEDED, candidate.name, words)
    if state.stable is None:
        return Step(put_away(state, candidate).at_rest(), (news,))
    return Step(send_back(state), (news,))


def returned(state: State, evidence: Evidence, now: datetime) -> Step | None:  # noqa: ARG001 - a rule
    """Traffic is seen to be back: the candidate may go. Copies that still come to it are nobody's loss."""
    candidate = state.entry(state.candidate)
    if candidate is None or state.phase is not Phase.RETURNING:
        return None
    if evidence.seen is None or candidate.name in evidence.seen.serving:
        return None
    stable = state.entry(state.stable)
    if stable is not None:
        state = state.with_entry(stable.model_copy(update={"held_replicas": None}))
    if state.rejection(candidate.name) is not None:
        rejected = candidate.model_copy(update={"state": RevisionState.REJECTED})
        return Step(state.with_entry(rejected).at_rest())
    return Step(put_away(state, candidate).at_rest())


def put_away_rejected(state: State, evidence: Evidence, now: datetime) -> Step | None:  # noqa: ARG001 - a rule
    """A rejected revision is kept for its looks only while the spec asks for it."""
    for entry in state.in_state(RevisionState.REJECTED):
        if not evidence.asked.is_met_by(entry) or state.rejection(entry.name) is None:
            return Step(put_away(state, entry))
    return None


def put_away(state: State, entry: RevisionStatus) -> State:
    """Cold when it ever served (so that it can be gone back to), else forgotten."""
    if entry.retired_at is None:
        return state.without(entry.name)
    return state.with_entry(entry.model_copy(update={"state": RevisionState.COLD, "held_replicas": None}))
