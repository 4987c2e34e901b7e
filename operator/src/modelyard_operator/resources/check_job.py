"""The Jobs that an analysis of a candidate asks for: each is run once a candidate and step."""

from modelyard_operator import contract, labels
from modelyard_operator.api.base import seconds
from modelyard_operator.api.checks import JobCheck
from modelyard_operator.kube.objects import Manifest
from modelyard_operator.resources import pod, service_account
from modelyard_operator.resources.context import Context
from modelyard_operator.resources.naming import all_labels, digest, metadata, of_revision
from modelyard_operator.resources.resolve_job import JOB

CONTAINER = "check"
ENV_CANDIDATE, ENV_STABLE = "MODELYARD_CANDIDATE", "MODELYARD_STABLE"
ENV_CANDIDATE_URL, ENV_STABLE_URL = "MODELYARD_CANDIDATE_URL", "MODELYARD_STABLE_URL"


def check_job(ctx: Context, check: JobCheck, candidate: str, stable: str | None, step: int) -> Manifest:
    """One Job, run as the server would be: without root, privileges or rights.

    Args:
        ctx: The deployment.
        check: What is asked for; one that changes is another Job.
        candidate: The revision that is on its way.
        stable: The one that serves.
        step: The step that it is run in, from 0.
    """
    told = digest([check.to_dict(), candidate, step]).hex()[:8]
    name = f"{ctx.name}-check-{told}"
    return {
        "apiVersion": JOB.api_version,
        "kind": JOB.kind,
        "metadata": metadata(ctx, name, labels.COMPONENT_CHECK, candidate),
        "spec": {
            "backoffLimit": 0,
            "activeDeadlineSeconds": int(seconds(check.timeout)),
            "template": {
                "metadata": {"labels": all_labels(ctx, labels.COMPONENT_CHECK, candidate)},
                "spec": {
                    **pod.security(),
                    "serviceAccountName": service_account.name(ctx),
                    "restartPolicy": "Never",
                    "containers": [_container(ctx, check, candidate, stable)],
                    "volumes": [pod.tmp_volume()],
                },
            },
        },
    }


def _container(ctx: Context, check: JobCheck, candidate: str, stable: str | None) -> Manifest:
    container: Manifest = {
        "name": CONTAINER,
        "image": check.image,
        "imagePullPolicy": ctx.defaults.image_pull_policy,
        "env": [
            *pod.variable(contract.ENV_NAMESPACE, ctx.namespace),
            *pod.variable(contract.ENV_DEPLOYMENT, ctx.name),
            *pod.variable(ENV_CANDIDATE, candidate),
            *pod.variable(ENV_CANDIDATE_URL, _url(ctx, candidate)),
            *pod.variable(ENV_STABLE, stable),
            *pod.variable(ENV_STABLE_URL, None if stable is None else _url(ctx, stable)),
            *pod.variable("TMPDIR", pod.TMP),
            *({"name": each.name, "value": each.value} for each in check.env),
        ],
        "securityContext": pod.container_security(),
        # A Job has no message of its own: what it last wrote is what people need.
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "resources": {
            "requests": {"cpu": "50m", "memory": "64Mi"},
            "limits": {"cpu": "1", "memory": "512Mi"},
        },
        "volumeMounts": [pod.tmp_mount()],
    }
    if check.command:
        container["command"] = list(check.command)
    if check.args:
        container["args"] = list(check.args)
    if check.secret_ref is not None:
        container["envFrom"] = [{"secretRef": {"name": check.secret_ref.name}}]
    return container


def _url(ctx: Context, revision: str) -> str:
    return f"http://{of_revision(ctx, revision)}.{ctx.namespace}.svc"
