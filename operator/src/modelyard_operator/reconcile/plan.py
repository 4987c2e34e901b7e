"""The plan: a pure function from what is observed to what is to be done.

It reads from top to bottom: what is seen (`view`), what is asked (`source`), what is decided (`rollout`),
which children follow from that (`children`, `sizes`), and how it is told (`conditions`). Status moves before
traffic: a plan that changes what status remembers carries nothing but the status, and the children come with
the next plan, made from the status that was persisted. So every crash is another start of this function.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from modelyard_operator.analysis.measure import Measure
from modelyard_operator.api.status import Phase, RevisionState, Status
from modelyard_operator.kube.objects import Manifest
from modelyard_operator.reconcile import (
    children,
    cold_start,
    measuring,
    remembered,
    revisions,
    routes,
    shadowing,
    sizes,
    sleeping,
    source,
    standing,
)
from modelyard_operator.reconcile.decision import Decision, decide, stand_still
from modelyard_operator.reconcile.model import Event, Observed, Plan, Tell
from modelyard_operator.reconcile.sleeping import Sleep
from modelyard_operator.reconcile.view import View, look
from modelyard_operator.resources import catalog
from modelyard_operator.rollout import sizing
from modelyard_operator.rollout.state import State
from modelyard_operator.routing.base import Route, Traffic
from modelyard_operator.routing.guard import steer

ROLLOUT_RECHECK = timedelta(seconds=30)
"""During a rollout, or while its route cannot be had, look again this often even if nothing is heard."""

LEAST_WAIT = 0.1
"""Seconds; what is due within a second is found to be due at the next whole one."""


def plan(observed: Observed, now: datetime) -> Plan:
    """What to do about one ModelDeployment at `now` (timezone-aware UTC)."""
    instant, now = now, now.replace(microsecond=0)  # As coarse as the stamps of the API server.
    if observed.spec is None:
        return Plan(status=standing.unreadable(observed, now))
    view = look(observed, observed.spec)
    decision = stand_still(view, now) if view.is_blind else decide(view, now)
    sleep = sleeping.look(view, decision.state)
    traffic = _traffic(view, decision.state, sleep)
    route = view.router.route(view.ctx, traffic)
    status, events = standing.status(view, decision, traffic.split, now)
    measured = measuring.wanted(view, decision.state)
    if remembered.differs(observed.status, status):
        return Plan(status=status, events=events, measure=measured, record=decision.record, requeue_after=0.0)
    tells = _tells(view, traffic)
    if view.is_blind:
        shared = children.to_apply(view, children.only_shared(view))
        return Plan(status=status, events=events, apply=shared, tells=tells, measure=measured)
    again = _look_again(view, decision, status, now, instant)
    told = (status, events)
    return _act(view, decision, route, told, now, tells=tells, measure=measured, again=again)


def _act(
    view: View,
    decision: Decision,
    route: Route,
    told: tuple[Status, tuple[Event, ...]],
    now: datetime,
    *,
    tells: tuple[Tell, ...],
    measure: Measure | None,
    again: float | None,
) -> Plan:
    """The children that follow from the memory as it is persisted."""
    state, (status, events) = decision.state, told
    sleep = sleeping.look(view, state)
    lingering = sleeping.lingering(view, sleep, now)
    limits = sizes.bounds(state, decision.evidence, may_sleep=sleep.may)
    job = (decision.source.job,) if decision.source.job else ()
    wanted = children.desired(
        view,
        state,
        source.source_of(decision.source.model),
        limits,
        (*route.manifests, *job, *measuring.checks(view, state).values()),
        sleep=sleep,
        lingering=lingering,
    )
    deleted = children.to_delete(view, wanted)
    kept = [
        child
        for key, child in view.observed.children.items()
        if key.kind == revisions.DEPLOYMENT and key not in deleted
    ]
    applied = children.to_apply(view, wanted)
    return Plan(
        status=status,
        events=(*events, *routes.edits(view.ctx, view.observed.children, applied)),
        secrets=catalog.secrets(view.ctx),
        copies=catalog.copies(view.ctx),
        requires=_requires(view, state),
        apply=applied,
        delete=deleted,
        scales=sizes.scales(state, limits, kept),
        tells=tells,
        purges=decision.purge.purges,
        measure=measure,
        requeue_after=0.0 if wanted.awaits_revision else _sooner(again, lingering.values(), now),
    )


def _sooner(again: float | None, lingering: Iterable[datetime], now: datetime) -> float | None:
    """Seconds until time alone changes something, what lingers considered too."""
    ends = [(since + sleeping.LINGER - now).total_seconds() for since in lingering]
    return min([*ends, *([] if again is None else [again])], default=None)


def _requires(view: View, state: State) -> tuple[str, ...]:
    """The Secrets that pods mount which are not ready: whether one is missing, only a look can tell."""
    waiting = [
        entry.name
        for entry in state.in_state(*children.LIVE)
        if entry.name in view.populations
        and view.populations[entry.name].ready < view.populations[entry.name].wanted
    ]
    return tuple(sorted({secret for name in waiting for secret in view.mounted_secrets(name)}))


def _traffic(view: View, state: State, sleep: Sleep) -> Traffic:
    """What the route is made from: never away from ready pods to none."""
    ready = {name: each.ready for name, each in view.populations.items()}
    split = steer(state.split, view.reached, ready)
    if split.serving <= sleep.routed:
        split = replace(split, held_by=sleep.held_by)
    return Traffic(
        split,
        stable=state.stable,
        selected=view.selected,
        ready=ready,
        wanted={name: each.wanted for name, each in view.populations.items()},
        ports=_ports(view),
    )


def _ports(view: View) -> dict[str, tuple[Manifest, ...]]:
    """The ports that each revision was born with: the stable Service changes them as it moves."""
    return {name: tuple(each.service["spec"]["ports"]) for name, each in view.kept.items()}


def _tells(view: View, traffic: Traffic) -> tuple[Tell, ...]:
    """Every pod that answers is told whether it has traffic, and whose answers it compares."""
    split = traffic.split
    parts = shadowing.parts(view.ctx, split, traffic.stable, traffic.ports, mirrors=view.router.mirrors)
    return tuple(
        Tell(pod.uid, pod.ip, revision in split.serving, parts.get(revision))
        for revision, pods in sorted(view.pods.items())
        for pod in pods
        if pod.ready and pod.ip
    )


def _look_again(
    view: View, decision: Decision, status: Status, now: datetime, instant: datetime
) -> float | None:
    """Seconds from `instant`, which `now` is the whole second of, until time alone changes something."""
    state, policy = decision.state, view.policy
    moments: list[datetime] = []
    if state.step_started_at is not None and state.candidate is not None:
        moments.append(state.step_started_at + timedelta(seconds=policy.deadline))
    stage = sizing.stage(state, decision.evidence)
    if stage is not None and state.step_seen_at is not None:
        moments.append(state.step_seen_at + timedelta(seconds=stage.seconds))
    if decision.evidence.approval is not None and decision.evidence.approval.expires_at is not None:
        moments.append(decision.evidence.approval.expires_at)
    moments += [
        entry.retired_at + timedelta(seconds=policy.window)
        for entry in state.in_state(RevisionState.WARM)
        if entry.retired_at is not None
    ]
    if decision.source.look_again is not None:
        moments.append(decision.source.look_again)
    if decision.purge.look_again is not None:
        moments.append(decision.purge.look_again)
    if state.phase is not Phase.IDLE or view.choice.refused is not None:
        moments.append(now + ROLLOUT_RECHECK)
    if status.cold_start is None and any(
        pod.ready for pod in view.pods.get(standing.newest(state) or "", ())
    ):
        moments.append(now + cold_start.UNHEARD)
    due = min((moment for moment in moments if moment > now), default=None)
    return None if due is None else max(LEAST_WAIT, (due - instant).total_seconds())
