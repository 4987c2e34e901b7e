"""The conditions, as kstatus reads them: Ready, Reconciling, Stalled, and details in use."""

from datetime import datetime
from typing import NamedTuple

from modelyard_operator import labels
from modelyard_operator.api.status import Condition
from modelyard_operator.approval.decision import Standing
from modelyard_operator.kube.objects import ChildKey, DeploymentState
from modelyard_operator.reconcile import drift, revisions, routes, scaler_ready, situation, troubles
from modelyard_operator.reconcile.situation import Situation
from modelyard_operator.rollout.evidence import Failure
from modelyard_operator.rollout.rules.stepping import flows
from modelyard_operator.routing import bound

READY = "Ready"
RECONCILING = "Reconciling"
STALLED = "Stalled"
MODEL_LOADED = "ModelLoaded"
CACHE_READY = "CacheReady"
ROUTE_READY = "RouteReady"
SCALER_READY = "ScalerReady"
APPROVED = "Approved"


class Said(NamedTuple):
    """A condition before it has a time."""

    type: str
    status: str
    reason: str
    message: str


def judge(it: Situation) -> tuple[Said, ...]:
    """Every condition that is in use."""
    stalled = situation.first(situation.STALLED, it)
    moving = situation.first(situation.ON_ITS_WAY, it)
    said = [
        _ready(it, stalled, moving),
        _reconciling(stalled, moving),
        _stalled(stalled),
        _model_loaded(it),
        _cache_ready(it),
        _route_ready(it),
        _scaler_ready(it),
        _approved(it),
        _source_drifted(it),
    ]
    return tuple(each for each in said if each is not None)


def stamp(
    said: tuple[Said, ...], before: tuple[Condition, ...], generation: int, now: datetime
) -> tuple[Condition, ...]:
    """The conditions with their times: `lastTransitionTime` moves only when `status` does."""
    known = {condition.type: condition for condition in before}
    moment = now.replace(microsecond=0)
    return tuple(
        Condition(
            type=each.type,
            status=each.status,
            reason=each.reason,
            message=troubles.clip(each.message),
            last_transition_time=(
                known[each.type].last_transition_time
                if each.type in known and known[each.type].status == each.status
                else moment
            ),
            observed_generation=generation,
        )
        for each in said
    )


def unreadable(error: str) -> tuple[Said, ...]:
    """The conditions when the stored spec cannot be read: what serves is left alone, and not judged."""
    words = f"the stored spec cannot be read: {error}"
    return (Said(RECONCILING, "False", "Stalled", words), Said(STALLED, "True", "InvalidSpec", words))


def _ready(it: Situation, stalled: Failure | None, moving: Failure | None) -> Said:
    if it.serving is not None:
        return Said(READY, "True", "Serving", f"revision {it.serving} serves")
    if it.view.is_blind:
        words = stalled.message if stalled else ""
        return Said(READY, "Unknown", "KindUnavailable", words)
    if it.is_asleep:
        words = f"revision {it.state.stable} sleeps, for no request comes: one is held until a pod is up"
        return Said(READY, "True", "Asleep", words)
    if it.is_waking:
        words = f"requests for revision {it.state.stable} are held until one of its pods is ready"
        return Said(READY, "True", "Waking", words)
    # What keeps the pods from serving says more than a child that is missing beside them.
    why = situation.first((situation.first_fails, situation.stable_fails), it) or stalled or moving
    why = why or Failure("NotServing", "no revision serves")
    return Said(READY, "False", why.reason, why.message)


def _reconciling(stalled: Failure | None, moving: Failure | None) -> Said:
    if stalled is not None:
        return Said(RECONCILING, "False", "Stalled", "see the condition Stalled")
    if moving is not None:
        return Said(RECONCILING, "True", moving.reason, moving.message)
    return Said(RECONCILING, "False", "Settled", "all is as the spec asks")


def _stalled(stalled: Failure | None) -> Said:
    if stalled is not None:
        return Said(STALLED, "True", stalled.reason, stalled.message)
    return Said(STALLED, "False", "NotStalled", "nothing is in the way")


def _model_loaded(it: Situation) -> Said | None:
    newest = it.newest
    if newest is None or it.view.is_blind:
        return None
    if it.view.ready(newest):
        return Said(MODEL_LOADED, "True", "Loaded", f"revision {newest} has its model in memory")
    if newest == it.state.stable and it.is_asleep:
        return Said(MODEL_LOADED, "False", "Asleep", f"revision {newest} is loaded when a request comes")
    failure = it.view.failure(newest)
    if failure is not None:
        return Said(MODEL_LOADED, "False", failure.reason, failure.message)
    return Said(MODEL_LOADED, "False", "Loading", f"revision {newest} is loading its model")


def _cache_ready(it: Situation) -> Said | None:
    cache = it.view.ctx.spec.cache
    if cache is None:
        return None
    if cache.external is not None:
        secret = cache.external.secret_ref.name
        return Said(CACHE_READY, "True", "External", f"the cache is yours: the URL in Secret {secret}")
    if cache.managed is None:
        return None
    name = f"{it.view.ctx.name}-cache"
    child = it.view.observed.children.get(ChildKey(revisions.DEPLOYMENT, name))
    if child is not None and isinstance(child.state, DeploymentState):
        if child.state.ready:
            return Said(CACHE_READY, "True", "Managed", f"Deployment {name} is ready")
        pods = (pod for pod in it.view.observed.pods if pod.component == labels.COMPONENT_CACHE)
        living = (pod for pod in pods if not pod.is_over)
        failure = troubles.of_pods(living, refused=child.state.message)
        if failure is not None:
            return Said(CACHE_READY, "False", failure.reason, failure.message)
    words = f"Deployment {name} is not ready; requests are answered without it"
    return Said(CACHE_READY, "False", "Starting", words)


def _route_ready(it: Situation) -> Said | None:
    view, split = it.view, it.state.split
    if it.state.stable is None or view.is_blind:
        return None
    if (trouble := _route_trouble(it)) is not None:
        return trouble
    words = routes.pending(view.router, view.ctx, split, view.observed.children, it.state.stable)
    if words is not None:
        return Said(ROUTE_READY, "False", "Pending", words)
    if view.router.by_count:
        return _by_count(it, it.state.stable)
    warning = f"; {view.choice.warning}" if view.choice.warning else ""
    words = f"mode {view.router.mode} sends traffic to {routes.told(split)}{warning}"
    return Said(ROUTE_READY, "True", "Routed", words)


def _by_count(it: Situation, stable: str) -> Said:
    """How far the Service is, which is the route of mode replicas."""
    name = it.view.ctx.name
    if it.view.selected == stable and it.view.seen == it.state.split:
        return Said(ROUTE_READY, "True", "Selected", f"Service {name} selects revision {stable}")
    if flows(it.state, it.evidence):
        shares = ", ".join(f"{n} {w} %" for n, w in sorted(it.state.split.weights.items()))
        return Said(ROUTE_READY, "True", "Split", f"traffic goes to {shares}")
    return Said(ROUTE_READY, "False", "Pending", f"Service {name} does not select revision {stable} yet")


def _route_trouble(it: Situation) -> Said | None:
    """What keeps the route from being as the spec asks."""
    observed, choice = it.view.observed, it.view.choice
    service = ChildKey(revisions.SERVICE, it.view.ctx.name)
    for key in sorted(key for key in observed.refused if key == service or routes.is_route(key)):
        refusal = observed.refused[key]
        words = f"{key.kind} {key.name}: {refusal.message}"
        return Said(ROUTE_READY, "False", troubles.reason_word(refusal.reason, "Refused"), words)
    if choice.refused is not None:
        return Said(ROUTE_READY, "False", choice.refused.reason, choice.refused.message)
    state = bound.said(observed.children)
    if state.accepted is False:
        reason = troubles.reason_word(state.reason, "NotAccepted")
        return Said(ROUTE_READY, "False", reason, state.message)
    return None


def _approved(it: Situation) -> Said | None:
    decision = it.evidence.approval
    if decision is None:
        return None
    if decision.standing is Standing.UNVERIFIED:
        return Said(APPROVED, "Unknown", "ApprovalUnverified", decision.message)
    is_approved = decision.standing is Standing.APPROVED
    reason = "AwaitingApproval" if decision.standing is Standing.WAITING else decision.standing.value
    return Said(APPROVED, "True" if is_approved else "False", reason, decision.message)


def _source_drifted(it: Situation) -> Said | None:
    found = drift.drifted(it)
    return None if found is None else Said(drift.DRIFTED, "True", found.reason, found.message)


def _scaler_ready(it: Situation) -> Said | None:
    found = scaler_ready.judge(it)
    return None if found is None else Said(SCALER_READY, *found)
