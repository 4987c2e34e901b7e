"""ModelDeployments with routes, and what an informer would keep of their objects."""

from collections.abc import Iterable, Mapping
from typing import Any

from modelyard_operator.api.deployment import ModelDeploymentSpec
from modelyard_operator.api.routing import RoutingSpec
from modelyard_operator.kube import project
from modelyard_operator.kube.objects import Child, ChildKey, Manifest
from modelyard_operator.kube.routes import ROUTE_KINDS
from modelyard_operator.resources.catalog import KINDS
from modelyard_operator.resources.context import Context, Defaults
from modelyard_operator.routing.base import Split, Traffic

SPEC = ModelDeploymentSpec.model_validate({"model": {"uri": "hf://org/repo"}})
CTX = Context("shop", "sentiment", "uid", SPEC, Defaults("server", "cache", "system"))
OLD, NEW = "raaaaaaaaa", "rbbbbbbbbb"

HTTP_PORT = {"name": "http", "port": 80, "targetPort": "http", "protocol": "TCP", "appProtocol": "http"}
GRPC_PORT = {
    "name": "grpc",
    "port": 9000,
    "targetPort": "grpc",
    "protocol": "TCP",
    "appProtocol": "kubernetes.io/h2c",
}
ACCEPTED = {
    "parents": [
        {
            "controllerName": "istio.io/gateway-controller",
            "conditions": [
                {"type": "Accepted", "status": "True", "reason": "Accepted", "observedGeneration": 1},
                {"type": "ResolvedRefs", "status": "True", "reason": "ResolvedRefs", "observedGeneration": 1},
            ],
        }
    ]
}


def routing(**spec: Any) -> RoutingSpec:
    return RoutingSpec.model_validate(spec)


def traffic(split: Split, stable: str | None = OLD, *ports: dict[str, Any]) -> Traffic:
    each = (HTTP_PORT, *ports)
    return Traffic(split, stable, stable, {OLD: 1, NEW: 1}, {OLD: 1, NEW: 1}, {OLD: each, NEW: each})


def children(
    manifests: Iterable[Manifest], status: Mapping[str, Any] | None = None, generation: int = 1
) -> dict[ChildKey, Child]:
    kinds = {kind.kind: kind for kind in (*KINDS, *ROUTE_KINDS)}
    found = {}
    for manifest in manifests:
        metadata = manifest["metadata"] | {"uid": "u", "resourceVersion": "1", "generation": generation}
        child = project.child(
            kinds[manifest["kind"]], manifest | {"metadata": metadata, "status": dict(status or {})}
        )
        found[child.key] = child
    return found
