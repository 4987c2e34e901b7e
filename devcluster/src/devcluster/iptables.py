"""Removes what kube-proxy, the kubelet and the CNI plugins put into the packet filter, and only that."""

import re
import shlex
import shutil
import subprocess
from collections.abc import Sequence
from itertools import pairwise

from devcluster.errors import DevclusterError

_FAMILIES = {"iptables": "ip", "ip6tables": "ip6"}
"""nftables' name of the address family that each command works on."""
_ADMIN = "CNI-ADMIN"
_OURS = re.compile(r"^(KUBE|CNI)-")


def is_ours(chain: str) -> bool:
    """Whether a chain was made by a Kubernetes node or a CNI plugin."""
    return bool(_OURS.match(chain))


def removal(saved: str) -> str:
    """Turn a dump into the commands that take our chains out of it.

    Args:
        saved: Output of `iptables-save`.

    Returns:
        Input of `iptables-restore --noflush`: for each table, the rules of other chains that jump
        to ours are deleted, then ours are flushed and removed. Empty if there is nothing of ours.
    """
    output: list[str] = []
    jumps: list[str] = []
    chains: list[str] = []
    table = ""
    for line in saved.splitlines():
        if line.startswith("*"):
            table, jumps, chains = line, [], []
        elif line.startswith(":"):
            name = line[1:].split()[0]
            if is_ours(name):
                chains.append(name)
        elif line.startswith("-A "):
            words = shlex.split(line)
            if not is_ours(words[1]) and any(is_ours(target) for target in _targets(words)):
                jumps.append("-D " + line[len("-A ") :])
        elif line == "COMMIT" and (jumps or chains):
            flushes = [f"-F {name}" for name in chains]
            removals = [f"-X {name}" for name in chains]
            output += [table, *jumps, *flushes, *removals, "COMMIT"]
    return "\n".join(output) + "\n" if output else ""


def _targets(words: list[str]) -> list[str]:
    """Chains that a rule jumps or goes to."""
    return [after for word, after in pairwise(words) if word in {"-j", "-g"}]


def has_chains() -> bool:
    """Whether the packet filter holds chains of a Kubernetes node."""
    return any(removal(_save(command)) for command in _FAMILIES)


def fence(addresses: str) -> None:
    """Refuse what pods send to addresses of Services that no pod is behind, as a network of a cluster does.

    The CNI plugin lets all packets of pods through before kube-proxy's own refusals are asked, but for what
    its chain for administrators says. Without this they leave the machine, and some networks answer for
    anybody.
    https://www.cni.dev/plugins/current/meta/firewall/

    Args:
        addresses: All addresses of Services. A packet that a pod takes has the pod's own by then.

    Raises:
        DevclusterError: `iptables` refuses.
    """
    rule = (
        _ADMIN,
        "-d",
        addresses,
        "-m",
        "comment",
        "--comment",
        "no pod is behind this Service",
        "-j",
        "REJECT",
    )
    _iptables("-N", _ADMIN)  # Fails where the plugin has made it.
    if _iptables("-C", *rule).returncode:
        result = _iptables("-A", *rule)
        if result.returncode:
            raise DevclusterError(f"iptables refuses {' '.join(rule)}: {result.stderr.strip()[:500]}")


def clean() -> None:
    """Take our chains out of the IPv4 and IPv6 packet filters.

    Raises:
        DevclusterError: `iptables-restore` refuses.
    """
    for command in _FAMILIES:
        commands = removal(_save(command))
        if commands:
            result = subprocess.run(
                [f"{command}-restore", "--noflush", "--wait", "10"],
                input=commands,
                capture_output=True,
                text=True,
                check=False,
            )
            if result.returncode:
                raise DevclusterError(f"{command}-restore failed: {result.stderr.strip()[:500]}")


def tables() -> list[str]:
    """Names of all tables, as in `ip nat` and `ip6 filter`."""
    return [
        f"{family} {line[1:]}"
        for command, family in _FAMILIES.items()
        for line in _save(command).splitlines()
        if line.startswith("*")
    ]


def idle_tables(saved: str) -> list[str]:
    """Name the tables of a dump that decide nothing: no rules, no own chains, all policies ACCEPT."""
    idle: list[str] = []
    table, busy = "", False
    for line in saved.splitlines():
        if line.startswith("*"):
            table, busy = line[1:], False
        elif line == "COMMIT":
            idle += [] if busy else [table]
        elif line.startswith(":"):
            busy = busy or line.split()[1] != "ACCEPT"
        elif line.startswith("-A"):
            busy = True
    return idle


def remove_empty_tables(before: Sequence[str]) -> None:
    """Remove tables that were not there before and decide nothing; nftables alone can do that.

    Args:
        before: Names of the tables to leave alone.
    """
    if not shutil.which("nft"):
        return
    for command, family in _FAMILIES.items():
        for table in idle_tables(_save(command)):
            if f"{family} {table}" not in before:
                subprocess.run(["nft", "delete", "table", family, table], capture_output=True, check=False)


def _iptables(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = ["iptables", "--wait", "10", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def _save(command: str) -> str:
    """The whole packet filter; empty where the command or the kernel's part of it is missing."""
    try:
        result = subprocess.run([f"{command}-save"], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return ""
    return result.stdout if result.returncode == 0 else ""
