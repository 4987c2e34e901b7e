"""The ServiceMonitor: how the Prometheus operator finds the server pods, where it is installed.

https://prometheus-operator.dev/docs/api-reference/api/#monitoring.coreos.com/v1.ServiceMonitor
"""

from typing import Any

from modelyard_operator import labels
from modelyard_operator.api.monitoring import Scraped
from modelyard_operator.contract import PATH_METRICS
from modelyard_operator.kube.kinds import Kind
from modelyard_operator.kube.objects import Manifest
from modelyard_operator.resources.context import Context
from modelyard_operator.resources.naming import metadata, select
from modelyard_operator.resources.service import HTTP

SERVICE_MONITOR = Kind(
    "monitoring.coreos.com/v1", "ServiceMonitor", "servicemonitors", is_optional=True, is_exact=True
)


def service_monitors(ctx: Context) -> tuple[Manifest, ...]:
    """One, by way of the revisions' own Services: each pod is scraped once, warm and candidate ones too.

    The Service that users call selects some of the same pods and has no label of a revision.
    """
    monitoring = ctx.spec.monitoring
    if monitoring.service_monitor is Scraped.NEVER:
        return ()
    endpoint: dict[str, Any] = {"port": HTTP, "path": PATH_METRICS}
    if monitoring.interval is not None:
        endpoint["interval"] = monitoring.interval
    described = metadata(ctx, ctx.name, labels.COMPONENT_SERVER)
    # Ours win: everything is found by them.
    described["labels"] = {**monitoring.labels, **described["labels"]}
    manifest = {
        "apiVersion": SERVICE_MONITOR.api_version,
        "kind": SERVICE_MONITOR.kind,
        "metadata": described,
        "spec": {
            "selector": {
                "matchLabels": select(ctx, labels.COMPONENT_SERVER),
                "matchExpressions": [{"key": labels.REVISION, "operator": "Exists"}],
            },
            "endpoints": [endpoint],
        },
    }
    return (manifest,)
