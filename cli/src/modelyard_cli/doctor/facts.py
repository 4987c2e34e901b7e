"""What the API server tells of the cluster: all reading, nothing is changed."""

from dataclasses import dataclass, field
from typing import Any

from modelyard_operator.kube.client import Client
from modelyard_operator.kube.errors import ApiError

Raw = dict[str, Any]

_LISTS = {
    "crds": "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
    "deployments": "/apis/apps/v1/deployments",
    "storage_classes": "/apis/storage.k8s.io/v1/storageclasses",
    "policies": "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies",
    "gateway_classes": "/apis/gateway.networking.k8s.io/v1/gatewayclasses",
}
PAGE = 500
"""Objects in one answer."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a cluster.

    Attributes:
        version: Of the API server, such as v1.34.4.
        groups: API groups, each with its versions.
        lists: Objects by what they are; a list that may not be read, or does not exist, is not there.
        refused: Lists that may not be read.
        node_metrics: Whether the metrics API answers.
        external_metrics: Whether the API of external metrics does, which is KEDA's adapter.
        namespace: The one that the user works in.
        may_create: Whether the user may make ModelDeployments there.
        pod_security: The level that the namespace enforces; None: none, or it can't be read.
    """

    version: str
    groups: dict[str, tuple[str, ...]]
    lists: dict[str, list[Raw]] = field(default_factory=dict)
    refused: frozenset[str] = frozenset()
    node_metrics: bool = False
    external_metrics: bool = False
    namespace: str = "default"
    may_create: bool = False
    pod_security: str | None = None


async def gather(client: Client, namespace: str) -> Facts:
    """Ask for all of it.

    Raises:
        ApiError: The API server refused even what everybody may ask.
        aiohttp.ClientError, TimeoutError: It was not reached.
    """
    version = (await client.get("/version"))["gitVersion"]
    groups = {
        each["name"]: tuple(version["version"] for version in each["versions"])
        for each in (await client.get("/apis"))["groups"]
    }
    lists: dict[str, list[Raw]] = {}
    refused: set[str] = set()
    for name, path in _LISTS.items():
        try:
            lists[name] = await _all(client, path)
        except ApiError as error:
            if error.status != 404:
                refused.add(name)
    return Facts(
        version=str(version),
        groups=groups,
        lists=lists,
        refused=frozenset(refused),
        node_metrics=await _answers(client, "/apis/metrics.k8s.io/v1beta1"),
        external_metrics=await _answers(client, "/apis/external.metrics.k8s.io/v1beta1"),
        namespace=namespace,
        may_create=await _may_create(client, namespace),
        pod_security=await _pod_security(client, namespace),
    )


async def _all(client: Client, path: str) -> list[Raw]:
    found: list[Raw] = []
    more = ""
    while True:
        page = await client.get(path, limit=str(PAGE), **({"continue": more} if more else {}))
        found += page["items"]
        more = page["metadata"].get("continue", "")
        if not more:
            return found


async def _answers(client: Client, path: str) -> bool:
    try:
        await client.get(path)
    except ApiError:
        return False
    return True


async def _may_create(client: Client, namespace: str) -> bool:
    attributes = {
        "group": "modelyard.dev",
        "resource": "modeldeployments",
        "verb": "create",
        "namespace": namespace,
    }
    review = await client.request(
        "POST",
        "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
        body={
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": attributes},
        },
    )
    return bool(review["status"]["allowed"])


async def _pod_security(client: Client, namespace: str) -> str | None:
    try:
        found = await client.get(f"/api/v1/namespaces/{namespace}")
    except ApiError:
        return None
    labels = found["metadata"].get("labels") or {}
    level = labels.get("pod-security.kubernetes.io/enforce")
    return str(level) if level else None
