"""Services: the one that users call, and each revision's own."""

from collections.abc import Mapping
from typing import Any

from modelyard_operator import labels
from modelyard_operator.kube.kinds import Kind
from modelyard_operator.kube.objects import Manifest, ServiceState
from modelyard_operator.resources.context import Context
from modelyard_operator.resources.naming import NO_REVISION, metadata, of_revision, select

PORT = 80


def _project(live: Mapping[str, Any]) -> ServiceState:
    spec = live.get("spec", {})
    return ServiceState(selector=spec.get("selector") or {}, cluster_ip=spec.get("clusterIP"))


SERVICE = Kind("v1", "Service", "services", _project)


def stable_service(ctx: Context, revision: str | None) -> Manifest:
    """The Service that users call; it selects one revision's pods, or none."""
    return {
        "apiVersion": SERVICE.api_version,
        "kind": SERVICE.kind,
        "metadata": metadata(ctx, ctx.name, labels.COMPONENT_SERVER),
        "spec": _spec(ctx, revision or NO_REVISION),
    }


def revision_service(ctx: Context, revision: str) -> Manifest:
    """A revision's own Service."""
    return {
        "apiVersion": SERVICE.api_version,
        "kind": SERVICE.kind,
        "metadata": metadata(ctx, of_revision(ctx, revision), labels.COMPONENT_SERVER, revision),
        "spec": _spec(ctx, revision),
    }


def _spec(ctx: Context, revision: str) -> Manifest:
    return {
        "type": "ClusterIP",
        "selector": select(ctx, labels.COMPONENT_SERVER, revision),
        "ports": [
            {"name": "http", "port": PORT, "targetPort": "http", "protocol": "TCP", "appProtocol": "http"}
        ],
    }
