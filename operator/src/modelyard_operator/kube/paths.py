"""URL paths of the API: the only place that builds them."""

from typing import Final

from modelyard_operator.api.base import API_VERSION
from modelyard_operator.api.deployment import KIND, PLURAL
from modelyard_operator.kube.kinds import Kind

OWN: Final = Kind(API_VERSION, KIND, PLURAL)
POD: Final = Kind("v1", "Pod", "pods")
SECRET: Final = Kind("v1", "Secret", "secrets")
EVENT: Final = Kind("v1", "Event", "events")
LEASE: Final = Kind("coordination.k8s.io/v1", "Lease", "leases")


def collection(kind: Kind, namespace: str | None) -> str:
    """The path of all objects of a kind: of one namespace, or (None) of all."""
    root = f"/apis/{kind.api_version}" if kind.group else f"/api/{kind.api_version}"
    return f"{root}/namespaces/{namespace}/{kind.plural}" if namespace else f"{root}/{kind.plural}"


def item(kind: Kind, namespace: str, name: str, subresource: str | None = None) -> str:
    """The path of one object, or of a subresource of it."""
    path = f"{collection(kind, namespace)}/{name}"
    return f"{path}/{subresource}" if subresource else path
