"""The conditions, as kstatus reads them: Ready, Reconciling, Stalled, and details in use."""

from datetime import datetime
from typing import NamedTuple

from modelyard_operator import labels
from modelyard_operator.api.status import Condition
from modelyard_operator.kube.objects import ChildKey, DeploymentState, HpaState
from modelyard_operator.reconcile import revisions, situation, troubles
from modelyard_operator.reconcile.situation import Situation
from modelyard_operator.rollout.state import Failure

READY = "Ready"
RECONCILING = "Reconciling"
STALLED = "Stalled"
MODEL_LOADED = "ModelLoaded"
CACHE_READY = "CacheReady"
ROUTE_READY = "RouteReady"
SCALER_READY = "ScalerReady"

SCALER = "HorizontalPodAutoscaler"


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
        pods = [pod for pod in it.view.observed.pods if pod.component == labels.COMPONENT_CACHE]
        failure = troubles.of_pods(pods, refused=child.state.message)
        if failure is not None:
            return Said(CACHE_READY, "False", failure.reason, failure.message)
    words = f"Deployment {name} is not ready; requests are answered without it"
    return Said(CACHE_READY, "False", "Starting", words)


def _route_ready(it: Situation) -> Said | None:
    stable = it.state.stable
    if stable is None or it.view.is_blind:
        return None
    name = it.view.ctx.name
    taken = it.view.observed.refused.get(ChildKey(revisions.SERVICE, name))
    if taken is not None:
        return Said(ROUTE_READY, "False", taken.reason, f"Service {name}: {taken.message}")
    if it.view.selected == stable:
        return Said(ROUTE_READY, "True", "Selected", f"Service {name} selects revision {stable}")
    return Said(ROUTE_READY, "False", "Pending", f"Service {name} does not select revision {stable} yet")


def _scaler_ready(it: Situation) -> Said | None:
    stable = it.state.stable
    if stable is None:
        return None
    if SCALER in it.view.observed.unavailable:
        return Said(SCALER_READY, "False", "KindUnavailable", f"{SCALER}s cannot be watched: sizes stay")
    child = it.view.observed.children.get(ChildKey(SCALER, f"{it.view.ctx.name}-{stable}"))
    state = child.state if child is not None and isinstance(child.state, HpaState) else None
    if state is None or state.scaling_active is None:
        return Said(SCALER_READY, "Unknown", "Waiting", "the autoscaler has not said anything yet")
    if state.scaling_active:
        words = f"between {state.minimum} and {state.maximum} pods"
        return Said(SCALER_READY, "True", "Scaling", words)
    return Said(SCALER_READY, "False", "NotScaling", f"the autoscaler does not scale: {state.message}")
