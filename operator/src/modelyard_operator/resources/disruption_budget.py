"""The PodDisruptionBudget of the revision that serves."""

from modelyard_operator import labels
from modelyard_operator.kube.kinds import Kind
from modelyard_operator.kube.objects import Manifest
from modelyard_operator.resources.context import Context
from modelyard_operator.resources.naming import metadata, of_revision, select

DISRUPTION_BUDGET = Kind("policy/v1", "PodDisruptionBudget", "poddisruptionbudgets")


def disruption_budget(ctx: Context, revision_name: str) -> Manifest:
    """One pod at a time; a pod that is not ready never blocks the drain of its node."""
    return {
        "apiVersion": DISRUPTION_BUDGET.api_version,
        "kind": DISRUPTION_BUDGET.kind,
        "metadata": metadata(ctx, of_revision(ctx, revision_name), labels.COMPONENT_SERVER, revision_name),
        "spec": {
            "maxUnavailable": 1,
            "unhealthyPodEvictionPolicy": "AlwaysAllow",
            "selector": {"matchLabels": select(ctx, labels.COMPONENT_SERVER, revision_name)},
        },
    }
