"""A small client of the cluster's HTTP endpoints; it needs no kubectl."""

import json
import ssl
from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Any, Self

import httpx

from devcluster.config import Settings
from devcluster.errors import DevclusterError

FIELD_MANAGER = "devcluster"
TIMEOUT_SECONDS = 5.0

Manifest = Mapping[str, Any]

_PLURALS = {
    "Namespace": ("namespaces", False),
    "ConfigMap": ("configmaps", True),
    "Service": ("services", True),
    "ServiceAccount": ("serviceaccounts", True),
    "Deployment": ("deployments", True),
    "EndpointSlice": ("endpointslices", True),
    "CustomResourceDefinition": ("customresourcedefinitions", False),
    "Role": ("roles", True),
    "ClusterRole": ("clusterroles", False),
    "ClusterRoleBinding": ("clusterrolebindings", False),
    "RoleBinding": ("rolebindings", True),
    "APIService": ("apiservices", False),
    "ValidatingWebhookConfiguration": ("validatingwebhookconfigurations", False),
    "MutatingWebhookConfiguration": ("mutatingwebhookconfigurations", False),
    "MutatingAdmissionPolicy": ("mutatingadmissionpolicies", False),
    "MutatingAdmissionPolicyBinding": ("mutatingadmissionpolicybindings", False),
    "EnvoyFilter": ("envoyfilters", True),
    # The plural is the same in Istio's API group and in the Gateway API's.
    "Gateway": ("gateways", True),
    "ScaledObject": ("scaledobjects", True),
}


def object_path(manifest: Manifest) -> str:
    """URL path of an object.

    Args:
        manifest: Has apiVersion, kind and metadata.

    Returns:
        The path below the API server's root.
    """
    version, metadata = manifest["apiVersion"], manifest["metadata"]
    plural, namespaced = _PLURALS[manifest["kind"]]
    root = f"/apis/{version}" if "/" in version else f"/api/{version}"
    middle = f"/namespaces/{metadata['namespace']}" if namespaced else ""
    return f"{root}{middle}/{plural}/{metadata['name']}"


def failures(text: str) -> str:
    """The lines of a verbose health page that tell of a failure; the page's beginning if none does."""
    failed = [line for line in text.splitlines() if line.startswith("[-]")]
    return "; ".join(failed) or text.strip()[:300]


class Api:
    """Speaks to everything that listens on the node's address, as the administrator."""

    def __init__(self, settings: Settings) -> None:
        context = ssl.create_default_context(cafile=str(settings.pki_dir / "ca.crt"))
        context.load_cert_chain(settings.pki_dir / "admin.crt", settings.pki_dir / "admin.key")
        # trust_env=False: a proxy in the environment knows nothing of the bridge's addresses.
        self._client = httpx.Client(verify=context, trust_env=False, timeout=TIMEOUT_SECONDS)
        self._root = settings.api_url

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def probe(self, url: str, *, any_status: bool = False) -> str | None:
        """Ask one health endpoint.

        Args:
            url: The whole URL.
            any_status: Any answer counts, for servers without a health page.

        Returns:
            None if it is healthy, else why it is not.
        """
        try:
            response = self._client.get(url)
        except httpx.HTTPError as error:
            return f"{url}: {error or type(error).__name__}"
        if response.is_success or any_status:
            return None
        return f"{url} answers {response.status_code}: {failures(response.text)}"

    def get(self, path: str) -> dict[str, Any] | None:
        """Read an object from the API server; None if it is not there or the server does not answer."""
        try:
            response = self._client.get(self._root + path)
        except httpx.HTTPError:
            return None
        if not response.is_success:
            return None
        data: dict[str, Any] = response.json()
        return data

    def post(self, url: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Post JSON to an endpoint of the cluster.

        Raises:
            DevclusterError: It cannot be reached or refuses.
        """
        try:
            response = self._client.post(url, json=dict(body))
            response.raise_for_status()
        except httpx.HTTPStatusError as error:
            raise DevclusterError(f"{url} refused: {error.response.text.strip()[:500]}") from None
        except httpx.HTTPError as error:
            raise DevclusterError(f"{url} cannot be reached: {error}") from None
        data: dict[str, Any] = response.json()
        return data

    def merge(self, path: str, patch: Manifest) -> None:
        """Change some fields of an object.

        Args:
            path: The object's path, with the subresource.
            patch: A JSON merge patch (RFC 7396).

        Raises:
            DevclusterError: The API server refuses.
        """
        headers = {"Content-Type": "application/merge-patch+json"}
        response = self._client.patch(self._root + path, headers=headers, content=json.dumps(dict(patch)))
        if not response.is_success:
            raise DevclusterError(f"The API server refused {path}: {response.text.strip()[:500]}")

    def delete(self, path: str) -> bool:
        """Delete an object; what depends on it goes in the background.

        Args:
            path: The object's path.

        Returns:
            Whether it was there.

        Raises:
            DevclusterError: The API server refuses.
        """
        response = self._client.delete(self._root + path)
        if response.status_code == httpx.codes.NOT_FOUND:
            return False
        if not response.is_success:
            raise DevclusterError(f"The API server refused to delete {path}: {response.text.strip()[:500]}")
        return True

    def apply(self, manifests: Iterable[Manifest]) -> None:
        """Server-side apply objects in order.

        Raises:
            DevclusterError: The API server refuses one.
        """
        for manifest in manifests:
            response = self._client.patch(
                self._root + object_path(manifest),
                params={"fieldManager": FIELD_MANAGER, "force": "true"},
                headers={"Content-Type": "application/apply-patch+yaml"},
                # JSON is YAML, and written a hundred times as fast.
                content=json.dumps(dict(manifest)),
            )
            if not response.is_success:
                name = f"{manifest['kind']} {manifest['metadata']['name']}"
                raise DevclusterError(f"The API server refused {name}: {response.text.strip()[:500]}")
