"""What the operator may do, generated from the kinds that it makes: nothing else."""

from collections import defaultdict
from typing import Any

from modelyard_operator.api import approval
from modelyard_operator.api.base import GROUP
from modelyard_operator.api.deployment import PLURAL
from modelyard_operator.approval import policies
from modelyard_operator.kube.kinds import Kind
from modelyard_operator.kube.neighbours import NEIGHBOUR_KINDS
from modelyard_operator.kube.objects import Manifest
from modelyard_operator.resources.catalog import KINDS

NAME = "modelyard-operator"
NAMESPACE = "modelyard-system"
USER = f"system:serviceaccount:{NAMESPACE}:{NAME}"
"""The operator, as the API server knows it."""
LABELS = {"app.kubernetes.io/name": NAME, "app.kubernetes.io/part-of": "modelyard"}

WATCHED = ("get", "list", "watch")

_OWN = (
    (GROUP, PLURAL, WATCHED),
    (GROUP, f"{PLURAL}/status", ("get", "patch", "update")),
    (GROUP, approval.PLURAL, WATCHED),
    ("", "pods", WATCHED),
    # Created once and read by name: never listed, never watched.
    ("", "secrets", ("get", "create", "patch")),
    ("", "events", ("create", "patch")),
)


def cluster_role(kinds: tuple[Kind, ...] = KINDS) -> Manifest:
    """The ClusterRole: bound cluster-wide, or by a RoleBinding in each namespace that is watched."""
    grants = [*_OWN]
    for kind in (*kinds, *NEIGHBOUR_KINDS):
        grants.append((kind.group, kind.plural, kind.verbs))
        grants.extend(
            (kind.group, f"{kind.plural}/{name}", verbs) for name, verbs in kind.subresources.items()
        )
    return _role("ClusterRole", grants)


def admission_role() -> Manifest:
    """The ClusterRole to read, by name, the policies without which approvals are not believed.

    They are objects of the whole cluster, so it is bound cluster-wide even where one namespace is watched.
    """
    role = _role("ClusterRole", [])
    role["metadata"]["name"] = f"{NAME}-admission"
    role["rules"] = [
        {
            "apiGroups": ["admissionregistration.k8s.io"],
            "resources": ["validatingadmissionpolicies", "validatingadmissionpolicybindings"],
            "resourceNames": [policies.APPROVER, policies.CHANGED_BY_POLICY],
            "verbs": ["get"],
        }
    ]
    return role


def lease_role() -> Manifest:
    """The Role of leader election, in the operator's own namespace."""
    role = _role("Role", [("coordination.k8s.io", "leases", ("get", "create", "update", "patch"))])
    role["metadata"]["namespace"] = NAMESPACE
    return role


def _role(kind: str, grants: list[tuple[str, str, tuple[str, ...]]]) -> Manifest:
    """One rule for all resources of a group that have the same verbs."""
    together: dict[tuple[str, tuple[str, ...]], list[str]] = defaultdict(list)
    for group, resource, verbs in grants:
        together[group, verbs].append(resource)
    rules: list[dict[str, Any]] = [
        {"apiGroups": [group], "resources": sorted(resources), "verbs": list(verbs)}
        for (group, verbs), resources in together.items()
    ]
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": kind,
        "metadata": {"name": NAME, "labels": dict(LABELS)},
        "rules": rules,
    }
