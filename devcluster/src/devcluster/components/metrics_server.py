"""metrics-server as a process on the node's address, behind its Service and APIService."""

from typing import Any

from devcluster.api import Api
from devcluster.components.base import Component, client_config, pki, program
from devcluster.config import Settings

PORT = 4443
APISERVICE_PATH = "/apis/apiregistration.k8s.io/v1/apiservices/v1beta1.metrics.k8s.io"


def metrics_server(settings: Settings) -> Component:
    """Build the command line."""
    kubeconfig = client_config(settings, "metrics-server")
    argv = (
        program(settings, "metrics-server"),
        f"--bind-address={settings.node_ip}",
        f"--secure-port={PORT}",
        f"--tls-cert-file={pki(settings, 'metrics-server.crt')}",
        f"--tls-private-key-file={pki(settings, 'metrics-server.key')}",
        f"--kubeconfig={kubeconfig}",
        f"--authentication-kubeconfig={kubeconfig}",
        f"--authorization-kubeconfig={kubeconfig}",
        f"--kubelet-certificate-authority={pki(settings, 'ca.crt')}",
        "--kubelet-preferred-address-types=InternalIP",
        "--metric-resolution=10s",
        "--kubelet-request-timeout=5s",
    )

    def check(api: Api) -> str | None:
        problem = api.probe(f"https://{settings.node_ip}:{PORT}/livez")
        return problem or apiservice_problem(api.get(APISERVICE_PATH))

    return Component("metrics-server", argv, check, phase=3, start_limit=120)


def apiservice_problem(service: dict[str, Any] | None) -> str | None:
    """Why the metrics API is not available; None if it is."""
    if service is None:
        return "the APIService v1beta1.metrics.k8s.io is not there"
    for condition in service.get("status", {}).get("conditions", []):
        if condition["type"] == "Available":
            return None if condition["status"] == "True" else f"metrics API: {condition.get('message')}"
    return "the metrics API has not been looked at"
