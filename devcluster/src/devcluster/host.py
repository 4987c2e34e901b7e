"""What differs from machine to machine, found once and handed to the pure builders."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from devcluster.errors import DevclusterError

CNI_DIRS = (Path("/usr/lib/cni"), Path("/opt/cni/bin"))
CNI_PLUGINS = ("ptp", "host-local", "portmap", "firewall", "loopback")


@dataclass(frozen=True)
class Host:
    """Facts of the machine.

    Attributes:
        cgroup_version: 1 or 2.
        systemd: Whether systemd manages the cgroups.
        containerd: The containerd program.
        cni_dir: Folder of the CNI plugins.
        catatonit: The static init program that becomes the pause image.
        resolv_conf: Resolver configuration for pods that use the node's DNS.
        upstream_dns: Whether `/etc/resolv.conf` names a server that CoreDNS can ask.
    """

    cgroup_version: int
    systemd: bool
    containerd: Path
    cni_dir: Path
    catatonit: Path
    resolv_conf: Path
    upstream_dns: bool

    @property
    def systemd_cgroups(self) -> bool:
        """Whether systemd must make the pods' cgroups: on cgroup v2 it allows one writer only."""
        return self.cgroup_version == 2 and self.systemd


def cni_dir() -> Path | None:
    """The folder that holds every plugin needed; None if there is none."""
    for folder in CNI_DIRS:
        if all((folder / plugin).exists() for plugin in CNI_PLUGINS):
            return folder
    return None


def detect() -> Host:
    """Look at the machine.

    Raises:
        DevclusterError: A program is missing (the preflight check names them better).
    """
    containerd, catatonit, plugins = shutil.which("containerd"), shutil.which("catatonit"), cni_dir()
    if not (containerd and catatonit and plugins):
        raise DevclusterError("containerd, catatonit or the CNI plugins are missing: run `devcluster setup`.")
    resolved = Path("/run/systemd/resolve/resolv.conf")
    default = Path("/etc/resolv.conf")
    text = default.read_text(encoding="utf-8") if default.exists() else ""
    return Host(
        cgroup_version=2 if Path("/sys/fs/cgroup/cgroup.controllers").exists() else 1,
        systemd=Path("/run/systemd/system").is_dir(),
        containerd=Path(containerd),
        cni_dir=plugins,
        catatonit=Path(catatonit),
        resolv_conf=resolved if resolved.exists() else default,
        upstream_dns=any(line.split()[:1] == ["nameserver"] for line in text.splitlines()),
    )
