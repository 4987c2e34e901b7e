"""Routing by the Gateway API: an HTTPRoute splits what comes in at the user's Gateway.

Only what the standard channel has, so that any implementation will do.
https://gateway-api.sigs.k8s.io/reference/spec/#httproute
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from modelyard_operator import labels
from modelyard_operator.api.routing import RoutingSpec
from modelyard_operator.kube.objects import Child, ChildKey, Manifest, RouteState, unpack
from modelyard_operator.kube.routes import GATEWAY_API, HTTP_ROUTE
from modelyard_operator.resources.context import Context
from modelyard_operator.resources.interceptor_route import INTERCEPTOR, INTERCEPTOR_PORT
from modelyard_operator.resources.naming import metadata, of_revision
from modelyard_operator.resources.service import GRPC, HTTP
from modelyard_operator.routing import holding
from modelyard_operator.routing.backends import (
    Backend,
    backends,
    live,
    port_of,
    revision_of,
    stable_route,
    unsound,
    weights_of,
)
from modelyard_operator.routing.base import WHOLE, Route, Split, Traffic

MIRROR = "RequestMirror"
REWRITE = "URLRewrite"
_EVERY_PATH = {"type": "PathPrefix", "value": "/"}
_GRPC_CONTENTS = ("application/grpc", "application/grpc+proto")
"""Exact matches only: not every implementation knows regular expressions."""


@dataclass(frozen=True, slots=True)
class Gateway:
    """Weights and mirrors at the user's Gateway. Clients of the Service reach the stable revision."""

    spec: RoutingSpec
    reason: str = "spec.routing.mode is gateway"
    mode: str = "gateway"
    tolerance: int = 0
    by_count: bool = False
    mirrors: bool = True
    holds: bool = True

    def refusal(self, ctx: Context, split: Split, wanted: Mapping[str, int]) -> str | None:  # noqa: ARG002 - the seam
        """It can bring about every sound split."""
        return unsound(split)

    def route(self, ctx: Context, traffic: Traffic) -> Route:
        """The stable Service and the HTTPRoute."""
        gateway = self.spec.gateway
        if not traffic.split.serving or gateway is None:
            return stable_route(ctx, traffic, ())
        route: Manifest = {
            "apiVersion": HTTP_ROUTE.api_version,
            "kind": HTTP_ROUTE.kind,
            "metadata": metadata(ctx, ctx.name, labels.COMPONENT_SERVER),
            "spec": {
                "parentRefs": [_parent(ctx, self.spec)],
                "hostnames": list(self.spec.hosts),
                "rules": self._rules(ctx, traffic),
            },
        }
        return stable_route(ctx, traffic, (route,))

    def seen(self, ctx: Context, children: Mapping[ChildKey, Child]) -> Split | None:
        """What the live HTTPRoute says, once its Gateway's controller has accepted just that."""
        child = live(children, HTTP_ROUTE.kind, ctx.name)
        if child is None or not isinstance(child.state, RouteState) or child.state.accepted is not True:
            return None
        spec = unpack(child.body).get("spec") or {}
        if self.spec.gateway is None or spec.get("parentRefs") != [_parent(ctx, self.spec)]:
            return None
        if spec.get("hostnames") != list(self.spec.hosts):
            return None
        return _read(ctx, spec.get("rules") or ())

    def _rules(self, ctx: Context, traffic: Traffic) -> list[Manifest]:
        every = [{"path": dict(_EVERY_PATH)}]
        if (hold := holding.of(ctx, traffic.split)) is not None:
            shares = (Backend(INTERCEPTOR, INTERCEPTOR_PORT, WHOLE),)
            rule = self._rule(ctx, traffic, HTTP, shares, every)
            rule["backendRefs"][0]["namespace"] = hold.namespace
            rule["filters"] = [{"type": REWRITE, "urlRewrite": {"hostname": hold.host}}]
            return [rule]
        found: list[Manifest] = []
        if grpc := backends(ctx, traffic, GRPC):
            matches = [
                {
                    "path": dict(_EVERY_PATH),
                    "headers": [{"type": "Exact", "name": "content-type", "value": content}],
                }
                for content in _GRPC_CONTENTS
            ]
            found.append(self._rule(ctx, traffic, GRPC, grpc, matches))
        found.append(self._rule(ctx, traffic, HTTP, backends(ctx, traffic), every))
        return found

    def _rule(
        self,
        ctx: Context,
        traffic: Traffic,
        port: str,
        shares: tuple[Backend, ...],
        matches: list[Manifest],
    ) -> Manifest:
        rule: Manifest = {
            "matches": matches,
            "backendRefs": [_backend(each.service, each.port) | {"weight": each.weight} for each in shares],
        }
        if self.spec.timeout is not None:
            rule["timeouts"] = {"request": self.spec.timeout}
        shadow, percent = traffic.split.shadow, traffic.split.shadow_percent
        number = None if shadow is None or not percent else port_of(traffic, shadow, port)
        if shadow is not None and number is not None:
            mirror: Manifest = {"backendRef": _backend(of_revision(ctx, shadow), number)}
            # All is what a mirror does by itself, and what implementations without shares can do.
            # https://gateway-api.sigs.k8s.io/geps/gep-3171/
            if percent < 100:
                mirror["percent"] = percent
            rule["filters"] = [{"type": MIRROR, "requestMirror": mirror}]
        return rule


def _parent(ctx: Context, spec: RoutingSpec) -> Manifest:
    """The user's Gateway, with the defaults that the API server would add."""
    if spec.gateway is None:
        return {}
    return {
        "group": GATEWAY_API,
        "kind": "Gateway",
        "namespace": spec.gateway.namespace or ctx.namespace,
        "name": spec.gateway.name,
    }


def _backend(service: str, port: int) -> Manifest:
    return {"group": "", "kind": "Service", "name": service, "port": port}


def _read(ctx: Context, rules: Any) -> Split | None:
    """The split that a list of rules makes; None: they are not as they were written."""
    rule = rules[-1] if rules else {}
    refs = rule.get("backendRefs") or ()
    if rule.get("matches") != [{"path": _EVERY_PATH}] or any(each.get("filters") for each in refs):
        return None
    if len(rules) > 2 or any("headers" not in match for r in rules[:-1] for match in r["matches"]):
        return None
    filters = rule.get("filters") or ()
    if filters and filters[0]["type"] == REWRITE:
        return _read_held(ctx, filters, refs)
    weights = weights_of(ctx, ((each["name"], each.get("weight", 1)) for each in refs))
    if not weights or not filters:
        return Split(weights) if weights else None
    if len(filters) > 1 or filters[0]["type"] != MIRROR:
        return None
    mirror = filters[0]["requestMirror"]
    return Split(weights, revision_of(ctx, mirror["backendRef"]["name"]), mirror.get("percent", 100))


def _read_held(ctx: Context, filters: Any, refs: Any) -> Split | None:
    """The split of a rule that rewrites the host."""
    if len(filters) != 1 or len(refs) != 1:
        return None
    host = filters[0]["urlRewrite"].get("hostname", "")
    return holding.read(ctx, refs[0]["name"], refs[0].get("namespace", ""), host)
