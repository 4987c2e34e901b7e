"""The Deployment of a revision. It never has `replicas`: sizes go through the scale subresource."""

from collections.abc import Mapping
from typing import Any

from modelyard_operator import contract, labels
from modelyard_operator.kube.kinds import Kind
from modelyard_operator.kube.objects import DeploymentState, Manifest
from modelyard_operator.resources import pod, server_pod
from modelyard_operator.resources.context import Context, Source
from modelyard_operator.resources.naming import all_labels, metadata, of_revision, select

PROGRESS_DEADLINE_SECONDS = 86_400
"""`spec.rollout.deadline` judges a rollout, not the Deployment."""


def _project(live: Mapping[str, Any]) -> DeploymentState:
    spec, status = live.get("spec", {}), live.get("status", {})
    messages = [
        condition.get("message", "")
        for condition in status.get("conditions") or ()
        if (condition["type"], condition["status"]) in (("ReplicaFailure", "True"), ("Progressing", "False"))
    ]
    return DeploymentState(
        wanted=spec.get("replicas", 1),
        replicas=status.get("replicas", 0),
        ready=status.get("readyReplicas", 0),
        updated=status.get("updatedReplicas", 0),
        observed_generation=status.get("observedGeneration", 0),
        message="; ".join(messages),
    )


DEPLOYMENT = Kind(
    "apps/v1",
    "Deployment",
    "deployments",
    _project,
    subresources={"scale": ("patch",)},
)


def revision_deployment(ctx: Context, source: Source, revision: str) -> Manifest:
    """The Deployment of `revision`, as the operator's defaults of now have it."""
    component = labels.COMPONENT_SERVER
    return {
        "apiVersion": DEPLOYMENT.api_version,
        "kind": DEPLOYMENT.kind,
        "metadata": metadata(ctx, of_revision(ctx, revision), component, revision),
        "spec": {
            "selector": {"matchLabels": select(ctx, component, revision)},
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
            "progressDeadlineSeconds": PROGRESS_DEADLINE_SECONDS,
            "revisionHistoryLimit": 0,
            "template": {
                "metadata": {
                    "labels": {**ctx.spec.server.pod_labels, **all_labels(ctx, component, revision)},
                    "annotations": {
                        "kubectl.kubernetes.io/default-container": contract.SERVER_CONTAINER,
                        # Its emptyDirs hold nothing that a new pod cannot fetch again.
                        "cluster-autoscaler.kubernetes.io/safe-to-evict": "true",
                        **ctx.spec.server.pod_annotations,
                    },
                },
                "spec": {**pod.base(ctx), **server_pod.spec(ctx, source, revision)},
            },
        },
    }
