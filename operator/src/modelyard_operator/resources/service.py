"""Services: the one that users call, and each revision's own."""

from collections.abc import Mapping
from typing import Any

from modelyard_operator import labels
from modelyard_operator.kube.kinds import Kind
from modelyard_operator.kube.objects import Manifest, ServiceState
from modelyard_operator.resources.context import Context
from modelyard_operator.resources.naming import NO_REVISION, metadata, of_revision, select

PORT = 80
HTTP = "http"
GRPC = "grpc"


def _project(live: Mapping[str, Any]) -> ServiceState:
    spec = live.get("spec", {})
    return ServiceState(selector=spec.get("selector") or {}, cluster_ip=spec.get("clusterIP"))


SERVICE = Kind("v1", "Service", "services", _project)


def stable_service(ctx: Context, revision: str | None, ports: tuple[Manifest, ...] | None = None) -> Manifest:
    """The Service that users call; it selects one revision's pods, or none.

    Args:
        ctx: The deployment.
        revision: The revision that it selects.
        ports: Those of the revision's own Service, as it was rendered at birth; None: as the spec has it.
    """
    return {
        "apiVersion": SERVICE.api_version,
        "kind": SERVICE.kind,
        "metadata": metadata(ctx, ctx.name, labels.COMPONENT_SERVER),
        "spec": _spec(ctx, revision or NO_REVISION, ports),
    }


def shared_service(ctx: Context, stable: str, ports: tuple[Manifest, ...] | None = None) -> Manifest:
    """The same Service while it selects the server pods of every revision that has any.

    Args:
        ctx: The deployment.
        stable: The revision that it selects again when that is over; status may be lost meanwhile.
        ports: Those of its own Service, as it was rendered at birth; None: as the spec has it.
    """
    shared = metadata(ctx, ctx.name, labels.COMPONENT_SERVER)
    return {
        "apiVersion": SERVICE.api_version,
        "kind": SERVICE.kind,
        "metadata": shared | {"annotations": {labels.STABLE: stable}},
        "spec": _spec(ctx, None, ports),
    }


def revision_service(ctx: Context, revision: str) -> Manifest:
    """A revision's own Service."""
    return {
        "apiVersion": SERVICE.api_version,
        "kind": SERVICE.kind,
        "metadata": metadata(ctx, of_revision(ctx, revision), labels.COMPONENT_SERVER, revision),
        "spec": _spec(ctx, revision),
    }


def _spec(ctx: Context, revision: str | None, ports: tuple[Manifest, ...] | None = None) -> Manifest:
    return {
        "type": "ClusterIP",
        "selector": select(ctx, labels.COMPONENT_SERVER, revision),
        "ports": _ports(ctx) if ports is None else list(ports),
    }


def _ports(ctx: Context) -> list[Manifest]:
    # https://kubernetes.io/docs/concepts/services-networking/service/#application-protocol
    ports = [(HTTP, PORT, "http"), (GRPC, ctx.spec.server.grpc_port, "kubernetes.io/h2c")]
    return [
        {"name": name, "port": port, "targetPort": name, "protocol": "TCP", "appProtocol": protocol}
        for name, port, protocol in ports
        if port is not None
    ]
