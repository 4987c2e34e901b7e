"""The Job that runs k6 in a cluster, and the ConfigMap with its script and items. Pure."""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from modelyard_cli.errors import CliError
from modelyard_cli.loadtest.plan import TOKEN, Plan, arguments, variables
from modelyard_cli.loadtest.scenario import FOLDER, SCRIPT

IMAGE: Final = "grafana/k6:1.8.1"
CONTAINER: Final = "k6"
MOUNT: Final = "/loadtest"
LIMIT: Final = 900_000
"""Bytes that fit into a ConfigMap with what is around them."""
_KEEP_SECONDS: Final = 600
_SLACK_SECONDS: Final = 300
"""Besides the load: to be scheduled, pull the image, and end what is under way."""

Raw = dict[str, Any]


def k6_job(
    name: str, plan: Plan, *, image: str = IMAGE, node_selector: Mapping[str, str] | None = None
) -> Raw:
    """Write the Job: k6 without any right, admitted by the restricted PodSecurity standard.

    Args:
        name: The Job's and its ConfigMap's.
        plan: The run.
        image: Has k6 as its entrypoint.
        node_selector: Keeps the load off the nodes that serve.
    """
    files = [f"{MOUNT}/{file.name}" for file in _items(plan)]
    told = dict(variables(plan, files))
    secret = told.pop(TOKEN, None)
    environment: list[Raw] = [{"name": key, "value": value} for key, value in told.items()]
    if secret is not None:
        environment.append({"name": TOKEN, "valueFrom": {"secretKeyRef": {"name": name, "key": TOKEN}}})
    container = {
        "name": CONTAINER,
        "image": image,
        "args": arguments(plan, f"{MOUNT}/{SCRIPT}"),
        "env": environment,
        "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "2Gi"}},
        "volumeMounts": [{"name": "script", "mountPath": MOUNT, "readOnly": True}],
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
        },
    }
    spec: Raw = {
        "restartPolicy": "Never",
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": 5,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": 65532,
            "runAsGroup": 65532,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [container],
        "volumes": [{"name": "script", "configMap": {"name": name}}],
    }
    if node_selector:
        spec["nodeSelector"] = dict(node_selector)
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name, "labels": _labels()},
        "spec": {
            "backoffLimit": 0,
            "activeDeadlineSeconds": plan.scenario.seconds + _SLACK_SECONDS,
            "ttlSecondsAfterFinished": _KEEP_SECONDS,
            "template": {
                # A sidecar would keep the Job from ending.
                "metadata": {
                    "labels": {**_labels(), "sidecar.istio.io/inject": "false"},
                    "annotations": {"sidecar.istio.io/inject": "false"},
                },
                "spec": spec,
            },
        },
    }


def script_map(job: Raw, plan: Plan) -> Raw:
    """The ConfigMap, which goes with the Job.

    Args:
        job: As the API server made it, with its uid.
        plan: The run.

    Raises:
        CliError: The items are too large for one.
    """
    files = [*sorted(FOLDER.iterdir()), *_items(plan)]
    contents = {file.name: file.read_bytes() for file in files}
    size = sum(map(len, contents.values()))
    if size > LIMIT:
        raise CliError(
            f"the script and the items have {size:,} bytes, and {LIMIT:,} at most reach a pod by a "
            "ConfigMap: give fewer pictures, or their addresses, or run it without --in-cluster"
        )
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": _owned(job),
        "binaryData": {name: b64encode(content).decode() for name, content in contents.items()},
    }


def token_secret(job: Raw, plan: Plan) -> Raw | None:
    """The Secret with the bearer token; None: the API wants none."""
    if plan.token is None:
        return None
    return {"apiVersion": "v1", "kind": "Secret", "metadata": _owned(job), "stringData": {TOKEN: plan.token}}


def _owned(job: Raw) -> Raw:
    metadata = job["metadata"]
    owner = {"apiVersion": "batch/v1", "kind": "Job", "name": metadata["name"], "uid": metadata["uid"]}
    return {"name": metadata["name"], "labels": _labels(), "ownerReferences": [owner]}


def _items(plan: Plan) -> Sequence[Path]:
    return plan.payload.files if plan.payload else ()


def _labels() -> dict[str, str]:
    return {"app.kubernetes.io/name": "modelyard-loadtest", "app.kubernetes.io/managed-by": "modelyard-cli"}
