"""The ScaledObject of a revision: KEDA scales by what Prometheus counts, where it is installed.

https://keda.sh/docs/latest/reference/scaledobject-spec/
"""

from collections.abc import Mapping
from typing import Any

from modelyard_operator import labels
from modelyard_operator.api.base import seconds
from modelyard_operator.api.scaling import ToZero
from modelyard_operator.contract import SERVER_CONTAINER
from modelyard_operator.kube.kinds import Kind
from modelyard_operator.kube.objects import Manifest, ScaledState
from modelyard_operator.resources.context import Context
from modelyard_operator.resources.interceptor_route import COUNTED_SECONDS, scaler_trigger
from modelyard_operator.resources.naming import metadata, of_revision

_WINDOW = "1m"
"""Two scrapes of the usual 30 seconds fall into it."""
_POLL_SECONDS = COUNTED_SECONDS


def _project(live: Mapping[str, Any]) -> ScaledState:
    spec = live.get("spec", {})
    ready: bool | None = None
    message = ""
    for condition in (live.get("status") or {}).get("conditions") or ():
        # Unknown with a message: some triggers fail. Without one: nobody has looked yet.
        if condition["type"] == "Ready" and (condition["status"] != "Unknown" or condition.get("message")):
            ready = condition["status"] == "True"
            message = "" if ready else condition.get("message", "")
    return ScaledState(
        minimum=spec.get("minReplicaCount", 0),
        maximum=spec.get("maxReplicaCount", 100),
        ready=ready,
        message=message,
    )


AUTOSCALER_PREFIX = "keda-hpa-"
"""Before the name of a ScaledObject: the autoscaler that KEDA makes of it, with the same labels."""

SCALED_OBJECT = Kind("keda.sh/v1alpha1", "ScaledObject", "scaledobjects", _project, is_optional=True)


def scaled_object(
    ctx: Context,
    revision_name: str,
    minimum: int,
    maximum: int,
    *,
    held_by: str | None = None,
    may_sleep: bool = False,
) -> Manifest:
    """The same bounds and the same look at the CPU as the autoscaler's, and what counts requests besides.

    Args:
        ctx: The deployment.
        revision_name: The revision that is scaled.
        minimum: Pods at least, unless it sleeps.
        maximum: Pods at most.
        held_by: The namespace of the HTTP add-on that counts its requests and holds them; None: none does.
        may_sleep: Whether it has no pod while no requests come.
    """
    scaling = ctx.spec.scaling
    name = of_revision(ctx, revision_name)
    of = f'model_name="{ctx.name}",namespace="{ctx.namespace}",revision="{revision_name}"'
    in_flight = f"sum(modelyard_in_flight_requests{{{of}}})"
    triggers: list[Manifest] = [
        {
            "type": "cpu",
            "metricType": "Utilization",
            "metadata": {"value": str(scaling.cpu_utilization), "containerName": SERVER_CONTAINER},
        }
    ]
    if scaling.requests_per_second is not None:
        # A pod counts a request when the first is answered: until then its other gauge says that it is there.
        rate = f"sum(rate(modelyard_requests_total{{{of}}}[{_WINDOW}])) or 0 * {in_flight}"
        target = scaling.requests_per_second
        triggers.append(_prometheus(ctx, "requests-per-second", rate, target, is_held=held_by is not None))
    if scaling.in_flight is not None:
        target = scaling.in_flight
        triggers.append(_prometheus(ctx, "in-flight", in_flight, target, is_held=held_by is not None))
    if held_by is not None:
        triggers.append(scaler_trigger(ctx, revision_name, held_by))
    spec: Manifest = {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": name},
        "minReplicaCount": minimum,
        "maxReplicaCount": maximum,
        "pollingInterval": _POLL_SECONDS,
        "triggers": triggers,
    }
    if may_sleep:
        idle = int(seconds((scaling.to_zero or ToZero()).idle))
        # The first is how long after requests have ceased to count, the second how long after this was made.
        spec |= {"idleReplicaCount": 0, "cooldownPeriod": idle, "initialCooldownPeriod": idle}
    if scaling.behavior:
        spec["advanced"] = {"horizontalPodAutoscalerConfig": {"behavior": scaling.behavior}}
    return {
        "apiVersion": SCALED_OBJECT.api_version,
        "kind": SCALED_OBJECT.kind,
        "metadata": metadata(ctx, name, labels.COMPONENT_SERVER, revision_name),
        "spec": spec,
    }


def _prometheus(ctx: Context, name: str, query: str, target: int, *, is_held: bool) -> Manifest:
    source = ctx.spec.scaling.prometheus
    trigger: Manifest = {
        "type": "prometheus",
        "name": name,
        # The query is of all pods: KEDA divides by how many there are.
        "metricType": "AverageValue",
        "metadata": {
            "serverAddress": source.address if source is not None else "",
            "query": query,
            "threshold": str(target),
            # A Prometheus that knows nothing does not mean that nobody asks, unless another does know.
            "ignoreNullValues": "true" if is_held else "false",
        },
    }
    if source is not None and source.authentication_ref is not None:
        trigger["authenticationRef"] = {"name": source.authentication_ref}
    return trigger
