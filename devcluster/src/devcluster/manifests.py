"""Objects that a cluster has from the start."""

import base64
from typing import Any

from devcluster import overcommit
from devcluster.api import Manifest
from devcluster.components.artifact_store import PORT as STORE_PORT
from devcluster.components.metrics_server import PORT as METRICS_PORT
from devcluster.config import Settings

STORE_NAMESPACE = "modelyard-store"
STORE_SERVICE = "artifacts"
RBAC = "rbac.authorization.k8s.io"
"""The API group of roles and bindings."""


def base(settings: Settings) -> list[Manifest]:
    """Rights and Services of the daemons that run on the node instead of in pods."""
    store = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": STORE_NAMESPACE}}
    return [
        *overcommit.manifests(),
        store,
        *_dns(settings),
        *_metrics(settings),
        *service(settings, STORE_NAMESPACE, STORE_SERVICE, [("http", 7070, STORE_PORT, "TCP")]),
    ]


def service(
    settings: Settings,
    namespace: str,
    name: str,
    ports: list[tuple[str, int, int, str]],
    *,
    cluster_ip: str | None = None,
    node_port: int | None = None,
) -> list[Manifest]:
    """A Service without selector and the slice that sends it to the node's address.

    Args:
        settings: Has the node's address.
        namespace: The Service's namespace.
        name: The Service's name.
        ports: Name, port of the Service, port on the node, protocol.
        cluster_ip: A fixed cluster address.
        node_port: Port on 127.0.0.1 and the node's address for the Service's one port.
    """
    labels = {"app.kubernetes.io/managed-by": "devcluster"}
    spec: dict[str, Any] = {
        "ports": [
            {"name": port_name, "port": port, "targetPort": target, "protocol": protocol}
            for port_name, port, target, protocol in ports
        ]
    }
    if cluster_ip:
        spec["clusterIP"] = cluster_ip
    if node_port:
        spec["type"] = "NodePort"
        spec["ports"][0]["nodePort"] = node_port
    return [
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": name, "namespace": namespace, "labels": labels},
            "spec": spec,
        },
        {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": {
                "name": f"{name}-node",
                "namespace": namespace,
                "labels": {
                    "kubernetes.io/service-name": name,
                    "endpointslice.kubernetes.io/managed-by": "devcluster",
                },
            },
            "addressType": "IPv4",
            "endpoints": [{"addresses": [settings.node_ip], "conditions": {"ready": True}}],
            "ports": [
                {"name": port_name, "port": target, "protocol": protocol}
                for port_name, _, target, protocol in ports
            ],
        },
    ]


def cluster_role(name: str, rules: list[dict[str, list[str]]]) -> Manifest:
    """Rights in the whole cluster."""
    return {"apiVersion": f"{RBAC}/v1", "kind": "ClusterRole", "metadata": {"name": name}, "rules": rules}


def binding(name: str, role: str, user: str) -> Manifest:
    """Gives a user the rights of a ClusterRole."""
    return {
        "apiVersion": f"{RBAC}/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": name},
        "roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": role},
        "subjects": [{"apiGroup": RBAC, "kind": "User", "name": user}],
    }


def _dns(settings: Settings) -> list[Manifest]:
    """CoreDNS: its rights and the Service at the address that pods ask."""
    name = "devcluster:coredns"
    watch = ["list", "watch"]
    rules = [
        {"apiGroups": [""], "resources": ["services", "pods", "namespaces"], "verbs": watch},
        {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": watch},
    ]
    ports = [("dns", 53, 53, "UDP"), ("dns-tcp", 53, 53, "TCP")]
    return [
        cluster_role(name, rules),
        binding(name, name, name),
        *service(settings, "kube-system", "kube-dns", ports, cluster_ip=settings.dns_ip),
    ]


def _metrics(settings: Settings) -> list[Manifest]:
    """metrics-server: its rights, its Service, and the API that it serves."""
    name = "devcluster:metrics-server"
    rules = [
        {"apiGroups": [""], "resources": ["nodes/metrics"], "verbs": ["get"]},
        {"apiGroups": [""], "resources": ["pods", "nodes"], "verbs": ["get", "list", "watch"]},
    ]
    authority = base64.b64encode((settings.pki_dir / "ca.crt").read_bytes()).decode()
    return [
        cluster_role(name, rules),
        binding(name, name, name),
        binding(f"{name}:delegator", "system:auth-delegator", name),
        {
            "apiVersion": f"{RBAC}/v1",
            "kind": "RoleBinding",
            "metadata": {"name": name, "namespace": "kube-system"},
            "roleRef": {
                "apiGroup": RBAC,
                "kind": "Role",
                "name": "extension-apiserver-authentication-reader",
            },
            "subjects": [{"apiGroup": RBAC, "kind": "User", "name": name}],
        },
        *service(settings, "kube-system", "metrics-server", [("https", 443, METRICS_PORT, "TCP")]),
        {
            "apiVersion": "apiregistration.k8s.io/v1",
            "kind": "APIService",
            "metadata": {"name": "v1beta1.metrics.k8s.io"},
            "spec": {
                "group": "metrics.k8s.io",
                "version": "v1beta1",
                "groupPriorityMinimum": 100,
                "versionPriority": 100,
                "caBundle": authority,
                "service": {"name": "metrics-server", "namespace": "kube-system", "port": 443},
            },
        },
        # Lets everybody who may read pods run `kubectl top`.
        {
            "apiVersion": f"{RBAC}/v1",
            "kind": "ClusterRole",
            "metadata": {
                "name": "devcluster:metrics-reader",
                "labels": {
                    "rbac.authorization.k8s.io/aggregate-to-view": "true",
                    "rbac.authorization.k8s.io/aggregate-to-edit": "true",
                    "rbac.authorization.k8s.io/aggregate-to-admin": "true",
                },
            },
            "rules": [
                {
                    "apiGroups": ["metrics.k8s.io"],
                    "resources": ["pods", "nodes"],
                    "verbs": ["get", "list", "watch"],
                }
            ],
        },
    ]
