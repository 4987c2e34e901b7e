"""What KEDA may do: the rights of its own manifests, for one user instead of a service account.

Source: config/rbac/role.yaml and config/metrics-server/*.yaml in kedacore/keda.
"""

from collections.abc import Sequence

from devcluster.api import Manifest
from devcluster.endpoints import KEDA_NAMESPACE
from devcluster.manifests import RBAC, binding, cluster_role

_WATCH = ["list", "watch"]
_READ = ["get", *_WATCH]
_CHANGE = [*_READ, "patch", "update"]
_WRITE = [*_CHANGE, "create", "delete"]

CLUSTER_RULES = [
    # Whatever may be scaled.
    {"apiGroups": ["*"], "resources": ["*"], "verbs": ["get"]},
    {"apiGroups": ["*"], "resources": ["*/scale"], "verbs": _CHANGE},
    {
        "apiGroups": [""],
        "resources": ["configmaps", "configmaps/status", "external", "pods", "secrets", "services"],
        "verbs": _READ,
    },
    {"apiGroups": [""], "resources": ["limitranges", "serviceaccounts"], "verbs": _WATCH},
    {"apiGroups": ["", "events.k8s.io"], "resources": ["events"], "verbs": ["create", "patch"]},
    {"apiGroups": ["apps"], "resources": ["deployments", "replicasets", "statefulsets"], "verbs": _WATCH},
    {"apiGroups": ["autoscaling"], "resources": ["horizontalpodautoscalers"], "verbs": _WRITE},
    {"apiGroups": ["batch"], "resources": ["jobs"], "verbs": _WRITE},
    {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": _READ},
    {"apiGroups": ["eventing.keda.sh", "keda.sh"], "resources": ["*"], "verbs": _CHANGE},
]
"""In the whole cluster."""

NAMESPACE_RULES = [
    {"apiGroups": [""], "resources": ["secrets"], "verbs": _WRITE},
    {"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": _WRITE},
]
"""In its own namespace."""

_READER = "devcluster:external-metrics-reader"


def rights(user: str) -> Sequence[Manifest]:
    """Roles and bindings.

    Args:
        user: Whom both daemons speak as.
    """
    subjects = [{"apiGroup": RBAC, "kind": "User", "name": user}]
    own = {"name": user, "namespace": KEDA_NAMESPACE}
    version = f"{RBAC}/v1"

    def role_binding(place: dict[str, str], role: str) -> Manifest:
        reference = {"apiGroup": RBAC, "kind": "Role", "name": role}
        body = {"metadata": place, "roleRef": reference, "subjects": subjects}
        return {"apiVersion": version, "kind": "RoleBinding", **body}

    autoscaler = {
        "kind": "ServiceAccount",
        "name": "horizontal-pod-autoscaler",
        "namespace": "kube-system",
    }
    reading = [{"apiGroups": ["external.metrics.k8s.io"], "resources": ["*"], "verbs": _READ}]
    return [
        cluster_role(user, CLUSTER_RULES),
        binding(user, user, user),
        {"apiVersion": version, "kind": "Role", "metadata": own, "rules": NAMESPACE_RULES},
        role_binding(own, user),
        # So that the adapter knows who asks it.
        binding(f"{user}:delegator", "system:auth-delegator", user),
        role_binding({"name": user, "namespace": "kube-system"}, "extension-apiserver-authentication-reader"),
        cluster_role(_READER, reading),
        {**binding(_READER, _READER, ""), "subjects": [autoscaler]},
    ]
