"""The daemons of the cluster, one module each."""

import hashlib
import os
from collections.abc import Mapping

from devcluster.components.apiserver import apiserver
from devcluster.components.artifact_store import artifact_store
from devcluster.components.base import Component
from devcluster.components.containerd import containerd
from devcluster.components.controller_manager import controller_manager
from devcluster.components.coredns import coredns
from devcluster.components.etcd import etcd
from devcluster.components.kube_proxy import kube_proxy
from devcluster.components.kubelet import kubelet
from devcluster.components.metrics_server import metrics_server
from devcluster.components.scheduler import scheduler
from devcluster.config import Settings
from devcluster.credentials import Credentials
from devcluster.host import Host

FORMAT = 1
"""Raised when state that this tool keeps outside of command lines and files changes its form."""

_PROXY_VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy")

NAMES = (
    "etcd",
    "containerd",
    "artifact-store",
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "kubelet",
    "kube-proxy",
    "coredns",
    "metrics-server",
)
"""Every daemon in the order of starting."""


def components(
    settings: Settings, host: Host, credentials: Credentials, environ: Mapping[str, str] = os.environ
) -> tuple[Component, ...]:
    """Every daemon of the cluster in the order of starting."""
    proxies = {name: environ[name] for name in _PROXY_VARIABLES if name in environ}
    return (
        etcd(settings),
        containerd(settings, host, proxies),
        artifact_store(settings, credentials),
        apiserver(settings),
        controller_manager(settings),
        scheduler(settings),
        kubelet(settings, host),
        kube_proxy(settings),
        coredns(settings, host),
        metrics_server(settings),
    )


def stamp(specs: Mapping[str, str]) -> str:
    """Name of a configuration: two clusters with the same stamp are interchangeable.

    Args:
        specs: Hash of each daemon by its name.

    Returns:
        16 hex digits.
    """
    text = "\n".join([str(FORMAT), *(f"{name}={spec}" for name, spec in sorted(specs.items()))])
    return hashlib.sha256(text.encode()).hexdigest()[:16]
