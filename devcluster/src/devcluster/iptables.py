"""Removes what kube-proxy, the kubelet and the CNI plugins put into the packet filter, and only that."""

import re
import shlex
import subprocess
from itertools import pairwise

from devcluster.errors import DevclusterError

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
    return any(removal(_save(command)) for command in ("iptables", "ip6tables"))


def clean() -> None:
    """Take our chains out of the IPv4 and IPv6 packet filters.

    Raises:
        DevclusterError: `iptables-restore` refuses.
    """
    for command in ("iptables", "ip6tables"):
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


def _save(command: str) -> str:
    """The whole packet filter; empty where the command or the kernel's part of it is missing."""
    try:
        result = subprocess.run([f"{command}-save"], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return ""
    return result.stdout if result.returncode == 0 else ""
