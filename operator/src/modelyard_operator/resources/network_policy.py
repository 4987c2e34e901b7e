"""Who may reach the pods; enforced where the cluster's network enforces NetworkPolicies."""

from typing import Any

from modelyard_operator import labels
from modelyard_operator.contract import PORT
from modelyard_operator.kube.kinds import Kind
from modelyard_operator.kube.objects import Manifest
from modelyard_operator.resources import cache
from modelyard_operator.resources.context import Context
from modelyard_operator.resources.naming import metadata, select

CALLERS = (labels.COMPONENT_SERVER, labels.COMPONENT_CHECK)
"""Pods of the deployment's own that call its servers."""

PROXY_METRICS = 15090
"""Where a sidecar of Istio's tells its own metrics; in a pod without one, nobody listens there.

https://istio.io/latest/docs/ops/deployment/application-requirements/#ports-used-by-istio
"""

NETWORK_POLICY = Kind("networking.k8s.io/v1", "NetworkPolicy", "networkpolicies")


def network_policies(ctx: Context, grpc_ports: frozenset[int] = frozenset()) -> tuple[Manifest, ...]:
    """One for the server's pods, one for resolve's, one for the managed cache's; none when disabled.

    They are about what comes in: what pods reach (stores, an issuer's keys, pictures) is left to the cluster.

    Args:
        ctx: The deployment.
        grpc_ports: Where pods of other revisions than the spec's take gRPC.
    """
    if not ctx.spec.network_policy.enabled:
        return ()
    policies = [
        _policy(ctx, labels.COMPONENT_SERVER, _server_ingress(ctx, grpc_ports)),
        _policy(ctx, labels.COMPONENT_RESOLVE, []),
    ]
    if ctx.spec.cache is not None and ctx.spec.cache.managed is not None:
        server_pods = {"podSelector": {"matchLabels": select(ctx, labels.COMPONENT_SERVER)}}
        rule = {"from": [server_pods], "ports": [_port(cache.PORT)]}
        policies.append(_policy(ctx, labels.COMPONENT_CACHE, [rule]))
    return tuple(policies)


def _policy(ctx: Context, component: str, ingress: list[Manifest]) -> Manifest:
    spec: dict[str, Any] = {
        "podSelector": {"matchLabels": select(ctx, component)},
        "policyTypes": ["Ingress"],
    }
    if ingress:  # No rule at all denies everything; the API server does not keep an empty list.
        spec["ingress"] = ingress
    return {
        "apiVersion": NETWORK_POLICY.api_version,
        "kind": NETWORK_POLICY.kind,
        "metadata": metadata(ctx, f"{ctx.name}-{component}", component),
        "spec": spec,
    }


def _server_ingress(ctx: Context, grpc_ports: frozenset[int]) -> list[Manifest]:
    peers = ctx.spec.network_policy.from_
    asked = ctx.spec.server.grpc_port
    also = grpc_ports if asked is None else grpc_ports | {asked}
    ports = [_port(port) for port in (PORT, *sorted(also), PROXY_METRICS)]
    if not peers:
        return [{"ports": ports}]
    operator = _namespace(ctx.defaults.operator_namespace)
    to_zero = ctx.spec.scaling.to_zero
    # Whoever holds requests for pods must be let in to hand them over.
    holders = [] if to_zero is None else [_namespace(to_zero.add_on_namespace)]
    return [
        {"from": [*peers, *holders], "ports": ports},
        # The operator tells pods whether they serve and reads their metrics; stable pods send copies to those
        # of a candidate; Jobs of an analysis try it.
        {"from": [operator, *(_own(ctx, component) for component in CALLERS)], "ports": [_port(PORT)]},
    ]


def _namespace(name: str) -> Manifest:
    return {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": name}}}


def _own(ctx: Context, component: str) -> Manifest:
    return {"podSelector": {"matchLabels": select(ctx, component)}}


def _port(port: int) -> Manifest:
    return {"port": port, "protocol": "TCP"}
