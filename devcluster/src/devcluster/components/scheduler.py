"""The scheduler."""

from devcluster.components.base import Component, client_config, http_check, pki, program
from devcluster.config import Settings


def scheduler(settings: Settings) -> Component:
    """Build the command line."""
    name, port = "kube-scheduler", 10259
    argv = [
        program(settings, name),
        f"--kubeconfig={client_config(settings, name)}",
        f"--bind-address={settings.node_ip}",
        f"--secure-port={port}",
        f"--tls-cert-file={pki(settings, name + '.crt')}",
        f"--tls-private-key-file={pki(settings, name + '.key')}",
        "--leader-elect=false",
    ]
    return Component(name, tuple(argv), http_check(f"https://{settings.node_ip}:{port}/healthz"), phase=3)
