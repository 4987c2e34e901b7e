"""The node's address, the kernel settings that a node needs, and how they go back to what they were."""

import json
import subprocess
from pathlib import Path

from devcluster import iptables
from devcluster.config import Settings
from devcluster.errors import DevclusterError

_SYSCTL_ROOT = Path("/proc/sys")

REQUIRED_SYSCTLS = {"net/ipv4/ip_forward": "1"}
"""Set here."""

TOUCHED_SYSCTLS = (
    "net/ipv4/ip_forward",
    "net/ipv4/conf/all/route_localnet",
    "net/bridge/bridge-nf-call-iptables",
    "net/bridge/bridge-nf-call-ip6tables",
    "vm/overcommit_memory",
    "vm/panic_on_oom",
    "kernel/panic",
    "kernel/panic_on_oops",
    "kernel/keys/root_maxkeys",
    "kernel/keys/root_maxbytes",
)
"""Set here, by the kubelet or kube-proxy; remembered before and restored after."""


def _memory(settings: Settings) -> Path:
    return settings.state_dir / "machine-before.json"


def _ip(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["ip", *arguments], capture_output=True, text=True, check=False)


def link_exists(name: str) -> bool:
    """Whether there is a network device of this name."""
    return Path("/sys/class/net", name).exists()


def up(settings: Settings) -> None:
    """Make the device with the node's address, set kernel and packet filter up; repeating it changes nothing.

    Raises:
        DevclusterError: The kernel refuses the device, the address or the packet filter's rule.
    """
    memory = _memory(settings)
    if not memory.exists():
        paths = {key: _SYSCTL_ROOT / key for key in TOUCHED_SYSCTLS}
        values = {key: path.read_text().strip() for key, path in paths.items() if path.exists()}
        before = {"sysctls": values, "tables": iptables.tables()}
        memory.write_text(json.dumps(before, indent=2), encoding="utf-8")
    steps = [
        ("addr", "replace", f"{settings.node_ip}/{settings.node_prefix}", "dev", settings.bridge),
        ("link", "set", settings.bridge, "up"),
    ]
    if not link_exists(settings.bridge):
        steps.insert(0, ("link", "add", settings.bridge, "type", "bridge"))
    for step in steps:
        result = _ip(*step)
        if result.returncode:
            raise DevclusterError(f"`ip {' '.join(step)}` failed: {result.stderr.strip()}")
    for key, value in REQUIRED_SYSCTLS.items():
        (_SYSCTL_ROOT / key).write_text(value)
    iptables.fence(settings.service_cidr)


def down(settings: Settings) -> None:
    """Remove the device and the packet filter's rules, and put the kernel settings back."""
    iptables.clean()
    if link_exists(settings.bridge):
        _ip("link", "delete", settings.bridge)
    memory = _memory(settings)
    if memory.exists():
        before = json.loads(memory.read_text(encoding="utf-8"))
        iptables.remove_empty_tables(before["tables"])
        for key, value in before["sysctls"].items():
            path = _SYSCTL_ROOT / key
            if path.exists() and path.read_text().strip() != value:
                path.write_text(value)
