"""What istiod may do: the rights of Istio's own chart, less those for sidecars and proxies in pods.

Source: manifests/charts/istio-control/istio-discovery/templates/clusterrole.yaml in istio.io/istio.
"""

from collections.abc import Sequence

from devcluster.api import Manifest
from devcluster.endpoints import INGRESS_ACCOUNT, ISTIO_NAMESPACE
from devcluster.manifests import RBAC, binding, cluster_role

_READ = ["get", "list", "watch"]
_WRITE = [*_READ, "create", "update", "patch", "delete"]
_ISTIO = ["networking.istio.io", "security.istio.io", "telemetry.istio.io", "extensions.istio.io"]
_GATEWAY = ["gateway.networking.k8s.io"]

CLUSTER_RULES = [
    {
        "apiGroups": ["admissionregistration.k8s.io"],
        "resources": ["mutatingwebhookconfigurations", "validatingwebhookconfigurations"],
        "verbs": [*_READ, "update", "patch"],
    },
    {"apiGroups": _ISTIO, "resources": ["*"], "verbs": _READ},
    {
        "apiGroups": ["networking.istio.io"],
        "resources": ["workloadentries", "workloadentries/status", "serviceentries/status"],
        "verbs": _WRITE,
    },
    {"apiGroups": ["security.istio.io"], "resources": ["authorizationpolicies/status"], "verbs": _WRITE},
    {"apiGroups": ["apiextensions.k8s.io"], "resources": ["customresourcedefinitions"], "verbs": _READ},
    {
        "apiGroups": [""],
        "resources": ["pods", "nodes", "services", "namespaces", "endpoints", "secrets", "serviceaccounts"],
        "verbs": _READ,
    },
    {"apiGroups": [""], "resources": ["services/status"], "verbs": _WRITE},
    {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": _READ},
    {"apiGroups": ["networking.k8s.io"], "resources": ["ingresses", "ingressclasses"], "verbs": _READ},
    {"apiGroups": ["networking.k8s.io"], "resources": ["ingresses/status"], "verbs": ["*"]},
    # The authority's certificate in every namespace.
    {"apiGroups": [""], "resources": ["configmaps"], "verbs": [*_READ, "create", "update"]},
    {"apiGroups": ["authentication.k8s.io"], "resources": ["tokenreviews"], "verbs": ["create"]},
    {"apiGroups": ["authorization.k8s.io"], "resources": ["subjectaccessreviews"], "verbs": ["create"]},
    {
        "apiGroups": [*_GATEWAY, "gateway.networking.x-k8s.io", "inference.networking.k8s.io"],
        "resources": ["*"],
        "verbs": _READ,
    },
    {
        "apiGroups": _GATEWAY,
        "resources": [
            f"{kind}/status"
            for kind in (
                "backendtlspolicies",
                "gatewayclasses",
                "gateways",
                "grpcroutes",
                "httproutes",
                "listenersets",
                "referencegrants",
                "tcproutes",
                "tlsroutes",
                "udproutes",
            )
        ],
        "verbs": ["update", "patch"],
    },
    {
        "apiGroups": _GATEWAY,
        "resources": ["gatewayclasses"],
        "verbs": ["create", "update", "patch", "delete"],
    },
]
"""In the whole cluster."""

NAMESPACE_RULES = [
    # With which istiod tries, without writing, whether its webhook refuses a bad object.
    {"apiGroups": ["networking.istio.io"], "resources": ["gateways"], "verbs": ["create"]},
    {"apiGroups": [""], "resources": ["secrets"], "verbs": [*_READ, "create", "update", "delete"]},
    {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["delete"]},
    {
        "apiGroups": ["coordination.k8s.io"],
        "resources": ["leases"],
        "verbs": ["get", "update", "patch", "create"],
    },
]
"""In its own namespace."""


def rights(user: str) -> Sequence[Manifest]:
    """Roles and bindings.

    Args:
        user: Whom istiod speaks as.
    """
    subject = {"apiGroup": RBAC, "kind": "User", "name": user}
    return [
        cluster_role(user, CLUSTER_RULES),
        binding(user, user, user),
        *_in_namespace(user, NAMESPACE_RULES, subject),
    ]


def ingress_rights() -> Sequence[Manifest]:
    """What the ingress gateway may do; istiod asks whether it may list Secrets before it hands it one.

    Source: manifests/charts/gateway/templates/role.yaml in istio.io/istio.
    """
    rules = [{"apiGroups": [""], "resources": ["secrets"], "verbs": _READ}]
    subject = {"kind": "ServiceAccount", "name": INGRESS_ACCOUNT, "namespace": ISTIO_NAMESPACE}
    return _in_namespace(INGRESS_ACCOUNT, rules, subject)


def _in_namespace(
    name: str, rules: list[dict[str, list[str]]], subject: dict[str, str]
) -> Sequence[Manifest]:
    """A role in Istio's namespace, and who has it."""
    version, place = f"{RBAC}/v1", {"name": name, "namespace": ISTIO_NAMESPACE}
    return [
        {"apiVersion": version, "kind": "Role", "metadata": place, "rules": rules},
        {
            "apiVersion": version,
            "kind": "RoleBinding",
            "metadata": place,
            "roleRef": {"apiGroup": RBAC, "kind": "Role", "name": name},
            "subjects": [subject],
        },
    ]
