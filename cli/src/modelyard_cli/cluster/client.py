"""The cluster of the user's kubeconfig."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import urllib3
from kubernetes import client, config

from modelyard_cli.errors import CliError

GROUP, VERSION, PLURAL = "modelyard.dev", "v1alpha1", "modeldeployments"
MERGE_PATCH = "application/merge-patch+json"


@dataclass(frozen=True, slots=True)
class Cluster:
    """A cluster and a namespace in it.

    Attributes:
        api: The connection.
        namespace: The namespace.
    """

    api: Any
    namespace: str

    @property
    def core(self) -> Any:
        """Pods, ConfigMaps and Events."""
        return client.CoreV1Api(self.api)

    @property
    def apps(self) -> Any:
        """Deployments."""
        return client.AppsV1Api(self.api)

    @property
    def batch(self) -> Any:
        """Jobs."""
        return client.BatchV1Api(self.api)

    def plain(self, found: Any) -> Any:
        """What the API gave as the JSON that it was."""
        return self.api.sanitize_for_serialization(found)

    def deployment(self, name: str) -> dict[str, Any]:
        """A ModelDeployment.

        Raises:
            CliError: There is none of that name, or it can't be read.
        """
        custom = client.CustomObjectsApi(self.api)
        found: dict[str, Any] = call(
            f"ModelDeployment {name} in namespace {self.namespace}",
            lambda: custom.get_namespaced_custom_object(GROUP, VERSION, self.namespace, PLURAL, name),
        )
        return found

    def annotate(self, name: str, annotation: str, value: str) -> None:
        """Set an annotation of a ModelDeployment.

        Raises:
            CliError: It can't be set.
        """
        custom = client.CustomObjectsApi(self.api)
        body = {"metadata": {"annotations": {annotation: value}}}
        call(
            f"ModelDeployment {name} in namespace {self.namespace}",
            lambda: custom.patch_namespaced_custom_object(
                GROUP, VERSION, self.namespace, PLURAL, name, body, _content_type=MERGE_PATCH
            ),
        )


def connect(context: str | None, namespace: str | None) -> Cluster:
    """Connect as kubectl would.

    Args:
        context: Of the kubeconfig; None: the present one.
        namespace: None: the context's own, else `default`.

    Raises:
        CliError: There is no kubeconfig, or no such context.
    """
    # Looked up here: the client does so once, when it is imported.
    file = os.environ.get("KUBECONFIG") or None
    try:
        contexts, present = config.list_kube_config_contexts(file)
        api = config.new_client_from_config(file, context)
    except config.ConfigException as error:
        raise CliError(
            f"the cluster can't be told from the kubeconfig: {error}; KUBECONFIG names the file, --context "
            "one of its contexts"
        ) from None
    chosen = present if context is None else next(each for each in contexts if each["name"] == context)
    return Cluster(api, namespace or chosen["context"].get("namespace") or "default")


def call(what: str, request: Callable[[], Any]) -> Any:
    """Make a request; a refusal becomes a message.

    Raises:
        CliError: It was refused, or the API server can't be reached.
    """
    try:
        return request()
    except client.ApiException as error:
        if error.status == 404:
            raise CliError(f"{what}: not found; -n chooses another namespace") from None
        raise CliError(f"{what}: {error.status} {error.reason}: {_message(error)}") from None
    except (OSError, urllib3.exceptions.HTTPError) as error:
        raise CliError(f"{what}: the API server can't be reached: {error}") from None


def _message(error: Any) -> str:
    return str(error.body or "")[:500]
