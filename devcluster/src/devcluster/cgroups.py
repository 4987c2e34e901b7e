"""The part of the cgroup tree that holds the pods and nothing else."""

import os
import signal
import subprocess
import time
from pathlib import Path

from devcluster.config import NAME

CGROUP_ROOT = NAME
KILL_LIMIT_SECONDS = 15.0
POLL_SECONDS = 0.1
_TREE = Path("/sys/fs/cgroup")
_SLICE = "kubepods.slice"


def hierarchies(tree: Path = _TREE) -> list[Path]:
    """Roots of the hierarchies: one with cgroup v2, one for each controller with v1."""
    if (tree / "cgroup.controllers").exists():
        return [tree]
    return sorted({path.resolve() for path in tree.iterdir() if (path / "cgroup.procs").exists()})


def create(tree: Path = _TREE) -> None:
    """Make the root that the kubelet is given; it refuses one that is not there."""
    for hierarchy in hierarchies(tree):
        (hierarchy / CGROUP_ROOT).mkdir(exist_ok=True)


def pod_roots(tree: Path = _TREE) -> list[Path]:
    """Every folder of the tree below which only pods of this cluster are."""
    return [path for root in hierarchies(tree) if (path := root / CGROUP_ROOT).is_dir()]


def processes(roots: list[Path]) -> set[int]:
    """Numbers of all processes in these parts of the tree."""
    found: set[int] = set()
    for root in roots:
        for folder, _, _ in os.walk(root):
            try:
                text = (Path(folder) / "cgroup.procs").read_text(encoding="ascii")
            except OSError:  # Removed meanwhile.
                continue
            found.update(int(line) for line in text.split())
    return found


def kill_pods(roots: list[Path]) -> set[int]:
    """Kill every process of the pods.

    Args:
        roots: See `pod_roots`.

    Returns:
        Those that are still there after the limit.
    """
    deadline = time.monotonic() + KILL_LIMIT_SECONDS
    while left := processes(roots):
        for pid in left:
            # A number is read from our own cgroup and signalled at once.
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        if time.monotonic() > deadline:
            return left
        time.sleep(POLL_SECONDS)
    return set()


def remove(roots: list[Path]) -> list[Path]:
    """Remove the empty tree, leaves first; gives back what could not be removed."""
    stuck: list[Path] = []
    for root in roots:
        for folder, _, _ in os.walk(root, topdown=False):
            try:
                Path(folder).rmdir()
            except OSError:
                stuck.append(Path(folder))
    return stuck


def stop_systemd_slice_if_ours(state_dir: Path) -> None:
    """End the pods' slice where systemd made it for this cluster's kubelet."""
    config = state_dir / "config" / "kubelet.yaml"
    if config.exists() and "cgroupDriver: systemd" in config.read_text(encoding="utf-8"):
        subprocess.run(["systemctl", "stop", _SLICE], capture_output=True, check=False)
