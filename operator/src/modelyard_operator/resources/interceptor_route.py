"""The InterceptorRoute of a revision: KEDA's HTTP add-on holds requests for it until a pod is up.

Requests come to the add-on's interceptor under a name that is the revision's alone. It is the name of the
revision's own Service, which the interceptor calls, so that a sidecar beside the interceptor knows it too.
https://keda.sh/http-add-on/latest/reference/interceptorroute/
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from modelyard_operator import labels
from modelyard_operator.kube.kinds import Kind
from modelyard_operator.kube.objects import Manifest, RouteState
from modelyard_operator.resources.context import Context
from modelyard_operator.resources.naming import metadata, of_revision
from modelyard_operator.resources.service import PORT

INTERCEPTOR: Final = "keda-add-ons-http-interceptor-proxy"
"""The Service of the add-on that takes requests, as its chart names it."""
INTERCEPTOR_PORT: Final = 8080
SCALER: Final = "keda-add-ons-http-external-scaler"
"""The Service of the add-on that tells KEDA whether requests come."""
SCALER_PORT: Final = 9090

_NO_TARGET = 1_000_000
"""The interceptor's counts say whether requests come. How many pods they take, the other triggers say."""
COUNTED_SECONDS: Final = 15
"""How long a request counts after it came: a short one falls between two looks at how many are there.

As long as KEDA's interval between two looks, so that none is missed. The add-on's own default is a minute,
and for so long nobody would be idle.
"""


def _project(live: Mapping[str, Any]) -> RouteState:
    generation = live["metadata"].get("generation", 0)
    for condition in (live.get("status") or {}).get("conditions") or ():
        is_old = condition.get("observedGeneration", generation) < generation
        if condition["type"] != "Ready" or condition["status"] == "Unknown" or is_old:
            continue
        if condition["status"] == "True":
            return RouteState(accepted=True)
        return RouteState(False, condition.get("reason", ""), condition.get("message", ""))
    return RouteState()


INTERCEPTOR_ROUTE = Kind(
    "http.keda.sh/v1beta1", "InterceptorRoute", "interceptorroutes", _project, is_optional=True
)


def host(ctx: Context, revision: str) -> str:
    """The name under which the interceptor knows the revision."""
    return f"{of_revision(ctx, revision)}.{ctx.namespace}.svc"


def scaler_trigger(ctx: Context, revision: str, namespace: str) -> Manifest:
    """The trigger of a ScaledObject with which requests that are held wake the revision.

    Args:
        ctx: The deployment.
        revision: It has an InterceptorRoute.
        namespace: The add-on's.
    """
    return {
        "type": "external-push",
        "name": "requests",
        "metadata": {
            "scalerAddress": f"{SCALER}.{namespace}:{SCALER_PORT}",
            "interceptorRoute": of_revision(ctx, revision),
        },
    }


def interceptor_route(ctx: Context, revision: str, unused_since: datetime | None = None) -> Manifest:
    """Requests wait for as long as their clients and the route in front let them.

    Args:
        ctx: The deployment.
        revision: Whose requests.
        unused_since: Since when none are to go by it; None: they are.
    """
    name = of_revision(ctx, revision)
    own = metadata(ctx, name, labels.COMPONENT_SERVER, revision)
    if unused_since is not None:
        own["annotations"] = {labels.UNUSED_SINCE: unused_since.isoformat()}
    return {
        "apiVersion": INTERCEPTOR_ROUTE.api_version,
        "kind": INTERCEPTOR_ROUTE.kind,
        "metadata": own,
        "spec": {
            "target": {"service": name, "port": PORT},
            "rules": [{"hosts": [host(ctx, revision)]}],
            "scalingMetric": {
                "concurrency": {"targetValue": _NO_TARGET},
                "requestRate": {
                    "targetValue": _NO_TARGET,
                    "window": f"{COUNTED_SECONDS}s",
                    "granularity": "1s",
                },
            },
            "timeouts": {"readiness": "0s"},
        },
    }
