"""kube-proxy in iptables mode, so that NodePorts answer on 127.0.0.1 too."""

import yaml

from devcluster.components.base import Component, client_config, http_check, program
from devcluster.config import Settings

HEALTH_PORT = 10256


def kube_proxy(settings: Settings) -> Component:
    """Build the command line and configuration."""
    path = settings.config_dir / "kube-proxy.yaml"
    config = {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "mode": "iptables",
        "clientConnection": {"kubeconfig": client_config(settings, "kube-proxy")},
        "hostnameOverride": settings.node_name,
        "clusterCIDR": settings.pod_cidr,
        "healthzBindAddress": f"{settings.node_ip}:{HEALTH_PORT}",
        "metricsBindAddress": f"{settings.node_ip}:10249",
        # NodePorts stay off the machine's outer network.
        "nodePortAddresses": [f"{settings.node_ip}/32", "127.0.0.0/8"],
        # Leave the machine's connection tracking limits as they are.
        "conntrack": {
            "maxPerCore": 0,
            "min": 0,
            "tcpEstablishedTimeout": "0s",
            "tcpCloseWaitTimeout": "0s",
        },
    }
    argv = (program(settings, "kube-proxy"), f"--config={path}")
    check = http_check(f"http://{settings.node_ip}:{HEALTH_PORT}/healthz")
    files = {path: yaml.safe_dump(config, sort_keys=False)}
    return Component("kube-proxy", argv, check, phase=3, files=files)
