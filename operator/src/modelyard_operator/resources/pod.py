"""What the pods of resolve and server share: security, placement, environment, scratch space.

The pods meet the restricted Pod Security Standard
(https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted).
"""

from modelyard_operator import contract
from modelyard_operator.kube.objects import Manifest
from modelyard_operator.resources import service_account
from modelyard_operator.resources.context import Context
from modelyard_operator.resources.image import server_image

USER = 65532
"""The user and group of every image of ours."""

TMP = "/tmp"  # noqa: S108 - an emptyDir of the pod's own
TMP_SIZE = "1Gi"


def security() -> Manifest:
    """The security part of a pod's spec."""
    return {
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": USER,
            "runAsGroup": USER,
            "fsGroup": USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
    }


def container_security() -> Manifest:
    """The security part of a container."""
    return {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


def base(ctx: Context) -> Manifest:
    """Security, service account and placement of a pod that runs the server image."""
    server = ctx.spec.server
    spec: Manifest = {
        **security(),
        "serviceAccountName": server.service_account_name or service_account.name(ctx),
    }
    if server.node_selector:
        spec["nodeSelector"] = dict(server.node_selector)
    if server.tolerations:
        spec["tolerations"] = [toleration.to_dict() for toleration in server.tolerations]
    if server.affinity:
        spec["affinity"] = server.affinity
    return spec


def server_container(ctx: Context, name: str, command: str) -> Manifest:
    """A container of the server image that runs one of its subcommands."""
    return {
        "name": name,
        "image": server_image(ctx),
        "imagePullPolicy": ctx.defaults.image_pull_policy,
        "args": [command],
        "securityContext": container_security(),
        "terminationMessagePath": contract.TERMINATION_MESSAGE_PATH,
        # A container that dies before it can report leaves the end of its log.
        "terminationMessagePolicy": "FallbackToLogsOnError",
    }


def variable(name: str, value: object | None) -> list[Manifest]:
    """One variable of an environment; none when there is no value."""
    return [] if value is None else [{"name": name, "value": str(value)}]


def common_env(ctx: Context) -> list[Manifest]:
    """The environment of every subcommand: whose it is, and where it may write."""
    namespace = {"fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}}
    return [
        {"name": contract.ENV_NAMESPACE, "valueFrom": namespace},
        *variable(contract.ENV_DEPLOYMENT, ctx.name),
        *variable("HOME", TMP),
        *variable("TMPDIR", TMP),
        *variable("HF_HUB_DISABLE_TELEMETRY", 1),
    ]


def store_env() -> list[Manifest]:
    """The environment of the subcommands that talk to a store."""
    return variable("HF_HOME", f"{TMP}/huggingface")


def store_secret(ctx: Context) -> Manifest:
    """The user's Secret as environment: of resolve and fetch alone, never of the server."""
    secret = ctx.spec.model.secret_ref
    return {} if secret is None else {"envFrom": [{"secretRef": {"name": secret.name}}]}


def tmp_volume() -> Manifest:
    """Scratch space on a read-only root."""
    return {"name": "tmp", "emptyDir": {"sizeLimit": TMP_SIZE}}


def tmp_mount() -> Manifest:
    """The mount of `tmp_volume`."""
    return {"name": "tmp", "mountPath": TMP}
