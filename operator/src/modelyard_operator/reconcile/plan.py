"""The plan: a pure function from what is observed to what is to be done.

It reads from top to bottom: what is seen (`view`), what is asked (`source`), what is decided (`rollout`),
which children follow from that (`children`, `sizes`), and how it is told (`conditions`). Status moves before
traffic: a plan that changes what status remembers carries nothing but the status, and the children come with
the next plan, made from the status that was persisted. So every crash is another start of this function.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from modelyard_operator.api.status import (
    ColdStart,
    ModelStatus,
    Phase,
    RevisionState,
    RevisionStatus,
    RoutingStatus,
    Status,
)
from modelyard_operator.kube.objects import Manifest
from modelyard_operator.reconcile import (
    children,
    cold_start,
    commands,
    conditions,
    learned,
    purge,
    remembered,
    revisions,
    situation,
    sizes,
    source,
    troubles,
)
from modelyard_operator.reconcile.model import Event, Observed, Plan, Tell
from modelyard_operator.reconcile.purge import PurgeStep
from modelyard_operator.reconcile.situation import Situation
from modelyard_operator.reconcile.source import SourceStep
from modelyard_operator.reconcile.view import View, look
from modelyard_operator.resources import catalog
from modelyard_operator.rollout import machine
from modelyard_operator.rollout.state import Asked, Evidence, Happening, News, State
from modelyard_operator.routing.base import Route, Router, Traffic
from modelyard_operator.routing.replicas import Replicas

ROLLOUT_RECHECK = timedelta(seconds=30)
"""During a rollout, look again this often even if nothing is heard."""

WARNINGS = frozenset({Happening.REJECTED, Happening.TAKEN_BACK})
OWN_EVENTS = (situation.unresolved, situation.given_up)
"""Stalls that had an event of their own when they began."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What is remembered from now on."""

    state: State
    source: SourceStep
    evidence: Evidence
    last_command: str | None
    purge: PurgeStep
    events: tuple[Event, ...] = ()


def plan(observed: Observed, now: datetime) -> Plan:
    """What to do about one ModelDeployment at `now` (timezone-aware UTC)."""
    now = now.replace(microsecond=0)  # As coarse as the stamps of the API server.
    if observed.spec is None:
        return _unreadable(observed, now)
    view = look(observed, observed.spec)
    decision = _stand_still(view) if view.is_blind else _decide(view, now)
    router = Replicas()
    ready = {name: each.ready for name, each in view.populations.items()}
    traffic = Traffic(decision.state.stable, view.selected, ready, _ports(view))
    route = router.route(view.ctx, traffic)
    status, events = _status(view, decision, router, now)
    if remembered.differs(observed.status, status):
        return Plan(status=status, events=events, requeue_after=0.0)
    if view.is_blind:
        shared = children.to_apply(view, children.only_shared(view))
        return Plan(status=status, events=events, apply=shared, tells=_tells(view, route))
    return _act(view, decision, route, (status, events), now)


def _decide(view: View, now: datetime) -> Decision:
    """The next memory, from the one that stands in status or, if that was lost, from the children."""
    observed, ctx = view.observed, view.ctx
    lost = not revisions.is_sound(observed.status)
    state = revisions.recover(observed, view.kept, now) if lost else remembered.read(observed.status)
    step = source.advance(ctx, observed, state, view.kept, now)
    commanded = commands.obey(observed, state, step, _asked(view, step.model), now)
    step = commanded.source
    evidence = view.evidence(_asked(view, step.model), commanded.state.candidate)
    run = machine.run(commanded.state, evidence, now)
    if run.state.candidate != commanded.state.candidate:
        evidence = view.evidence(evidence.asked, run.state.candidate)
    step = learned.from_pods(view, step, run.state)
    purging = purge.advance(view, commanded.purge or observed.status.cache_purge, now)
    events = (*step.events, *commanded.events, *(_event(news) for news in run.news), *purging.events)
    return Decision(run.state, step, evidence, commanded.last, purging, events)


def _stand_still(view: View) -> Decision:
    """Nothing is decided while a kind that decisions rest on cannot be watched."""
    status = view.observed.status
    key = catalog.model_key(view.ctx.spec.model)
    model = status.model or ModelStatus(uri=view.ctx.spec.model.uri, key=key)
    state = remembered.read(status)
    return Decision(
        state,
        SourceStep(model),
        view.evidence(Asked(key), state.candidate),
        status.rollout.last_command,
        PurgeStep(status.cache_purge),
    )


def _asked(view: View, model: ModelStatus) -> Asked:
    found = source.source_of(model)
    if found is None:
        return Asked(model.key)
    name = catalog.revision_name(view.ctx, found)
    if name not in view.kept and catalog.lacks_image(view.ctx):
        return Asked(model.key, name)  # It cannot be born.
    return Asked(model.key, name, found.pinned)


def _act(
    view: View, decision: Decision, route: Route, told: tuple[Status, tuple[Event, ...]], now: datetime
) -> Plan:
    """The children that follow from the memory as it is persisted."""
    state, (status, events) = decision.state, told
    limits = sizes.bounds(state, decision.evidence)
    job = (decision.source.job,) if decision.source.job else ()
    wanted = children.desired(
        view, state, source.source_of(decision.source.model), limits, (*route.manifests, *job)
    )
    deleted = children.to_delete(view, wanted)
    kept = [
        child
        for key, child in view.observed.children.items()
        if key.kind == revisions.DEPLOYMENT and key not in deleted
    ]
    return Plan(
        status=status,
        events=events,
        secrets=catalog.secrets(view.ctx),
        copies=catalog.copies(view.ctx),
        requires=_requires(view, state),
        apply=children.to_apply(view, wanted),
        delete=deleted,
        scales=sizes.scales(state, limits, kept),
        tells=_tells(view, route),
        purges=decision.purge.purges,
        requeue_after=0.0 if wanted.awaits_revision else _look_again(view, decision, status, now),
    )


def _requires(view: View, state: State) -> tuple[str, ...]:
    """The Secrets that pods mount which are not ready: whether one is missing, only a look can tell."""
    waiting = [
        entry.name
        for entry in state.in_state(*children.LIVE)
        if entry.name in view.populations
        and view.populations[entry.name].ready < view.populations[entry.name].wanted
    ]
    return tuple(sorted({secret for name in waiting for secret in view.mounted_secrets(name)}))


def _ports(view: View) -> dict[str, tuple[Manifest, ...]]:
    """The ports that each revision was born with: the stable Service changes them as it moves."""
    return {name: tuple(each.service["spec"]["ports"]) for name, each in view.kept.items()}


def _tells(view: View, route: Route) -> tuple[Tell, ...]:
    """Every pod that answers is told whether it has stable traffic."""
    return tuple(
        Tell(pod.uid, pod.ip, revision == route.revision)
        for revision, pods in sorted(view.pods.items())
        for pod in pods
        if pod.ready and pod.ip
    )


def _look_again(view: View, decision: Decision, status: Status, now: datetime) -> float | None:
    """Seconds until time alone changes something."""
    state, policy = decision.state, view.policy
    moments: list[datetime] = []
    if state.started_at is not None and state.candidate is not None:
        moments.append(state.started_at + timedelta(seconds=policy.deadline))
    moments += [
        entry.retired_at + timedelta(seconds=policy.window)
        for entry in state.in_state(RevisionState.WARM)
        if entry.retired_at is not None
    ]
    if decision.source.look_again is not None:
        moments.append(decision.source.look_again)
    if decision.purge.look_again is not None:
        moments.append(decision.purge.look_again)
    if state.phase is not Phase.IDLE:
        moments.append(now + ROLLOUT_RECHECK)
    if status.cold_start is None and any(pod.ready for pod in view.pods.get(_newest(state) or "", ())):
        moments.append(now + cold_start.UNHEARD)
    return min(((m - now).total_seconds() for m in moments if m > now), default=None)


def _status(
    view: View, decision: Decision, router: Router, now: datetime
) -> tuple[Status, tuple[Event, ...]]:
    """The next status, and the events that go with it."""
    observed, state = view.observed, decision.state
    it = Situation(view, state, decision.source.model, decision.evidence, now)
    stalled = situation.first(situation.STALLED, it)
    said = conditions.stamp(conditions.judge(it), observed.status.conditions, observed.generation, now)
    status = observed.status
    if not view.is_blind:
        status = remembered.write(
            status, state, decision.source.model, decision.last_command, decision.purge.status
        )
        status = status.model_copy(
            update={
                "revisions": tuple(_counted(view, entry) for entry in state.revisions),
                "replicas": view.ready(state.stable),
                "cold_start": _cold_start(view, state, now),
                "routing": RoutingStatus(mode=router.mode, reason=router.reason),
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
    return status, (*decision.events, *_stall_events(it, observed))


def _stall_events(it: Situation, observed: Observed) -> tuple[Event, ...]:
    """A new reason to be stalled, unless it had an event of its own."""
    found = situation.first(situation.STALLED, it)
    if found is None or any(check(it) == found for check in OWN_EVENTS):
        return ()
    before = next((c for c in observed.status.conditions if c.type == conditions.STALLED), None)
    if before is not None and before.status == "True" and before.reason == found.reason:
        return ()
    return (Event(found.reason, troubles.clip(found.message), warning=True),)


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
    newest = _newest(state)
    return cold_start.measure(view.pods.get(newest, []), view.observed.readiness, now) if newest else None


def _newest(state: State) -> str | None:
    return state.candidate or state.stable


def _event(news: News) -> Event:
    return Event(news.happening.value, troubles.clip(news.message), news.happening in WARNINGS)


def _unreadable(observed: Observed, now: datetime) -> Plan:
    """A stored spec that this operator cannot read: say so, and touch nothing."""
    said = conditions.unreadable(troubles.clip(observed.spec_error or "unknown"))
    kept = [c for c in observed.status.conditions if c.type not in {each.type for each in said}]
    stamped = conditions.stamp(said, observed.status.conditions, observed.generation, now)
    status = observed.status.model_copy(
        update={"observed_generation": observed.generation, "conditions": (*kept, *stamped)}
    )
    return Plan(status=status)
