"""The cluster of the user's kubeconfig."""

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import urllib3
from kubernetes import client, config

from modelyard_cli.cluster import kubeconfig
from modelyard_cli.errors import CliError, ForbiddenError

GROUP, VERSION, PLURAL = "modelyard.dev", "v1alpha1", "modeldeployments"
APPROVALS = "modelapprovals"
MERGE_PATCH = "application/merge-patch+json"
REFUSED = "CommandRefused"
"""The reason of the Event with which the operator refuses a command."""
_MISSING = "not found; -n chooses another namespace"
_UNSERVED = "the cluster does not know this kind; `modelyard doctor` says what is missing"


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

    def names(self, seconds: float) -> list[str]:
        """The names of the namespace's ModelDeployments, for completion.

        Args:
            seconds: How long to wait for them.

        Raises:
            CliError: They can't be listed.
        """
        custom = client.CustomObjectsApi(self.api)
        found = call(
            f"ModelDeployments in namespace {self.namespace}",
            lambda: custom.list_namespaced_custom_object(
                GROUP, VERSION, self.namespace, PLURAL, _request_timeout=seconds
            ),
        )
        return [each["metadata"]["name"] for each in found["items"]]

    def user(self) -> str:
        """Who the API server takes this person for.

        Raises:
            CliError: It doesn't say.
        """
        review = client.AuthenticationV1Api(self.api)
        body = client.V1SelfSubjectReview()
        found = call("your user name", lambda: review.create_self_subject_review(body))
        return str(found.status.user_info.username)

    def approve(self, body: dict[str, Any]) -> dict[str, Any]:
        """Create a ModelApproval.

        Raises:
            CliError: It was refused; the API server says why. ForbiddenError: for want of the right.
        """
        custom = client.CustomObjectsApi(self.api)
        made: dict[str, Any] = call(
            f"ModelApproval in namespace {self.namespace}",
            lambda: custom.create_namespaced_custom_object(GROUP, VERSION, self.namespace, APPROVALS, body),
            missing="the cluster has no ModelApprovals: apply k8s/base/crd.yaml",
        )
        return made

    def refusals(self, uid: str) -> list[dict[str, Any]]:
        """The Events of commands that the operator refused, the oldest first.

        Args:
            uid: Of the ModelDeployment.

        Raises:
            CliError: They can't be listed.
        """
        selector = f"involvedObject.uid={uid},reason={REFUSED}"
        events = call(
            "Events", lambda: self.core.list_namespaced_event(self.namespace, field_selector=selector)
        )
        items: list[dict[str, Any]] = self.plain(events)["items"]
        return sorted(items, key=lambda event: event.get("lastTimestamp") or "")

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
        CliError: There is no kubeconfig, or none that can be read, or no such context.
    """
    file = kubeconfig.find()
    try:
        contexts, present = config.list_kube_config_contexts(file)
        names = [each["name"] for each in contexts]
        if context is not None and context not in names:
            raise CliError(f"{file} has no context {context}: --context takes one of {', '.join(names)}")
        api = config.new_client_from_config(file, context)
    except (config.ConfigException, *kubeconfig.WRONG) as error:
        raise kubeconfig.untold(file, error) from None
    chosen = present if context is None else next(each for each in contexts if each["name"] == context)
    return Cluster(api, namespace or chosen["context"].get("namespace") or "default")


def call(what: str, request: Callable[[], Any], *, missing: str = _MISSING) -> Any:
    """Make a request; a refusal becomes a message.

    Args:
        what: Is asked for.
        request: Asks.
        missing: What the message says where the API server has none.

    Raises:
        CliError: It was refused, or the API server can't be reached. ForbiddenError: for want of a right.
    """
    try:
        return request()
    except client.ApiException as error:
        if error.status == 404:
            raise CliError(f"{what}: {missing if _is_status(error) else _UNSERVED}") from None
        kind = ForbiddenError if error.status == 403 else CliError
        raise kind(f"{what}: {error.status} {error.reason}: {_message(error)}") from None
    except (OSError, urllib3.exceptions.HTTPError) as error:
        raise CliError(f"{what}: the API server can't be reached: {_why(error)}") from None


def _is_status(error: Any) -> bool:
    """Whether the API server looked for an object, and not for a path that it does not serve."""
    with suppress(ValueError, TypeError):
        return bool(json.loads(error.body)["kind"] == "Status")
    return False


def _why(error: Exception) -> str:
    """Where it was looked for and what came of it, without the client's own machinery."""
    reason = getattr(error, "reason", None) or error
    if isinstance(reason, urllib3.exceptions.NewConnectionError):
        return f"{reason.conn.host}:{reason.conn.port}: {str(reason).rpartition(': ')[2]}"
    return str(reason)


def _message(error: Any) -> str:
    text = str(error.body or "")
    with suppress(ValueError, KeyError, TypeError):  # A proxy's page, say: as it stands.
        text = str(json.loads(text)["message"])
    return text[:500]
