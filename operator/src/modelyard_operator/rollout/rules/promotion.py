"""The candidate becomes the stable revision: it is named so, and the route follows."""

from dataclasses import replace
from datetime import datetime

from modelyard_operator.api.status import Phase, RevisionState, RevisionStatus
from modelyard_operator.rollout import sizing
from modelyard_operator.rollout.evidence import Evidence
from modelyard_operator.rollout.rules.judging import holds_up, is_fresh, is_paused
from modelyard_operator.rollout.rules.returning import is_wanted
from modelyard_operator.rollout.state import Happening, News, State, Step
from modelyard_operator.routing.base import Split


def confirm(state: State, evidence: Evidence, now: datetime) -> Step | None:
    """Traffic is seen to go to the revision that was named stable: the promotion is done."""
    stable = state.entry(state.stable)
    if state.phase is not Phase.PROMOTING or stable is None or evidence.selected != stable.name:
        return None
    if evidence.seen != Split.whole(stable.name):
        return None
    is_short = evidence.population(stable.name).wanted < (stable.held_replicas or 0)
    if is_short and is_wanted(state, evidence, stable):
        return None
    back = stable.retired_at is not None
    settled = stable.model_copy(update={"held_replicas": None, "retired_at": None})
    news = News(
        Happening.ROLLED_BACK if back else Happening.PROMOTED,
        stable.name,
        f"revision {stable.name} serves" + (" again" if back else ""),
    )
    return Step(replace(state.with_entry(settled).at_rest(), promoted_at=now), (news,))


def take_back(state: State, evidence: Evidence, now: datetime) -> Step | None:
    """Traffic has not moved yet, and must not: the new pods went away or the spec asks for something else."""
    new = state.entry(state.stable)
    if state.phase is not Phase.PROMOTING or new is None or evidence.seen is None:
        return None
    former = _former(state, evidence, new)
    if former is None or (evidence.population(new.name).ready and is_wanted(state, evidence, new)):
        return None
    candidate = new.model_copy(update={"state": RevisionState.CANDIDATE, "held_replicas": None})
    again = former.model_copy(
        update={"state": RevisionState.STABLE, "held_replicas": None, "retired_at": None}
    )
    began = state.started_at or now
    after = replace(
        state.with_entry(candidate).with_entry(again).at_step(0, state.step_started_at or began),
        stable=former.name,
        candidate=new.name,
        started_at=began,
        plan=evidence.policy.plan,
    )
    words = f"revision {former.name} goes on serving: traffic had not moved to {new.name} yet"
    return Step(after, (News(Happening.TAKEN_BACK, new.name, words),))


def _former(state: State, evidence: Evidence, new: RevisionStatus) -> RevisionStatus | None:
    """The revision that still has traffic and could keep it."""
    serving = evidence.seen.serving if evidence.seen is not None else frozenset()
    entries = (state.entry(name) for name in sorted(serving - {new.name}))
    return next((e for e in entries if e is not None and evidence.population(e.name).ready), None)


def promote(state: State, evidence: Evidence, now: datetime) -> Step | None:
    """The candidate has passed every step, and is ready at the size it needs."""
    candidate = state.entry(state.candidate)
    if candidate is None or state.phase is not Phase.PROGRESSING or is_paused(state, evidence):
        return None
    if sizing.stage(state, evidence) is not None or not sizing.is_up(state, evidence):
        return None
    if not holds_up(state, evidence) or not (state.unconditional or is_fresh(state, evidence, now)):
        return None
    return Step(name_stable(state, candidate, evidence, now))


def name_stable(state: State, new: RevisionStatus, evidence: Evidence, now: datetime) -> State:
    """`new` is named stable, held at the size it needs; the former stable revision stays warm at its size."""
    held = sizing.needed(state, evidence)
    former = state.entry(state.stable)
    if former is not None:
        retired = {
            "state": RevisionState.WARM,
            "retired_at": now,
            "held_replicas": max(1, evidence.population(former.name).wanted),
        }
        state = state.with_entry(former.model_copy(update=retired))
    stable = new.model_copy(update={"state": RevisionState.STABLE, "held_replicas": held})
    started_at = state.started_at if state.candidate == new.name else now
    return replace(
        state.with_entry(stable).at_rest(),
        phase=Phase.PROMOTING,
        stable=new.name,
        started_at=started_at,
        step_started_at=state.step_started_at or now,
        rejected=tuple(r for r in state.rejected if r.revision != new.name),
    )
