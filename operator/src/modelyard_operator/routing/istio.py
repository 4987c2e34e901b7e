"""Routing by Istio: VirtualServices split the traffic, DestinationRules say how each revision is called.

There is one VirtualService for clients with a sidecar, who call the Service by its names inside the mesh, and
one for the hosts at the user's Gateway. They are two because a VirtualService applies all of its hosts to all
of its gateways: a host of `spec.routing.hosts` that were bound to the mesh too would take over what every
sidecar calls by that name.
https://istio.io/latest/docs/reference/config/networking/virtual-service/
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from modelyard_operator import labels
from modelyard_operator.api.routing import Retries, RoutingSpec
from modelyard_operator.kube.objects import Child, ChildKey, Manifest, unpack
from modelyard_operator.kube.routes import DESTINATION_RULE, VIRTUAL_SERVICE
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

MESH = "mesh"
"""Istio's word for all sidecars."""
_DOMAIN = "svc.cluster.local"
"""A name in another namespace is not completed, so it is written with the usual domain of clusters."""
GRPC_CONTENT = {"headers": {"content-type": {"prefix": "application/grpc"}}}
_KNOWN = frozenset({"name", "match", "route", "mirror", "mirrorPercentage", "retries", "rewrite", "timeout"})
"""Fields of a rule that are ours: with any other, nobody can tell what traffic does."""


@dataclass(frozen=True, slots=True)
class Istio:
    """Weights and mirrors in the proxies of the mesh, and at the user's Gateway."""

    spec: RoutingSpec
    reason: str = "spec.routing.mode is istio"
    mode: str = "istio"
    tolerance: int = 0
    by_count: bool = False
    mirrors: bool = True
    holds: bool = True

    def refusal(self, ctx: Context, split: Split, wanted: Mapping[str, int]) -> str | None:  # noqa: ARG002 - the seam
        """It can bring about every sound split."""
        return unsound(split)

    def route(self, ctx: Context, traffic: Traffic) -> Route:
        """The stable Service, then a DestinationRule a revision, then the VirtualServices that name them."""
        if not traffic.split.serving:
            return stable_route(ctx, traffic, ())
        shadow = traffic.split.shadow
        called = sorted(traffic.split.serving | ({shadow} if shadow else set()))
        http = self._rules(ctx, traffic)
        return stable_route(
            ctx,
            traffic,
            (
                *(self._destination_rule(ctx, revision) for revision in called),
                *(
                    _virtual_service(ctx, name, {"hosts": hosts, "gateways": gateways, "http": http})
                    for name, (hosts, gateways) in self._bindings(ctx).items()
                ),
            ),
        )

    def seen(self, ctx: Context, children: Mapping[ChildKey, Child]) -> Split | None:
        """What the live VirtualServices say, where they all say the same and are bound as they should be."""
        found: list[Split | None] = []
        for name, bound in self._bindings(ctx).items():
            child = live(children, VIRTUAL_SERVICE.kind, name)
            spec = {} if child is None else unpack(child.body).get("spec") or {}
            is_bound = (spec.get("hosts"), spec.get("gateways")) == bound
            found.append(_read(ctx, spec.get("http") or ()) if is_bound else None)
        return found[0] if all(each == found[0] for each in found) else None

    def _bindings(self, ctx: Context) -> dict[str, tuple[list[str], list[str]]]:
        """Hosts and gateways by the name of their VirtualService."""
        # A name without dots is completed with the namespace and whatever the mesh's domain is.
        found = {ctx.name: ([ctx.name], [MESH])}
        gateway = self.spec.gateway
        if gateway is not None:
            bound = f"{gateway.namespace or ctx.namespace}/{gateway.name}"
            found[at_gateway(ctx)] = (list(self.spec.hosts), [bound])
        return found

    def _rules(self, ctx: Context, traffic: Traffic) -> list[Manifest]:
        found: list[Manifest] = []
        if (hold := holding.of(ctx, traffic.split)) is not None:
            shares = (Backend(f"{INTERCEPTOR}.{hold.namespace}.{_DOMAIN}", INTERCEPTOR_PORT, WHOLE),)
            rule = self._rule(ctx, traffic, HTTP, shares, rewrite={"authority": hold.host})
            rule["retries"].pop("perTryTimeout", None)  # A try that is held waits for a pod.
            return [rule]
        if grpc := backends(ctx, traffic, GRPC):
            found.append(self._rule(ctx, traffic, GRPC, grpc, match=[GRPC_CONTENT]))
        found.append(self._rule(ctx, traffic, HTTP, backends(ctx, traffic)))
        return found

    def _rule(
        self, ctx: Context, traffic: Traffic, port: str, shares: tuple[Backend, ...], **match: Any
    ) -> Manifest:
        rule: Manifest = {
            "name": port,
            **match,
            "route": [
                {"destination": _destination(each.service, each.port), "weight": each.weight}
                for each in shares
            ],
            "retries": _retries(self.spec.retries or Retries()),
        }
        if self.spec.timeout is not None:
            rule["timeout"] = self.spec.timeout
        shadow, percent = traffic.split.shadow, traffic.split.shadow_percent
        number = None if shadow is None or not percent else port_of(traffic, shadow, port)
        if shadow is not None and number is not None:
            rule["mirror"] = _destination(of_revision(ctx, shadow), number)
            rule["mirrorPercentage"] = {"value": percent}
        return rule

    def _destination_rule(self, ctx: Context, revision: str) -> Manifest:
        # A pod with a long queue gets less than one without.
        policy: Manifest = {"loadBalancer": {"simple": "LEAST_REQUEST"}}
        outlier = self.spec.outlier_detection
        if outlier is not None:
            policy["outlierDetection"] = {
                "consecutive5xxErrors": outlier.consecutive_errors,
                "interval": outlier.interval,
                "baseEjectionTime": outlier.ejection_time,
                "maxEjectionPercent": outlier.max_ejection_percent,
            }
        name = of_revision(ctx, revision)
        return {
            "apiVersion": DESTINATION_RULE.api_version,
            "kind": DESTINATION_RULE.kind,
            "metadata": metadata(ctx, name, labels.COMPONENT_SERVER, revision),
            "spec": {"host": name, "trafficPolicy": policy, "exportTo": ["*"]},
        }


def at_gateway(ctx: Context) -> str:
    """The name of the VirtualService for the hosts at the user's Gateway."""
    return f"{ctx.name}-gateway"


def _virtual_service(ctx: Context, name: str, spec: Manifest) -> Manifest:
    return {
        "apiVersion": VIRTUAL_SERVICE.api_version,
        "kind": VIRTUAL_SERVICE.kind,
        "metadata": metadata(ctx, name, labels.COMPONENT_SERVER),
        # Said though it is the default: an owned field is put back when somebody narrows it.
        "spec": spec | {"exportTo": ["*"]},
    }


def _destination(service: str, port: int) -> Manifest:
    return {"host": service, "port": {"number": port}}


def _retries(retries: Retries) -> Manifest:
    found: Manifest = {"attempts": retries.attempts}
    if not retries.attempts:
        return found  # Istio refuses conditions beside 0 attempts.
    if retries.per_try_timeout is not None:
        found["perTryTimeout"] = retries.per_try_timeout
    return found | {"retryOn": ",".join(retries.retry_on)}


def _read(ctx: Context, rules: Any) -> Split | None:
    """The split that a list of rules makes; None: they are not as they were written."""
    if not rules or any(not _KNOWN.issuperset(rule) for rule in rules):
        return None
    rule = rules[-1]
    if rule.get("name") != HTTP or rule.get("match") or any(r.get("name") != GRPC for r in rules[:-1]):
        return None
    route = rule.get("route") or ()
    weights = weights_of(
        ctx,
        ((each["destination"]["host"], each.get("weight", 100 if len(route) == 1 else 0)) for each in route),
    )
    if "rewrite" in rule:
        return _read_held(ctx, rule, [each["destination"]["host"] for each in route])
    if not weights:
        return None
    mirror = rule.get("mirror")
    if mirror is None:
        return Split(weights)
    percent = int((rule.get("mirrorPercentage") or {}).get("value", 100))
    return Split(weights, revision_of(ctx, mirror["host"]), percent)


def _read_held(ctx: Context, rule: Manifest, hosts: list[str]) -> Split | None:
    """The split of a rule that rewrites the host."""
    if len(hosts) != 1:
        return None
    service, _, rest = hosts[0].partition(".")
    authority = (rule["rewrite"] or {}).get("authority", "")
    return holding.read(ctx, service, rest.removesuffix(f".{_DOMAIN}"), authority)
