"""The HorizontalPodAutoscaler of a revision."""

from collections.abc import Mapping
from typing import Any

from modelyard_operator import labels
from modelyard_operator.contract import SERVER_CONTAINER
from modelyard_operator.kube.kinds import Kind
from modelyard_operator.kube.objects import HpaState, Manifest
from modelyard_operator.resources.context import Context
from modelyard_operator.resources.naming import metadata, of_revision


def _project(live: Mapping[str, Any]) -> HpaState:
    spec, status = live.get("spec", {}), live.get("status", {})
    active: bool | None = None
    message = ""
    for condition in status.get("conditions") or ():
        if condition["type"] == "ScalingActive":
            active = condition["status"] == "True"
            message = "" if active else condition.get("message", "")
    return HpaState(
        minimum=spec.get("minReplicas", 1),
        maximum=spec["maxReplicas"],
        desired=status.get("desiredReplicas", 0),
        scaling_active=active,
        message=message,
    )


AUTOSCALER = Kind("autoscaling/v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers", _project)


def autoscaler(ctx: Context, revision_name: str, minimum: int, maximum: int) -> Manifest:
    """It looks at the server container alone: sidecars would dilute a pod's average."""
    name = of_revision(ctx, revision_name)
    target = {"type": "Utilization", "averageUtilization": ctx.spec.scaling.cpu_utilization}
    spec: Manifest = {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": name},
        "minReplicas": minimum,
        "maxReplicas": maximum,
        "metrics": [
            {
                "type": "ContainerResource",
                "containerResource": {"name": "cpu", "container": SERVER_CONTAINER, "target": target},
            }
        ],
    }
    if ctx.spec.scaling.behavior:
        spec["behavior"] = ctx.spec.scaling.behavior
    return {
        "apiVersion": AUTOSCALER.api_version,
        "kind": AUTOSCALER.kind,
        "metadata": metadata(ctx, name, labels.COMPONENT_SERVER, revision_name),
        "spec": spec,
    }
