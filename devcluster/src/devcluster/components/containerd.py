"""containerd with everything of its own: configuration, state, socket and pod network."""

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from devcluster.api import Api
from devcluster.components.base import Component
from devcluster.config import NAME, Settings
from devcluster.ctr import ctr
from devcluster.host import Host

PAUSE_IMAGE = "localhost/modelyard-pause:1"
CHECK_SECONDS = 10.0


def cni_config(settings: Settings, *more: Mapping[str, Any]) -> str:
    """The pod network.

    Each pod has a link of its own to the host and all traffic is routed, so that Services work
    between pods without bridge netfilter, which not every kernel has.

    Args:
        settings: Folders and addresses.
        more: Plugins that follow the usual ones.
    """
    ptp = {
        "type": "ptp",
        "ipMasq": True,
        "ipam": {
            "type": "host-local",
            "dataDir": str(settings.state_dir / "cni" / "addresses"),
            "ranges": [[{"subnet": settings.pod_cidr}]],
            "routes": [{"dst": "0.0.0.0/0"}],
        },
    }
    portmap = {"type": "portmap", "capabilities": {"portMappings": True}}
    # Lets pods' traffic through where Docker or a firewall drops what is forwarded.
    firewall = {"type": "firewall", "backend": "iptables"}
    plugins = [ptp, portmap, firewall, *more]
    return json.dumps({"cniVersion": "0.4.0", "name": NAME, "plugins": plugins}, indent=2) + "\n"


def cni_dir(settings: Settings) -> Path:
    """Folder of the networks' configurations: the first by name is taken, and taken anew when it changes."""
    return settings.config_dir / "cni"


def configuration(settings: Settings, host: Host) -> str:
    """containerd's configuration, version 2."""
    cri = '[plugins."io.containerd.grpc.v1.cri"'
    return f"""version = 2
root = "{settings.state_dir}/containerd/root"
state = "{settings.state_dir}/containerd/state"
disabled_plugins = ["io.containerd.internal.v1.opt", "io.containerd.tracing.processor.v1.otlp"]

[grpc]
address = "{settings.containerd_socket}"

{cri}]
sandbox_image = "{PAUSE_IMAGE}"
restrict_oom_score_adj = true
netns_mounts_under_state_dir = true

{cri}.containerd]
snapshotter = "overlayfs"

{cri}.containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"

{cri}.containerd.runtimes.runc.options]
SystemdCgroup = {str(host.systemd_cgroups).lower()}

{cri}.cni]
bin_dir = "{host.cni_dir}"
conf_dir = "{cni_dir(settings)}"
"""


def containerd(settings: Settings, host: Host, proxies: Mapping[str, str]) -> Component:
    """Build the command line and configuration.

    Args:
        settings: Folders and addresses.
        host: Where containerd and the plugins are.
        proxies: Proxy variables of the caller, for pulls from registries.
    """
    path = settings.config_dir / "containerd.toml"

    def check(_: Api) -> str | None:
        try:
            result = ctr(settings.containerd_socket, "version", seconds=CHECK_SECONDS)
        except subprocess.TimeoutExpired:
            return f"`ctr version` does not answer within {CHECK_SECONDS:.0f} s"
        return None if result.returncode == 0 else (result.stderr.strip()[:300] or "`ctr version` failed")

    files: dict[Path, str] = {
        path: configuration(settings, host),
        cni_dir(settings) / "10-devcluster.conflist": cni_config(settings),
    }
    argv = (str(host.containerd), "--config", str(path))
    return Component("containerd", argv, check, phase=1, files=files, private_env=proxies)
