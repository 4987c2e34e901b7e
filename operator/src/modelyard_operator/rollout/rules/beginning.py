"""How a rollout begins: from the spec, from a command that rolls back, and anew when its steps change."""

from dataclasses import replace
from datetime import datetime

from modelyard_operator.api.status import Phase, RevisionState, RevisionStatus
from modelyard_operator.rollout import sizing
from modelyard_operator.rollout.evidence import Evidence
from modelyard_operator.rollout.rules.promotion import name_stable
from modelyard_operator.rollout.state import STEPPING, Happening, News, State, Step

MAX_NAMES = 16


def recognise(state: State, evidence: Evidence, now: datetime) -> Step | None:  # noqa: ARG001 - a rule
    """Another way to write the source of a known revision."""
    known = state.entry(evidence.asked.revision)
    if known is None or known.model_key == evidence.asked.model_key:
        return None
    return Step(state.with_entry(known.model_copy(update={"model_key": evidence.asked.model_key})))


def forget_roll_back(state: State, evidence: Evidence, now: datetime) -> Step | None:  # noqa: ARG001 - a rule
    """A roll-back by command holds against what the spec asked for then, and against nothing else.

    One to what the spec asks for itself holds until that serves.
    """
    if state.back_to is None:
        return None
    asked = evidence.asked.revision
    if state.entry(state.back_to) is None:
        holds = False
    elif asked == state.back_to:
        holds = asked != state.stable and state.rejection(asked) is None
    else:
        holds = asked is None or state.rejection(asked) is not None
    return None if holds else Step(replace(state, back_to=None))


def start(state: State, evidence: Evidence, now: datetime) -> Step | None:
    """Another revision should serve: go back to a warm one at once, else start a candidate."""
    name = state.back_to or evidence.asked.revision
    if name is None or state.phase in (Phase.PROMOTING, Phase.RETURNING):
        return None
    if state.back_to is None and (evidence.asked.pinned is None or evidence.policy.paused):
        return None
    if name in (state.stable, state.candidate) or state.candidate is not None or state.rejection(name):
        return None
    known = state.entry(name)
    if known is not None and known.state is RevisionState.WARM and known.held_replicas:
        enough = max(1, min(known.held_replicas, sizing.needed(state, evidence)))
        if evidence.population(name).ready >= enough:
            return Step(name_stable(state, known, evidence, now))
    if known is None:
        known = RevisionStatus(
            name=name,
            state=RevisionState.CANDIDATE,
            model_key=evidence.asked.model_key,
            pinned=evidence.asked.pinned or "",
            created_at=now,
        )
        news = News(Happening.CREATED, name, f"revision {name} serves {known.pinned}")
    else:
        news = News(Happening.STARTED, name, f"revision {name} starts again")
    candidate = known.model_copy(update={"state": RevisionState.CANDIDATE, "held_replicas": None})
    after = replace(
        state.with_entry(candidate).at_rest().at_step(0, now),
        candidate=name,
        started_at=now,
        plan=evidence.policy.plan,
    )
    # What somebody goes back to served before: it goes through no steps.
    return Step(replace(after, unconditional=state.back_to is not None), (news,))


def note_changer(state: State, evidence: Evidence, now: datetime) -> Step | None:  # noqa: ARG001 - a rule
    """Whoever has a hand in what is asked for is remembered: some of them may not approve it.

    From the first change on, since a second one may come before the first has become a candidate.
    """
    if state.candidate is None and evidence.asked.revision in (state.stable, None):
        settled = evidence.asked.revision is not None and state.changed_by
        if settled:
            return Step(replace(state, changed_by=()))
    name, known = evidence.changed_by, state.changed_by
    is_new = evidence.asked.revision is None or evidence.asked.revision != state.stable
    if not name or name in known or len(known) >= MAX_NAMES or not (is_new or state.candidate):
        return None
    return Step(replace(state, changed_by=(*state.changed_by, name)))


def restart(state: State, evidence: Evidence, now: datetime) -> Step | None:
    """The steps were changed: what was passed was passed under others."""
    if state.stable is None or state.phase not in STEPPING or state.unconditional:
        return None
    if state.plan == evidence.policy.plan:
        return None
    after = replace(state.at_step(0, now), weight=0, shadow=0, traffic_since=None, plan=evidence.policy.plan)
    words = f"spec.rollout.steps changed: revision {state.candidate} begins again at the first step"
    return Step(after, (News(Happening.RESTARTED, state.candidate or "", words),))
