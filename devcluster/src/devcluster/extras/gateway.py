"""The Gateway API, standard channel, served by the same istiod and Envoy as Istio's own kinds."""

from collections.abc import Sequence
from typing import Any

from devcluster.api import Api, Manifest, object_path
from devcluster.config import Settings
from devcluster.crds import Source
from devcluster.endpoints import GATEWAY_API, GATEWAY_CLASS, INGRESS_SERVICE
from devcluster.extras.base import Extra

_GATEWAY: Manifest = {
    "apiVersion": "gateway.networking.k8s.io/v1",
    "kind": "Gateway",
    "metadata": {"name": GATEWAY_API.gateway, "namespace": GATEWAY_API.namespace},
}


def _after(settings: Settings) -> Sequence[Manifest]:
    """The Gateway; its class is made by istiod."""
    hostname = f"{INGRESS_SERVICE}.{GATEWAY_API.namespace}.svc.{settings.cluster_domain}"
    listener = {
        "name": "http",
        "port": GATEWAY_API.port,
        "protocol": "HTTP",
        "allowedRoutes": {"namespaces": {"from": "All"}},
    }
    spec = {
        "gatewayClassName": GATEWAY_CLASS,
        # The Service of the Envoy that is there, or istiod would wait for one of its own making.
        "addresses": [{"type": "Hostname", "value": hostname}],
        "listeners": [listener],
    }
    return [{**_GATEWAY, "spec": spec}]


def gateway_problem(gateway: dict[str, Any] | None) -> str | None:
    """Why the Gateway takes no routes; None if it does."""
    if gateway is None:
        return f"the Gateway {GATEWAY_API.reference} is not there"
    for condition in gateway.get("status", {}).get("conditions", []):
        if condition["type"] == "Programmed":
            return None if condition["status"] == "True" else f"Gateway: {condition.get('message')}"
    return "istiod has not looked at the Gateway yet"


def _check(api: Api) -> str | None:
    return gateway_problem(api.get(object_path(_GATEWAY))) or api.probe(GATEWAY_API.url, any_status=True)


GATEWAY_EXTRA = Extra(
    name="gateway",
    summary="the Gateway API v1.6 with a Gateway that the same istiod and Envoy serve",
    components=lambda _: (),
    needs=("istio",),
    crds=Source("istio", "sigs.k8s.io/gateway-api", "config/crd/standard/*.yaml"),
    after=_after,
    check=_check,
    urls={"Gateway API": GATEWAY_API.url},
)
