"""What becomes of former revisions: warm, cold, forgotten."""

from datetime import datetime, timedelta

from modelyard_operator.api.status import Phase, RevisionState, RevisionStatus
from modelyard_operator.rollout.evidence import Evidence
from modelyard_operator.rollout.state import State, Step

RETIRED = (RevisionState.WARM, RevisionState.COLD)


def expire(state: State, evidence: Evidence, now: datetime) -> Step | None:
    """A former revision stays warm for the roll-back window, and only the newest `keepWarm` of them do.

    One that was rolled back from is not gone back to by itself: it needs no pods.
    """
    if state.phase is Phase.PROMOTING:
        return None
    warm = sorted(state.in_state(RevisionState.WARM), key=_retirement, reverse=True)
    for place, entry in enumerate(warm):
        since = _retirement(entry)[0]
        kept = place < evidence.policy.keep_warm and now < since + timedelta(seconds=evidence.policy.window)
        kept = kept and state.rejection(entry.name) is None
        if not kept and not _is_in_use(entry, evidence):
            cold = entry.model_copy(update={"state": RevisionState.COLD, "held_replicas": None})
            return Step(state.with_entry(cold))
    return None


def prune(state: State, evidence: Evidence, now: datetime) -> Step | None:  # noqa: ARG001 - a rule
    """Former revisions beyond `keepRevisions` are forgotten; warm ones count, but are never cut short."""
    if state.phase is Phase.PROMOTING:
        return None
    retired = sorted(state.in_state(*RETIRED), key=_retirement, reverse=True)
    beyond = [
        entry.name
        for place, entry in enumerate(retired)
        if place >= evidence.policy.keep_revisions
        and entry.state is RevisionState.COLD
        and not _is_in_use(entry, evidence)
        and entry.name not in (evidence.asked.revision, state.back_to)
    ]
    return Step(state.without(beyond[-1])) if beyond else None


def _is_in_use(entry: RevisionStatus, evidence: Evidence) -> bool:
    return entry.name == evidence.selected or evidence.reaches(entry.name)


def _retirement(entry: RevisionStatus) -> tuple[datetime, datetime, str]:
    """What retired revisions are ordered by."""
    return (entry.retired_at or entry.created_at, entry.created_at, entry.name)
