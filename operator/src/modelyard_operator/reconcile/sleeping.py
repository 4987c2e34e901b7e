"""`spec.scaling.toZero`: whether the stable revision may have no pods, and who holds its requests then. Pure.

The way down, each step once the one before is seen: an InterceptorRoute, which the HTTP add-on accepts;
requests go by its interceptor; KEDA is told how long no request must have come. The way up, when anything is
about to roll out or toZero is left out: KEDA is told that there are always pods, and once one is ready,
requests go straight to the pods. So at no moment a request finds neither a pod nor the interceptor.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from modelyard_operator.api.routing import RoutingMode
from modelyard_operator.api.status import Phase
from modelyard_operator.kube.objects import ChildKey, RouteState, unpack
from modelyard_operator.kube.project import when
from modelyard_operator.labels import UNUSED_SINCE
from modelyard_operator.reconcile.view import View
from modelyard_operator.resources import catalog
from modelyard_operator.resources.interceptor_route import INTERCEPTOR, INTERCEPTOR_ROUTE
from modelyard_operator.resources.naming import of_revision
from modelyard_operator.rollout.evidence import Failure
from modelyard_operator.rollout.state import State
from modelyard_operator.routing.base import Split
from modelyard_operator.routing.transition import Moving

FIELD: Final = "spec.scaling.toZero"
SCALED_OBJECT: Final = "ScaledObject"
LINGER: Final = timedelta(seconds=30)
"""How late a proxy may hear of a changed route; an in-flight push of a big mesh takes seconds."""
_MEANWHILE = "there are always pods until then"


@dataclass(frozen=True, slots=True)
class Sleep:
    """What becomes of a deployment while no requests come."""

    is_able: bool = False
    """It is asked for, and nothing is in the way."""
    refused: Failure | None = None
    """It is asked for and cannot be, and what to do."""
    held_by: str | None = None
    """The namespace of the add-on by which requests are to go now; None: straight to the pods."""
    routed: frozenset[str] = frozenset()
    """The revisions that an InterceptorRoute is to be there for."""
    counted: Mapping[str, str] = field(default_factory=dict)
    """The revisions whose requests the add-on counts, and its namespace."""
    may: bool = False
    """The stable revision may have no pods now."""


def look(view: View, state: State) -> Sleep:
    """What is to be, from what is seen."""
    asked, stable = view.ctx.spec.scaling.to_zero, state.stable
    refused = None if asked is None else _obstacle(view, stable, asked.add_on_namespace)
    is_able = asked is not None and refused is None
    is_seen = view.seen is not None and view.seen.held_by is not None
    held = view.seen.serving if view.seen is not None and is_seen else frozenset[str]()
    wanted = is_able and stable is not None and _rests(view, state)
    routed = held | ({stable} if wanted and stable is not None else frozenset[str]())
    accepted = {name for name in routed if said(view, name).accepted}
    namespace = None if asked is None else asked.add_on_namespace
    held_by = None
    if wanted and stable in accepted:
        held_by = namespace
    elif view.seen is not None and _clings(view, state.split, held):
        held_by = view.seen.held_by
    return Sleep(
        is_able=is_able,
        refused=refused,
        held_by=held_by,
        routed=routed,
        counted={} if namespace is None else dict.fromkeys(sorted(accepted), namespace),
        may=held_by is not None and wanted and stable in held and stable in accepted,
    )


def said(view: View, revision: str) -> RouteState:
    """What the add-on says of a revision's InterceptorRoute."""
    child = view.observed.children.get(ChildKey(INTERCEPTOR_ROUTE.kind, of_revision(view.ctx, revision)))
    if child is None or child.deleting or not isinstance(child.state, RouteState):
        return RouteState()
    return child.state


def lingering(view: View, sleep: Sleep, now: datetime) -> dict[str, datetime]:
    """The revisions whose InterceptorRoute is no longer wanted and stays for a while, and since when.

    Proxies hear of a changed route some time after it is seen to have changed. What they send to the
    interceptor until then it would refuse, did it not know the revision any more.
    """
    found: dict[str, datetime] = {}
    for key, child in view.observed.children.items():
        if key.kind != INTERCEPTOR_ROUTE.kind or child.revision is None or child.revision in sleep.routed:
            continue
        annotations = (unpack(child.body).get("metadata") or {}).get("annotations") or {}
        since = when(annotations.get(UNUSED_SINCE)) or now
        if now < since + LINGER:
            found[child.revision] = since
    return found


def is_asleep(view: View, state: State) -> bool:
    """Whether the stable revision has no pods because no requests come."""
    seen = view.populations.get(state.stable or "")
    return seen is not None and not seen.wanted and look(view, state).may


def is_waking(view: View, state: State) -> bool:
    """Whether requests are held for the stable revision, whose pods are on their way."""
    if state.stable is None or view.ready(state.stable) or view.failure(state.stable) is not None:
        return False
    return look(view, state).held_by is not None and not is_asleep(view, state)


def _rests(view: View, state: State) -> bool:
    """Whether nothing is on its way: the stable revision serves at whatever size the load asks for."""
    entry = state.entry(state.stable)
    is_held = entry is None or bool(entry.held_replicas)
    return state.phase is Phase.IDLE and state.candidate is None and not is_held and not _moves(view)


def _moves(view: View) -> bool:
    return isinstance(view.router, Moving)


def _clings(view: View, split: Split, held: frozenset[str]) -> bool:
    """Whether requests stay with the interceptor, for want of a pod to send them to."""
    return bool(held) and split.serving == held and not any(map(view.ready, held))


def _obstacle(view: View, stable: str | None, namespace: str) -> Failure | None:
    """The first thing that keeps requests from being held."""
    unavailable = view.observed.unavailable
    if SCALED_OBJECT in unavailable:
        words = (
            "needs KEDA, whose ScaledObjects this cluster does not serve: install KEDA and its HTTP add-on"
        )
        return _refuse("NoKeda", words)
    if INTERCEPTOR_ROUTE.kind in unavailable:
        words = (
            "needs KEDA's HTTP add-on, whose InterceptorRoutes (http.keda.sh/v1beta1) this cluster does not "
            "serve: install the add-on, 0.14 or newer"
        )
        return _refuse("NoHttpAddOn", words)
    if not view.router.holds:
        words = (
            f"needs something in front of the Service that could hold a request, and mode {view.router.mode} "
            "has nothing there: name a gateway in spec.routing.gateway, or set spec.routing.mode to istio"
        )
        return _refuse("RouteCannotHold", words)
    born = None if stable is None else view.kept.get(stable)
    if born is not None and any(port["name"] == catalog.GRPC for port in born.service["spec"]["ports"]):
        words = "cannot be had for gRPC, whose requests would not be held: leave out spec.server.grpcPort"
        return _refuse("GrpcNotHeld", words)
    is_away = view.router.mode == RoutingMode.GATEWAY.value and namespace != view.ctx.namespace
    if is_away and not view.observed.neighbours.may_reach(namespace, INTERCEPTOR):
        words = (
            f"needs a ReferenceGrant in namespace {namespace} that lets HTTPRoutes of namespace "
            f"{view.ctx.namespace} point at Service {INTERCEPTOR}, and the operator sees none: make one"
        )
        return _refuse("NotGranted", words)
    return None


def _refuse(reason: str, words: str) -> Failure:
    return Failure(reason, f"{FIELD} {words}; {_MEANWHILE}")
