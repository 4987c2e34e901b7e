"""Prometheus, which scrapes the pods of the cluster and, where it is up, the mesh."""

from collections.abc import Sequence

from devcluster.api import Api, Manifest
from devcluster.build import PROMETHEUS
from devcluster.components.prometheus import data_folder, prometheus
from devcluster.config import Settings
from devcluster.endpoints import (
    PROMETHEUS_NAMESPACE,
    PROMETHEUS_NODE_PORT,
    PROMETHEUS_PORT,
    PROMETHEUS_SERVICE_URL,
    PROMETHEUS_URL,
)
from devcluster.extras.base import Extra, namespace
from devcluster.manifests import binding, cluster_role, service
from devcluster.pki import Identity

USER = Identity("prometheus", "devcluster:prometheus")


def _before(settings: Settings) -> Sequence[Manifest]:
    """Rights to find pods and to ask the kubelet, and the Service."""
    rules = [
        {"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list", "watch"]},
        {"apiGroups": [""], "resources": ["nodes/metrics"], "verbs": ["get"]},
    ]
    ports = [("http", PROMETHEUS_PORT, PROMETHEUS_PORT, "TCP")]
    return [
        namespace(PROMETHEUS_NAMESPACE),
        cluster_role(USER.user, rules),
        binding(USER.user, USER.user, USER.user),
        *service(settings, PROMETHEUS_NAMESPACE, "prometheus", ports, node_port=PROMETHEUS_NODE_PORT),
    ]


def _check(api: Api) -> str | None:
    # Through the Service: this proves kube-proxy's rules as well.
    return api.probe(f"{PROMETHEUS_URL}/-/ready")


PROMETHEUS_EXTRA = Extra(
    name="prometheus",
    summary="Prometheus, which scrapes modelyard's pods, the kubelet and pods annotated prometheus.io/scrape",
    components=lambda settings: (prometheus(settings),),
    tools=(PROMETHEUS,),
    user=USER,
    before=_before,
    check=_check,
    folders=lambda settings: (data_folder(settings),),
    urls={"Prometheus": PROMETHEUS_URL, "Prometheus, from pods": PROMETHEUS_SERVICE_URL},
)
