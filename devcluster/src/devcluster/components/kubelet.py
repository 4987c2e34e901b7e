"""The kubelet of the one node."""

from typing import Any

import yaml

from devcluster.api import Api
from devcluster.cgroups import CGROUP_ROOT
from devcluster.components.base import Component, client_config, pki, program
from devcluster.config import Settings
from devcluster.host import Host

HEALTH_PORT = 10248


def configuration(settings: Settings, host: Host) -> dict[str, Any]:
    """The kubelet's configuration (https://kubernetes.io/docs/reference/config-api/kubelet-config.v1beta1/)."""
    config: dict[str, Any] = {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "address": settings.node_ip,
        "healthzBindAddress": settings.node_ip,
        "healthzPort": HEALTH_PORT,
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": pki(settings, "ca.crt")},
        },
        "authorization": {"mode": "Webhook"},
        "tlsCertFile": pki(settings, "kubelet.crt"),
        "tlsPrivateKeyFile": pki(settings, "kubelet.key"),
        "containerRuntimeEndpoint": f"unix://{settings.containerd_socket}",
        "cgroupDriver": "systemd" if host.systemd_cgroups else "cgroupfs",
        "clusterDNS": [settings.dns_ip],
        "clusterDomain": settings.cluster_domain,
        "resolvConf": str(host.resolv_conf),
        "failSwapOn": False,
        "maxPods": 250,
        # A nearly full disk of a laptop is no reason to evict, and images loaded by hand must stay.
        "evictionHard": {"memory.available": "100Mi", "nodefs.available": "1%", "imagefs.available": "1%"},
        "imageGCHighThresholdPercent": 100,
        "imageMinimumGCAge": "24h",
        "containerLogMaxSize": "5Mi",
        "containerLogMaxFiles": 2,
        # Changed ConfigMaps and Secrets reach mounted volumes within this instead of a minute.
        "syncFrequency": "10s",
        "podLogsDir": str(settings.state_dir / "pod-logs"),
        "volumePluginDir": str(settings.state_dir / "volume-plugins"),
    }
    if not host.systemd_cgroups:
        config["cgroupRoot"] = f"/{CGROUP_ROOT}"
    if host.cgroup_version == 1:
        config["failCgroupV1"] = False
    return config


def kubelet(settings: Settings, host: Host) -> Component:
    """Build the command line and configuration."""
    path = settings.config_dir / "kubelet.yaml"
    argv = (
        program(settings, "kubelet"),
        f"--config={path}",
        f"--kubeconfig={client_config(settings, 'kubelet')}",
        f"--hostname-override={settings.node_name}",
        f"--node-ip={settings.node_ip}",
        f"--root-dir={settings.state_dir / 'kubelet'}",
    )

    def check(api: Api) -> str | None:
        problem = api.probe(f"http://{settings.node_ip}:{HEALTH_PORT}/healthz")
        return problem or node_problem(api.get(f"/api/v1/nodes/{settings.node_name}"))

    files = {path: yaml.safe_dump(configuration(settings, host), sort_keys=False)}
    return Component("kubelet", argv, check, phase=3, files=files, start_limit=90)


def node_problem(node: dict[str, Any] | None) -> str | None:
    """Why a node takes no pods; None if it is Ready."""
    if node is None:
        return "the node has not registered"
    for condition in node.get("status", {}).get("conditions", []):
        if condition["type"] == "Ready":
            return None if condition["status"] == "True" else f"node not Ready: {condition.get('message')}"
    return "the node has no Ready condition"
