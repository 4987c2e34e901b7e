"""The rollout's state machine: one pure step at a time, from what is remembered and what is seen.

Without steps in the spec a rollout is: start the candidate beside the stable revision at the size it needs,
name it stable once it is ready (`PROMOTING`), move the Service, and go back to `IDLE` when the live Service
is seen to select it. The former stable revision stays warm for a roll-back, then cold, then is forgotten.

Each rule below is a small function that returns a step or None; the first that returns a step wins. The
caller persists the new state before it acts on it, so a crash anywhere is another start of the same function.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from modelyard_operator.api.status import (
    MAX_MESSAGE,
    MAX_REJECTED,
    MAX_REVISIONS,
    Phase,
    Rejected,
    RevisionState,
    RevisionStatus,
)
from modelyard_operator.rollout.state import Evidence, Failure, Happening, News, State, Step

Rule = Callable[[State, Evidence, datetime], Step | None]

RETIRED = (RevisionState.WARM, RevisionState.COLD)


def needed(state: State, evidence: Evidence) -> int:
    """Pods that a revision must have before it may take over: as many as the stable one has now."""
    size = evidence.population(state.stable).wanted
    return max(evidence.policy.minimum, min(evidence.policy.maximum, size))


def ready_to_serve(state: State, evidence: Evidence) -> int:
    """Ready pods with which the candidate takes over: one is enough where nothing serves."""
    return needed(state, evidence) if evidence.population(state.stable).ready else 1


def confirm(state: State, evidence: Evidence, now: datetime) -> Step | None:
    """The live Service selects the revision that was named stable: the promotion is done."""
    stable = state.entry(state.stable)
    if state.phase is not Phase.PROMOTING or stable is None or evidence.selected != stable.name:
        return None
    if evidence.population(stable.name).wanted < (stable.held_replicas or 0):
        return None
    back = stable.retired_at is not None
    settled = stable.model_copy(update={"held_replicas": None, "retired_at": None})
    news = News(
        Happening.ROLLED_BACK if back else Happening.PROMOTED,
        stable.name,
        f"revision {stable.name} serves" + (" again" if back else ""),
    )
    after = replace(state.with_entry(settled), phase=Phase.IDLE, started_at=None, promoted_at=now)
    return Step(after, (news,))


def take_back(state: State, evidence: Evidence, now: datetime) -> Step | None:
    """Traffic has not moved yet, and must not: the new pods went away or the spec asks for something else."""
    new, former = state.entry(state.stable), state.entry(evidence.selected)
    if state.phase is not Phase.PROMOTING or new is None or former is None or former.name == new.name:
        return None
    if not evidence.population(former.name).ready:
        return None
    if evidence.population(new.name).ready and evidence.asked.is_met_by(new):
        return None
    candidate = new.model_copy(update={"state": RevisionState.CANDIDATE, "held_replicas": None})
    again = former.model_copy(
        update={"state": RevisionState.STABLE, "held_replicas": None, "retired_at": None}
    )
    after = replace(
        state.with_entry(candidate).with_entry(again),
        phase=Phase.PROGRESSING,
        stable=former.name,
        candidate=new.name,
        started_at=state.started_at or now,
    )
    words = f"revision {former.name} goes on serving: traffic had not moved to {new.name} yet"
    return Step(after, (News(Happening.TAKEN_BACK, new.name, words),))


def supersede(state: State, evidence: Evidence, now: datetime) -> Step | None:  # noqa: ARG001 - a rule
    """The spec no longer asks for the candidate."""
    candidate = state.entry(state.candidate)
    if candidate is None or evidence.asked.is_met_by(candidate):
        return None
    after = replace(_put_away(state, candidate), phase=Phase.IDLE, candidate=None, started_at=None)
    words = f"revision {candidate.name} is no longer asked for"
    return Step(after, (News(Happening.SUPERSEDED, candidate.name, words),))


def put_away_rejected(state: State, evidence: Evidence, now: datetime) -> Step | None:  # noqa: ARG001 - a rule
    """A rejected revision is kept for its looks only while the spec asks for it."""
    for entry in state.in_state(RevisionState.REJECTED):
        if not evidence.asked.is_met_by(entry) or state.rejection(entry.name) is None:
            return Step(_put_away(state, entry))
    return None


def recognise(state: State, evidence: Evidence, now: datetime) -> Step | None:  # noqa: ARG001 - a rule
    """Another way to write the source of a known revision."""
    known = state.entry(evidence.asked.revision)
    if known is None or known.model_key == evidence.asked.model_key:
        return None
    return Step(state.with_entry(known.model_copy(update={"model_key": evidence.asked.model_key})))


def start(state: State, evidence: Evidence, now: datetime) -> Step | None:
    """The spec asks for another revision: go back to a warm one at once, else start a candidate."""
    name = evidence.asked.revision
    if name is None or evidence.asked.pinned is None or evidence.policy.paused:
        return None
    if state.phase is Phase.PROMOTING or name in (state.stable, state.candidate) or state.rejection(name):
        return None
    known = state.entry(name)
    if known is not None and known.state is RevisionState.WARM and known.held_replicas:
        enough = max(1, min(known.held_replicas, needed(state, evidence)))
        if evidence.population(name).ready >= enough:
            return Step(_promote(state, known, evidence, now))
    news: tuple[News, ...] = ()
    if known is None:
        news = (News(Happening.CREATED, name, f"revision {name} serves {evidence.asked.pinned}"),)
        known = RevisionStatus(
            name=name,
            state=RevisionState.CANDIDATE,
            model_key=evidence.asked.model_key,
            pinned=evidence.asked.pinned,
            created_at=now,
        )
    candidate = known.model_copy(update={"state": RevisionState.CANDIDATE, "held_replicas": None})
    after = replace(state.with_entry(candidate), phase=Phase.PROGRESSING, candidate=name, started_at=now)
    return Step(after, news)


def promote(state: State, evidence: Evidence, now: datetime) -> Step | None:
    """The candidate is ready at the size it needs."""
    candidate = state.entry(state.candidate)
    if candidate is None or evidence.policy.paused:
        return None
    seen = evidence.population(candidate.name)
    if not seen.observed or seen.ready < ready_to_serve(state, evidence):
        return None
    return Step(_promote(state, candidate, evidence, now))


def reject(state: State, evidence: Evidence, now: datetime) -> Step | None:
    """The candidate failed for good, or missed its deadline, while another revision serves.

    The first revision is never given up: nothing would be left to serve.
    """
    candidate = state.entry(state.candidate)
    if candidate is None or state.stable is None:
        return None
    failure = evidence.failure
    if failure is None or not failure.fatal:
        if not is_late(state, evidence, now):
            return None
        if evidence.population(candidate.name).ready >= ready_to_serve(state, evidence):
            return None
        failure = lateness(state, evidence)
    words = failure.message[:MAX_MESSAGE]
    rejection = Rejected(revision=candidate.name, reason=failure.reason, message=words, at=now)
    others = tuple(r for r in state.rejected if r.revision != candidate.name)
    after = replace(
        state.with_entry(candidate.model_copy(update={"state": RevisionState.REJECTED})),
        phase=Phase.IDLE,
        candidate=None,
        started_at=None,
        rejected=(*others, rejection)[-MAX_REJECTED:],
    )
    return Step(after, (News(Happening.REJECTED, candidate.name, f"{failure.reason}: {failure.message}"),))


def expire(state: State, evidence: Evidence, now: datetime) -> Step | None:
    """A former revision stays warm for the roll-back window, and only the newest `keepWarm` of them do."""
    if state.phase is Phase.PROMOTING:
        return None
    warm = sorted(state.in_state(RevisionState.WARM), key=_retirement, reverse=True)
    for place, entry in enumerate(warm):
        since = _retirement(entry)[0]
        kept = place < evidence.policy.keep_warm and now < since + timedelta(seconds=evidence.policy.window)
        if not kept and entry.name != evidence.selected:
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
        and entry.name not in (evidence.selected, evidence.asked.revision)
    ]
    return Step(state.without(beyond[-1])) if beyond else None


RULES: tuple[Rule, ...] = (
    confirm,
    take_back,
    supersede,
    put_away_rejected,
    recognise,
    start,
    promote,
    reject,
    expire,
    prune,
)

MAX_STEPS = 4 * MAX_REVISIONS


def next_step(state: State, evidence: Evidence, now: datetime) -> Step | None:
    """The next step from `state`, or None when there is nothing to do but wait."""
    for rule in RULES:
        step = rule(state, evidence, now)
        if step is not None:
            return step
    return None


def run(state: State, evidence: Evidence, now: datetime) -> Step:
    """All steps that the same evidence allows, as one.

    Raises:
        RuntimeError: the rules undo each other. It is a fault of this module.
    """
    news: tuple[News, ...] = ()
    for _ in range(MAX_STEPS):
        step = next_step(state, evidence, now)
        if step is None:
            return Step(state, news)
        state, news = step.state, news + step.news
    raise RuntimeError(f"the rollout does not come to rest: {state}")


def is_late(state: State, evidence: Evidence, now: datetime) -> bool:
    """Whether the candidate has passed its deadline."""
    if state.started_at is None:
        return False
    return now >= state.started_at + timedelta(seconds=evidence.policy.deadline)


def lateness(state: State, evidence: Evidence) -> Failure:
    """Why the candidate is late: its pods' own words, if there are any."""
    seen = evidence.population(state.candidate)
    words = (
        f"{seen.ready} of {ready_to_serve(state, evidence)} pods were ready "
        f"within {evidence.policy.deadline:g} s (spec.rollout.deadline)"
    )
    if evidence.failure is None:
        return Failure("DeadlineExceeded", words)
    # What must not be cut off comes first.
    return Failure(evidence.failure.reason, f"{words}: {evidence.failure.message}")


def _promote(state: State, new: RevisionStatus, evidence: Evidence, now: datetime) -> State:
    """`new` is named stable, held at the size it needs; the former stable revision stays warm at its size."""
    held = needed(state, evidence)
    former = state.entry(state.stable)
    if former is not None:
        retired = {
            "state": RevisionState.WARM,
            "retired_at": now,
            "held_replicas": max(1, evidence.population(former.name).wanted),
        }
        state = state.with_entry(former.model_copy(update=retired))
    stable = new.model_copy(update={"state": RevisionState.STABLE, "held_replicas": held})
    return replace(
        state.with_entry(stable),
        phase=Phase.PROMOTING,
        stable=new.name,
        candidate=None,
        started_at=state.started_at if state.candidate == new.name else now,
        rejected=tuple(r for r in state.rejected if r.revision != new.name),
    )


def _put_away(state: State, entry: RevisionStatus) -> State:
    """Cold when it ever served (so that it can be gone back to), else forgotten."""
    if entry.retired_at is None:
        return state.without(entry.name)
    return state.with_entry(entry.model_copy(update={"state": RevisionState.COLD, "held_replicas": None}))


def _retirement(entry: RevisionStatus) -> tuple[datetime, datetime, str]:
    """What retired revisions are ordered by."""
    return (entry.retired_at or entry.created_at, entry.created_at, entry.name)
