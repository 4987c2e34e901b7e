"""How a ModelDeployment stands: its next status, and the events that go with it. Pure."""

from datetime import datetime

from modelyard_operator.api.status import ColdStart, RevisionStatus, RoutingStatus, Status
from modelyard_operator.reconcile import cold_start, conditions, drift, remembered, situation, troubles
from modelyard_operator.reconcile.decision import Decision
from modelyard_operator.reconcile.model import Event, Observed
from modelyard_operator.reconcile.situation import Situation
from modelyard_operator.reconcile.view import View
from modelyard_operator.rollout.state import State
from modelyard_operator.routing.achieved import achieved
from modelyard_operator.routing.base import Split
from modelyard_operator.routing.transition import mode_after

OWN_EVENTS = (situation.unresolved, situation.given_up)
"""Stalls that had an event of their own when they began."""


def status(view: View, decision: Decision, split: Split, now: datetime) -> tuple[Status, tuple[Event, ...]]:
    """The next status, and the events that go with it."""
    observed, state = view.observed, decision.state
    it = Situation(view, state, decision.source.model, decision.evidence, now)
    stalled = situation.first(situation.STALLED, it)
    said = conditions.stamp(conditions.judge(it), observed.status.conditions, observed.generation, now)
    status = observed.status
    if not view.is_blind:
        status = remembered.write(
            status,
            state,
            decision.source.model,
            last_command=decision.last_command,
            refusal=decision.refusal,
            purge=decision.purge.status,
            steps=len(view.policy.steps),
        )
        status = status.model_copy(
            update={
                "revisions": tuple(_counted(view, entry) for entry in state.revisions),
                "replicas": view.ready(state.stable),
                "cold_start": _cold_start(view, state, now),
                "routing": RoutingStatus(
                    mode=_mode(view, split),
                    reason=view.router.reason,
                    urls=view.choice.urls,
                    desired=dict(split.weights),
                    achieved=_achieved(view, state),
                ),
                "url": f"http://{observed.key.name}.{observed.key.namespace}.svc",
            }
        )
    moving = situation.first(situation.ON_ITS_WAY, it)
    words = stalled or moving
    status = status.model_copy(
        update={
            "observed_generation": observed.generation,
            "conditions": said,
            "rollout": status.rollout.model_copy(
                update={"message": troubles.clip(words.message) if words else ""}
            ),
        }
    )
    return status, (*decision.events, *_stall_events(it, observed), *_drift_events(it))


def _mode(view: View, split: Split) -> str:
    """The mode to remember: with it go the objects of the one before."""
    sizes = {name: each.wanted for name, each in view.populations.items()}
    return mode_after(view.router, view.ctx, split, sizes, view.observed.children)


def _achieved(view: View, state: State) -> dict[str, int]:
    """Who answered which share of the requests, as far as that is measured now."""
    analysis = view.observed.analysis
    if state.candidate is None or analysis is None:
        return {}
    return achieved({name: n for name, n in analysis.requests.items() if state.entry(name) is not None})


def _stall_events(it: Situation, observed: Observed) -> tuple[Event, ...]:
    """A new reason to be stalled, unless it had an event of its own."""
    found = situation.first(situation.STALLED, it)
    if found is None or any(check(it) == found for check in OWN_EVENTS):
        return ()
    before = next((c for c in observed.status.conditions if c.type == conditions.STALLED), None)
    if before is not None and before.status == "True" and before.reason == found.reason:
        return ()
    return (Event(found.reason, troubles.clip(found.message), warning=True),)


def _drift_events(it: Situation) -> tuple[Event, ...]:
    """The source has just been found to be other than it was."""
    found = drift.drifted(it)
    if found is None or not drift.begins(it):
        return ()
    return (Event(drift.DRIFTED, troubles.clip(found.message), warning=True),)


def newest(state: State) -> str | None:
    """The revision on its way, or else the stable one."""
    return state.candidate or state.stable


def _counted(view: View, entry: RevisionStatus) -> RevisionStatus:
    """The entry with its pods counted."""
    counts = (len(view.pods.get(entry.name, ())), view.ready(entry.name))
    if counts == (entry.replicas, entry.ready_replicas):
        return entry
    return entry.model_copy(update={"replicas": counts[0], "ready_replicas": counts[1]})


def _cold_start(view: View, state: State, now: datetime) -> ColdStart | None:
    """Written once for each revision that starts cold."""
    before = view.observed.status
    started = state.candidate is not None and state.candidate != before.candidate_revision
    if started and not view.ready(state.candidate):
        return None
    if before.cold_start is not None:
        return before.cold_start
    name = newest(state)
    return cold_start.measure(view.pods.get(name, []), view.observed.readiness, now) if name else None


def unreadable(observed: Observed, now: datetime) -> Status:
    """A stored spec that this operator cannot read: say so, and touch nothing."""
    said = conditions.unreadable(troubles.clip(observed.spec_error or "unknown"))
    kept = [c for c in observed.status.conditions if c.type not in {each.type for each in said}]
    stamped = conditions.stamp(said, observed.status.conditions, observed.generation, now)
    return observed.status.model_copy(
        update={"observed_generation": observed.generation, "conditions": (*kept, *stamped)}
    )
