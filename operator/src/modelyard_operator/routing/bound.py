"""How live routes are bound, whatever the spec says by now. Pure."""

from collections.abc import Mapping

from modelyard_operator.api.routing import GatewayReference, RoutingMode, RoutingSpec
from modelyard_operator.kube.objects import Child, ChildKey, Manifest, RouteState, unpack
from modelyard_operator.kube.routes import HTTP_ROUTE, ROUTE_KINDS, VIRTUAL_SERVICE
from modelyard_operator.resources.context import Context
from modelyard_operator.routing.backends import live
from modelyard_operator.routing.istio import at_gateway

_KINDS = frozenset(kind.kind for kind in ROUTE_KINDS)


def mode_of(ctx: Context, children: Mapping[ChildKey, Child]) -> str | None:
    """The mode whose routes are live, where status does not say; None: there are no routes."""
    if live(children, VIRTUAL_SERVICE.kind, ctx.name) is not None:
        return RoutingMode.ISTIO.value
    if live(children, HTTP_ROUTE.kind, ctx.name) is not None:
        return RoutingMode.GATEWAY.value
    return None


def as_bound(
    ctx: Context, mode: str | None, asked: RoutingSpec, children: Mapping[ChildKey, Child]
) -> RoutingSpec | None:
    """What is asked, but with the hosts and the gateway of the mode's live routes; None: it has none."""
    if mode == RoutingMode.ISTIO.value and live(children, VIRTUAL_SERVICE.kind, ctx.name) is not None:
        spec = _spec(live(children, VIRTUAL_SERVICE.kind, at_gateway(ctx)))
        namespace, _, name = next(iter(spec.get("gateways") or ()), "").rpartition("/")
        return _with(asked, spec.get("hosts"), namespace, name)
    if mode == RoutingMode.GATEWAY.value:
        spec = _spec(live(children, HTTP_ROUTE.kind, ctx.name))
        for parent in spec.get("parentRefs") or ():
            return _with(asked, spec.get("hostnames"), parent.get("namespace"), parent["name"])
    return None


def said(children: Mapping[ChildKey, Child]) -> RouteState:
    """What controllers say of the live routes: the first refusal, or else that of all."""
    states = [
        child.state
        for key, child in sorted(children.items())
        if key.kind in _KINDS and isinstance(child.state, RouteState)
    ]
    refused = next((state for state in states if state.accepted is False), None)
    return refused or next((state for state in states if state.accepted), RouteState())


def _spec(child: Child | None) -> Manifest:
    return {} if child is None else unpack(child.body).get("spec") or {}


def _with(asked: RoutingSpec, hosts: list[str] | None, namespace: str | None, name: str) -> RoutingSpec:
    gateway = GatewayReference(namespace=namespace or None, name=name) if name else None
    return asked.model_copy(update={"hosts": tuple(hosts or ()), "gateway": gateway})
