"""The Job that turns `spec.model` into an immutable reference."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from modelyard_operator import contract, labels
from modelyard_operator.kube.kinds import Kind
from modelyard_operator.kube.objects import JobState, Manifest
from modelyard_operator.resources import pod, sources
from modelyard_operator.resources.context import Context
from modelyard_operator.resources.naming import all_labels, metadata

DEADLINE_SECONDS = 600


def _project(live: Mapping[str, Any]) -> JobState:
    status = live.get("status", {})
    succeeded = failed = False
    finished_at: datetime | None = None
    message = ""
    for condition in status.get("conditions") or ():
        if condition["status"] != "True" or condition["type"] not in ("Complete", "Failed"):
            continue
        succeeded = condition["type"] == "Complete"
        failed = not succeeded
        message = condition.get("message", "") if failed else ""
        stamp = status.get("completionTime") or condition.get("lastTransitionTime")
        finished_at = datetime.fromisoformat(stamp) if stamp else None
    return JobState(succeeded=succeeded, failed=failed, finished_at=finished_at, message=message)


JOB = Kind("batch/v1", "Job", "jobs", _project, create_only=True)


def resolve_job(ctx: Context, model_key: str) -> Manifest:
    """It runs where the server would run, as the same service account, with the source's Secret."""
    return {
        "apiVersion": JOB.api_version,
        "kind": JOB.kind,
        "metadata": metadata(ctx, f"{ctx.name}-resolve-{model_key[:8]}", labels.COMPONENT_RESOLVE),
        "spec": {
            "backoffLimit": 1,
            "activeDeadlineSeconds": DEADLINE_SECONDS,
            "template": {
                "metadata": {
                    "labels": {**ctx.spec.server.pod_labels, **all_labels(ctx, labels.COMPONENT_RESOLVE)}
                },
                "spec": {
                    **pod.base(ctx),
                    "restartPolicy": "Never",
                    "containers": [_container(ctx)],
                    "volumes": [pod.tmp_volume(), *sources.volumes(ctx.spec.model.uri)],
                },
            },
        },
    }


def _container(ctx: Context) -> Manifest:
    model = ctx.spec.model
    return {
        **pod.server_container(ctx, contract.RESOLVE_CONTAINER, "resolve"),
        **pod.store_secret(ctx),
        "env": [
            *pod.common_env(ctx),
            *pod.store_env(),
            *pod.variable(contract.ENV_MODEL_URI, model.uri),
            *pod.variable(contract.ENV_MODEL_DIGEST, model.digest),
            *pod.variable(contract.ENV_MODEL_TASK, model.task),
            *pod.variable(contract.ENV_MODEL_VARIANT, model.variant),
        ],
        "resources": {
            "requests": {"cpu": "100m", "memory": "256Mi"},
            "limits": {"cpu": "1", "memory": "512Mi"},
        },
        "volumeMounts": [pod.tmp_mount(), *sources.mounts(model.uri)],
    }
