"""ModelDeployments and their children through the API."""

import json
from typing import Any

import httpx

from tests.control_plane import wait_until

Raw = dict[str, Any]
DEFAULT_SPEC: Raw = {"model": {"uri": "s3://models/sentiment"}}
_PATHS = {
    "ModelDeployment": ("apis/modelyard.dev/v1alpha1", "modeldeployments"),
    "Deployment": ("apis/apps/v1", "deployments"),
    "ControllerRevision": ("apis/apps/v1", "controllerrevisions"),
    "Service": ("api/v1", "services"),
    "ConfigMap": ("api/v1", "configmaps"),
    "Pod": ("api/v1", "pods"),
    "Secret": ("api/v1", "secrets"),
    "Event": ("api/v1", "events"),
    "HorizontalPodAutoscaler": ("apis/autoscaling/v2", "horizontalpodautoscalers"),
    "PodDisruptionBudget": ("apis/policy/v1", "poddisruptionbudgets"),
    "Lease": ("apis/coordination.k8s.io/v1", "leases"),
    "VirtualService": ("apis/networking.istio.io/v1", "virtualservices"),
    "DestinationRule": ("apis/networking.istio.io/v1", "destinationrules"),
    "IstioGateway": ("apis/networking.istio.io/v1", "gateways"),
    "ServiceMonitor": ("apis/monitoring.coreos.com/v1", "servicemonitors"),
    "HTTPRoute": ("apis/gateway.networking.k8s.io/v1", "httproutes"),
    "ScaledObject": ("apis/keda.sh/v1alpha1", "scaledobjects"),
    "InterceptorRoute": ("apis/http.keda.sh/v1beta1", "interceptorroutes"),
    "Gateway": ("apis/gateway.networking.k8s.io/v1", "gateways"),
}


def path(kind: str, namespace: str, name: str = "") -> str:
    root, plural = _PATHS[kind]
    return f"/{root}/namespaces/{namespace}/{plural}" + (f"/{name}" if name else "")


def apply(api: httpx.Client, namespace: str, name: str = "sentiment", spec: Raw | None = None) -> None:
    body = {
        "apiVersion": "modelyard.dev/v1alpha1",
        "kind": "ModelDeployment",
        "metadata": {"name": name},
        "spec": DEFAULT_SPEC | (spec or {}),
    }
    api.patch(
        path("ModelDeployment", namespace, name),
        params={"fieldManager": "test", "force": "true"},
        content=json.dumps(body),
        headers={"Content-Type": "application/apply-patch+yaml"},
    ).raise_for_status()


def post(api: httpx.Client, kind: str, namespace: str, body: Raw) -> None:
    api.post(path(kind, namespace), json=body).raise_for_status()


def set_status(api: httpx.Client, kind: str, namespace: str, name: str, status: Raw) -> None:
    headers = {"Content-Type": "application/merge-patch+json"}
    url = path(kind, namespace, name) + "/status"
    api.patch(url, content=json.dumps({"status": status}), headers=headers).raise_for_status()


def lose_status(api: httpx.Client, namespace: str, name: str = "sentiment") -> None:
    """A ModelDeployment is as if nobody had ever looked at it, as after a restored backup."""
    resource = get(api, "ModelDeployment", namespace, name)
    assert resource is not None
    body = resource | {"status": {"observedGeneration": -1}}
    api.put(path("ModelDeployment", namespace, name) + "/status", json=body).raise_for_status()


def get(api: httpx.Client, kind: str, namespace: str, name: str) -> Raw | None:
    answer = api.get(path(kind, namespace, name))
    if answer.status_code == 404:
        return None
    found: Raw = answer.raise_for_status().json()
    return found


def listed(api: httpx.Client, kind: str, namespace: str) -> list[Raw]:
    items: list[Raw] = api.get(path(kind, namespace)).raise_for_status().json()["items"]
    return items


def delete(api: httpx.Client, kind: str, namespace: str, name: str) -> None:
    api.delete(path(kind, namespace, name)).raise_for_status()


def merge(api: httpx.Client, kind: str, namespace: str, name: str, patch: Raw) -> Raw:
    headers = {"Content-Type": "application/merge-patch+json"}
    answer = api.patch(path(kind, namespace, name), content=json.dumps(patch), headers=headers)
    changed: Raw = answer.raise_for_status().json()
    return changed


def condition(resource: Raw | None, kind: str) -> Raw:
    conditions = ((resource or {}).get("status") or {}).get("conditions") or []
    return next((c for c in conditions if c["type"] == kind), {"status": None, "reason": None, "message": ""})


def wait_condition(
    api: httpx.Client, namespace: str, name: str = "sentiment", kind: str = "Ready", status: str = "True"
) -> Raw:
    """Wait until a condition judges the newest generation so; answers the resource."""
    last: list[Raw | None] = [None]

    def holds() -> bool:
        last[0] = resource = get(api, "ModelDeployment", namespace, name)
        said = condition(resource, kind)
        generation = resource["metadata"]["generation"] if resource else None
        return said["status"] == status and said.get("observedGeneration") == generation

    try:
        wait_until(holds, f"{kind}={status} of {namespace}/{name}", 60)
    except TimeoutError as error:
        raise AssertionError(f"{error}: {json.dumps((last[0] or {}).get('status'), indent=1)}") from error
    assert last[0] is not None
    return last[0]
