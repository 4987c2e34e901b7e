"""The controller manager, with an autoscaler that answers within seconds."""

from devcluster.components.base import Component, client_config, http_check, pki, program
from devcluster.config import Settings

HPA_FLAGS = (
    "--horizontal-pod-autoscaler-sync-period=5s",
    "--horizontal-pod-autoscaler-downscale-stabilization=20s",
    "--horizontal-pod-autoscaler-initial-readiness-delay=5s",
    "--horizontal-pod-autoscaler-cpu-initialization-period=10s",
)
"""Upstream: 15 s, 5 min, 30 s, 5 min."""


def controller_manager(settings: Settings) -> Component:
    """Build the command line."""
    name, port = "kube-controller-manager", 10257
    argv = [
        program(settings, name),
        f"--kubeconfig={client_config(settings, name)}",
        f"--bind-address={settings.node_ip}",
        f"--secure-port={port}",
        f"--tls-cert-file={pki(settings, name + '.crt')}",
        f"--tls-private-key-file={pki(settings, name + '.key')}",
        f"--root-ca-file={pki(settings, 'ca.crt')}",
        f"--service-account-private-key-file={pki(settings, 'service-accounts.key')}",
        f"--cluster-signing-cert-file={pki(settings, 'ca.crt')}",
        f"--cluster-signing-key-file={pki(settings, 'ca.key')}",
        "--use-service-account-credentials=true",
        "--allocate-node-cidrs=false",
        "--leader-elect=false",
        *HPA_FLAGS,
    ]
    return Component(name, tuple(argv), http_check(f"https://{settings.node_ip}:{port}/healthz"), phase=3)
