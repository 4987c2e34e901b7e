"""Who may reach the pods; enforced where the cluster's network enforces NetworkPolicies."""

from typing import Any

from modelyard_operator import labels
from modelyard_operator.contract import PORT
from modelyard_operator.kube.kinds import Kind
from modelyard_operator.kube.objects import Manifest
from modelyard_operator.resources import cache
from modelyard_operator.resources.context import Context
from modelyard_operator.resources.naming import metadata, select

NETWORK_POLICY = Kind("networking.k8s.io/v1", "NetworkPolicy", "networkpolicies")


def network_policies(ctx: Context) -> tuple[Manifest, ...]:
    """One for the server's pods, one for resolve's, one for the managed cache's; none when disabled."""
    if not ctx.spec.network_policy.enabled:
        return ()
    policies = [
        _policy(ctx, labels.COMPONENT_SERVER, _server_ingress(ctx)),
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


def _server_ingress(ctx: Context) -> list[Manifest]:
    peers = ctx.spec.network_policy.from_
    if not peers:
        return [{"ports": [_port(PORT)]}]
    operator = {
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": ctx.defaults.operator_namespace}}
    }
    return [
        {"from": list(peers), "ports": [_port(PORT)]},
        # The operator tells pods whether they serve.
        {"from": [operator], "ports": [_port(PORT)]},
    ]


def _port(port: int) -> Manifest:
    return {"port": port, "protocol": "TCP"}
