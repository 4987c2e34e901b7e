"""Whether a cluster can run on this machine; what is missing is said in one sentence."""

import os
import platform
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from devcluster import iptables, network, toolchain
from devcluster.config import Settings
from devcluster.errors import DevclusterError
from devcluster.host import cni_dir
from devcluster.ui import Ui

ALTERNATIVE = "Use another cluster instead: `kind create cluster`, `minikube start`, or any kubectl context."

PROGRAM_PACKAGES = {
    "containerd": "containerd",
    "ctr": "containerd",
    "runc": "runc",
    "catatonit": "catatonit",
    "iptables": "iptables",
    "ip": "iproute2",
    "conntrack": "conntrack",
    "mount": "mount",
}
"""Debian package of each program."""

_CNI_PACKAGE = "containernetworking-plugins"
_GO_PACKAGE = "golang"
_CAP_NET_ADMIN, _CAP_SYS_ADMIN = 12, 21
_MOUNT_TIMEOUT_SECONDS = 10
_POLICY = Path("/usr/sbin/policy-rc.d")


def missing_packages() -> list[str]:
    """Debian packages whose programs are not on this machine."""
    packages = {package for program, package in PROGRAM_PACKAGES.items() if not shutil.which(program)}
    if cni_dir() is None:
        packages.add(_CNI_PACKAGE)
    if toolchain.installed() is None:
        packages.add(_GO_PACKAGE)
    return sorted(packages)


def capabilities(status: str) -> int:
    """Read the effective capabilities out of /proc/self/status, as a bit field."""
    for line in status.splitlines():
        if line.startswith("CapEff:"):
            return int(line.split()[1], 16)
    return 0


def check_rights() -> None:
    """Refuse machines and users that cannot run a node.

    Raises:
        DevclusterError: Names what is missing and what to do instead.
    """
    if platform.system() != "Linux":
        raise DevclusterError(f"The embedded cluster needs Linux; this is {platform.system()}. {ALTERNATIVE}")
    if os.geteuid() != 0:
        raise DevclusterError(f"The embedded cluster needs root (run it by sudo). {ALTERNATIVE}")
    held = capabilities(Path("/proc/self/status").read_text(encoding="ascii"))
    wanted = {"CAP_NET_ADMIN": _CAP_NET_ADMIN, "CAP_SYS_ADMIN": _CAP_SYS_ADMIN}
    lacking = [name for name, bit in wanted.items() if not held >> bit & 1]
    if lacking:
        names = " and ".join(lacking)
        raise DevclusterError(f"This root lacks {names}, as in an unprivileged container. {ALTERNATIVE}")


def install(packages: Iterable[str], ui: Ui) -> None:
    """Install Debian packages.

    Args:
        packages: Their names.
        ui: Shows the progress.

    Raises:
        DevclusterError: There is no apt-get or it fails.
    """
    names = list(packages)
    command = f"`apt-get install {' '.join(names)}`"
    if not shutil.which("apt-get"):
        raise DevclusterError(f"Missing (Debian's names): {', '.join(names)}. Install them. {ALTERNATIVE}")
    # Without a policy Debian would start services such as a second containerd.
    with ui.step(f"Install {', '.join(names)}"), _no_services():
        env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        install_command = ["apt-get", "install", "-y", "-q", "--no-install-recommends", *names]
        result = subprocess.run(install_command, env=env, capture_output=True, text=True, check=False)
        if result.returncode:
            subprocess.run(["apt-get", "update", "-q"], env=env, capture_output=True, check=False)
            result = subprocess.run(install_command, env=env, capture_output=True, text=True, check=False)
    if result.returncode:
        raise DevclusterError(f"{command} failed: {result.stderr.strip()[-500:]}")


@contextmanager
def _no_services() -> Iterator[None]:
    """Keep package scripts from starting services while the block runs (invoke-rc.d(8))."""
    if _POLICY.exists():
        yield
        return
    _POLICY.write_text("#!/bin/sh\nexit 101\n", encoding="ascii")
    _POLICY.chmod(0o755)
    try:
        yield
    finally:
        _POLICY.unlink(missing_ok=True)


def check_kernel(settings: Settings) -> None:
    """Load what may be a module, then try what a node needs.

    Raises:
        DevclusterError: There is no overlay file system or another Kubernetes node is on this machine.
    """
    for module in ("overlay", "br_netfilter", "veth", "iptable_nat", "ip6table_nat", "nf_conntrack"):
        # Built in on some kernels, absent on others; the trial below tells what matters.
        if shutil.which("modprobe"):
            subprocess.run(["modprobe", "--quiet", module], capture_output=True, check=False)
    settings.state_dir.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".overlay-", dir=settings.state_dir.parent) as folder:
        lower, upper, work, target = (Path(folder) / name for name in ("lower", "upper", "work", "target"))
        for path in (lower, upper, work, target):
            path.mkdir()
        options = f"lowerdir={lower},upperdir={upper},workdir={work}"
        mount = ["mount", "-t", "overlay", "overlay", "-o", options, str(target)]
        result = subprocess.run(
            mount, capture_output=True, text=True, timeout=_MOUNT_TIMEOUT_SECONDS, check=False
        )
        if result.returncode:
            reason = result.stderr.strip()[:200]
            parent = settings.state_dir.parent
            raise DevclusterError(
                f"No overlay file system can be mounted in {parent} ({reason}). {ALTERNATIVE}"
            )
        subprocess.run(["umount", str(target)], capture_output=True, check=True)


def check_neighbours(settings: Settings) -> None:
    """Refuse to share a machine with a Kubernetes node of somebody else.

    Raises:
        DevclusterError: The packet filter holds the chains of another node.
    """
    ours = settings.state_dir.exists() or network.link_exists(settings.bridge)
    if not ours and iptables.has_chains():
        raise DevclusterError(
            "Another Kubernetes node or CNI plugin uses this machine's packet filter (chains KUBE-* or "
            f"CNI-*), and two would undo each other's rules. {ALTERNATIVE}"
        )


def prepare(settings: Settings, ui: Ui) -> None:
    """Check everything and install what Debian has.

    Raises:
        DevclusterError: The cluster cannot run here.
    """
    check_rights()
    packages = missing_packages()
    if packages:
        install(packages, ui)
        left = missing_packages()
        if left:
            raise DevclusterError(f"Still missing after installing: {', '.join(left)}. {ALTERNATIVE}")
    if not settings.state_dir.exists():
        check_kernel(settings)
        check_neighbours(settings)
