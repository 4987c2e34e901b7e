"""The Job that measures a deployment's model: a copy of its pod that measures instead of serving. Pure."""

import copy
from base64 import b64encode
from collections.abc import Mapping
from typing import Any, Final

from modelyard_cli.errors import CliError
from modelyard_server import contract

SAMPLES_MOUNT: Final = "/samples"
SAMPLES_LIMIT: Final = 900_000
"""Bytes that fit into a ConfigMap with what is around them."""
_KEEP_SECONDS = 600
_SLACK_SECONDS = 1_800
"""Besides the measuring: to be scheduled, pull the image and fetch the artifact."""
_IDENTITY = "azure.workload.identity/use"
"""By this label Azure's webhook gives a pod the identity that it fetches with."""
_SERVER_ONLY = ("ports", "startupProbe", "readinessProbe", "livenessProbe", "lifecycle")

Raw = dict[str, Any]


def tune_job(
    deployment: Raw,
    template: Raw,
    name: str,
    *,
    variables: Mapping[str, str],
    seconds: float,
    samples: str | None = None,
    image: str | None = None,
) -> Raw:
    """Write the Job.

    The pod gets none of the labels by which Services, budgets and the operator find the deployment's pods:
    no request may reach it. Of the user's own it gets the one that it may need to fetch the model.

    Args:
        deployment: The ModelDeployment, which owns it.
        template: The pod template of the revision that serves.
        name: The Job's name.
        variables: More of the command's environment.
        seconds: How long it measures at most.
        samples: Name of the samples' file in the ConfigMap of the Job's name; None: there is none.
        image: Another server image; None: the revision's own.

    Raises:
        CliError: The template is none of a model server's.
    """
    spec = copy.deepcopy(template["spec"])
    servers = [each for each in spec["containers"] if each["name"] == contract.SERVER_CONTAINER]
    if len(servers) != 1:
        raise CliError(f"the revision's pods have no container {contract.SERVER_CONTAINER!r}")
    server = servers[0]
    for field in _SERVER_ONLY:
        server.pop(field, None)
    server["args"] = ["tune"]
    known = {**variables, **({"MODELYARD_TUNE_SAMPLES": f"{SAMPLES_MOUNT}/{samples}"} if samples else {})}
    server["env"] = [
        *(variable for variable in server.get("env") or [] if variable["name"] not in known),
        *({"name": key, "value": value} for key, value in known.items()),
    ]
    if image is not None:
        server["image"] = image
    if samples is not None:
        spec.setdefault("volumes", []).append({"name": "samples", "configMap": {"name": name}})
        server.setdefault("volumeMounts", []).append(
            {"name": "samples", "mountPath": SAMPLES_MOUNT, "readOnly": True}
        )
    # Sidecars of the template would keep the Job from ending; those that run before it stay.
    spec |= {"containers": [server], "restartPolicy": "Never", "terminationGracePeriodSeconds": 5}
    spec.pop("topologySpreadConstraints", None)
    told = template.get("metadata", {}).get("labels") or {}
    identity = {_IDENTITY: told[_IDENTITY]} if _IDENTITY in told else {}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name, "labels": _labels(), "ownerReferences": [_owner(deployment)]},
        "spec": {
            "backoffLimit": 0,
            "activeDeadlineSeconds": int(seconds) + _SLACK_SECONDS,
            "ttlSecondsAfterFinished": _KEEP_SECONDS,
            "template": {
                "metadata": {
                    "labels": {**_labels(), **identity, "sidecar.istio.io/inject": "false"},
                    "annotations": {"sidecar.istio.io/inject": "false"},
                },
                "spec": spec,
            },
        },
    }


def samples_map(job: Raw, file: str, content: bytes) -> Raw:
    """The ConfigMap with the samples, which goes with the Job.

    Raises:
        CliError: They are too large for one.
    """
    if len(content) > SAMPLES_LIMIT:
        raise CliError(
            f"{file}: {len(content):,} bytes; {SAMPLES_LIMIT:,} at most reach a pod by a ConfigMap"
        )
    owner = {key: job[key] for key in ("apiVersion", "kind")}
    owner |= {key: job["metadata"][key] for key in ("name", "uid")}
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": owner["name"], "labels": _labels(), "ownerReferences": [owner]},
        "binaryData": {file: b64encode(content).decode()},
    }


def _labels() -> dict[str, str]:
    return {"app.kubernetes.io/name": "modelyard-tune", "app.kubernetes.io/managed-by": "modelyard-cli"}


def _owner(deployment: Raw) -> Raw:
    metadata = deployment["metadata"]
    return {
        "apiVersion": deployment["apiVersion"],
        "kind": deployment["kind"],
        "name": metadata["name"],
        "uid": metadata["uid"],
    }
