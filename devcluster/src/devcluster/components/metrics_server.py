"""metrics-server as a process on the node's address, behind its Service and APIService."""

from typing import Any

from devcluster.api import Api
from devcluster.components.base import Component, client_config, pki, program
from devcluster.config import Settings

PORT = 4443
APISERVICES = "/apis/apiregistration.k8s.io/v1/apiservices"
APISERVICE = "v1beta1.metrics.k8s.io"


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
        return problem or apiservice_problem(APISERVICE, api.get(f"{APISERVICES}/{APISERVICE}"))

    return Component("metrics-server", argv, check, phase=3, start_limit=120)


def apiservice_problem(name: str, service: dict[str, Any] | None) -> str | None:
    """Why an API that another server serves is not available; None if it is."""
    if service is None:
        return f"the APIService {name} is not there"
    for condition in service.get("status", {}).get("conditions", []):
        if condition["type"] == "Available":
            return None if condition["status"] == "True" else f"{name}: {condition.get('message')}"
    return f"{name} has not been looked at"
