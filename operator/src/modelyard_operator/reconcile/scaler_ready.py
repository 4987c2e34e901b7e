"""What the condition ScalerReady says of whoever scales the stable revision. Pure."""

from collections.abc import Mapping
from typing import NamedTuple

from modelyard_operator.kube.objects import Child, ChildKey, ChildState, HpaState, ScaledState
from modelyard_operator.reconcile import scalers, sleeping, troubles
from modelyard_operator.reconcile.situation import Situation
from modelyard_operator.reconcile.sleeping import Sleep
from modelyard_operator.reconcile.view import View
from modelyard_operator.resources.naming import of_revision

_NO_KEDA = (
    "spec.scaling.requestsPerSecond and inFlight need KEDA, whose ScaledObjects this cluster does not serve: "
    "pods are scaled by their CPU alone. Install KEDA, or leave them out"
)


class Words(NamedTuple):
    """The rest of the condition."""

    status: str
    reason: str
    message: str


def judge(it: Situation) -> Words | None:
    """The condition; None: nothing is to be scaled yet."""
    stable, view = it.state.stable, it.view
    if stable is None:
        return None
    sleep = sleeping.look(view, it.state)
    kind = scalers.kind(view, sleep)
    blocking = scalers.in_the_way(view, stable, sleep)
    if kind in view.observed.unavailable:
        return Words("False", "KindUnavailable", f"{kind}s cannot be watched: sizes stay")
    if view.ctx.spec.scaling.counts_requests and kind != scalers.SCALED_OBJECT:
        left = f". {_left(blocking)}" if blocking else ""
        return Words("False", "NoKeda", f"{_NO_KEDA}{left}")
    if sleep.refused is not None:
        left = f". {_left(blocking)}" if blocking else ""
        return Words("False", sleep.refused.reason, f"{sleep.refused.message}{left}")
    if blocking:
        return Words("Unknown", "Waiting", _left(blocking))
    return _add_on_says(view, stable, sleep) or _scales(it, kind, of_revision(view.ctx, stable), sleep)


def _scales(it: Situation, kind: str, name: str, sleep: Sleep) -> Words:
    observed, asked = it.view.observed, it.view.ctx.spec.scaling.to_zero
    said = _scaler_says(_state(observed.children, ChildKey(kind, name)))
    # The autoscaler rests at no pod, and says so until it looks the next time.
    rests = it.is_asleep or it.is_waking
    if kind == scalers.SCALED_OBJECT and said.status == "True" and not rests:
        said = _keda_says(said, _state(observed.foreign, scalers.of_keda(name)))
    if asked is None or not sleep.may or said.status != "True":
        return said
    return said._replace(message=f"{said.message}, and none once no request has come for {asked.idle}")


def _add_on_says(view: View, stable: str, sleep: Sleep) -> Words | None:
    """What keeps requests from going by the add-on; None: nothing, or they are not to."""
    route = sleeping.said(view, stable)
    if stable not in sleep.routed or route.accepted:
        return None
    words = route.message or "it has not said anything yet"
    status = "Unknown" if route.accepted is None else "False"
    reason = troubles.reason_word(route.reason, "Waiting")
    return Words(status, reason, f"KEDA's HTTP add-on, of InterceptorRoute: {words}")


def _left(key: ChildKey) -> str:
    by_keda = ", which KEDA sees to while it runs" if scalers.is_of_keda(key) else ""
    return f"the {key.kind} {key.name} must go first{by_keda}: two would fight"


def _state(objects: Mapping[ChildKey, Child], key: ChildKey) -> ChildState:
    child = objects.get(key)
    return child.state if child is not None else None


def _keda_says(said: Words, made: ChildState) -> Words:
    """What KEDA wrote stays when it has ended: the autoscaler that it made notices."""
    if isinstance(made, HpaState) and made.scaling_active is False:
        return Words("False", "NotScaling", f"KEDA's autoscaler does not scale: {made.message}")
    return said


def _scaler_says(state: ChildState) -> Words:
    by, active, message = "the autoscaler", None, ""
    if isinstance(state, HpaState):
        active, message = state.scaling_active, state.message
    elif isinstance(state, ScaledState):
        by, active, message = "KEDA", state.ready, state.message
    if not isinstance(state, HpaState | ScaledState) or active is None:
        return Words("Unknown", "Waiting", f"{by} has not said anything yet")
    if active:
        return Words("True", "Scaling", f"between {state.minimum} and {state.maximum} pods")
    return Words("False", "NotScaling", f"{by} does not scale: {message}")
