"""Takes the cluster off the machine and leaves the machine as it was."""

import os
import signal
import subprocess
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from devcluster import cgroups, claim, mounts, network, redirection
from devcluster.components import NAMES
from devcluster.config import NAME, Settings
from devcluster.ctr import ctr
from devcluster.errors import DevclusterError
from devcluster.extras import EXTRA_NAMES
from devcluster.processes import Identity, ProcessTable, alive, identify
from devcluster.ui import Ui

STOP_SECONDS = 3.0
CTR_SECONDS = 30
_CNI_RESULTS = Path("/var/lib/cni/results")
_POD_LOG_LINKS = Path("/var/log/containers")
_RUN_CONTAINERD = Path("/run/containerd")
_SHARED_FOLDERS = (
    _POD_LOG_LINKS,
    _CNI_RESULTS,
    _CNI_RESULTS.parent,
    _RUN_CONTAINERD / "runc" / "k8s.io",
    _RUN_CONTAINERD / "runc",
    _RUN_CONTAINERD / "s",
    _RUN_CONTAINERD,
)
"""Made by the node's programs if absent; removed when nobody else has put anything into them."""


def is_there(settings: Settings) -> bool:
    """Whether anything of the cluster is on this machine; a stranger's node is nothing of ours."""
    return settings.state_dir.exists() or network.link_exists(settings.bridge)


def tear_down(settings: Settings, ui: Ui) -> None:
    """End every process and remove everything that the cluster made; repeating it is safe.

    Args:
        settings: Names of what was made.
        ui: Shows the steps.

    Raises:
        DevclusterError: Something cannot be removed; the text says what.
    """
    claim.check(settings.state_dir)
    table = ProcessTable(settings.run_dir, settings.log_dir)
    if not is_there(settings):
        ui.say("There is no cluster to take down.")
        return
    with ui.step("End the pods") as step:
        # The node's agents first, or they would start again what is ended next.
        agents = ("kubelet", "kube-proxy", "coredns", "metrics-server", "artifact-store")
        for name in (*EXTRA_NAMES, *agents):
            step.detail = name
            table.stop(name, STOP_SECONDS)
        step.detail = ""
        recorded = {record.identity for name in table.names() if (record := table.record(name))}
        for daemon in processes_of(settings, _is_daemon):
            if daemon not in recorded:
                _kill(daemon)
        _end_containers(settings, table)
    with ui.step("End the control plane") as step:
        for name in (*reversed(NAMES), *table.names()):
            step.detail = name
            table.stop(name, STOP_SECONDS)
        step.detail = ""
    with ui.step("Remove mounts, devices, packet filter rules and cgroups"):
        mounts.unmount_all(settings.state_dir)
        network.down(settings)
        cgroups.remove(cgroups.pod_roots())
        _remove_traces(settings)
        mounts.remove_tree(settings.state_dir)
        claim.release()


def _end_containers(settings: Settings, table: ProcessTable) -> None:
    """End all containers, through containerd if it runs and by cgroup and command line in any case."""
    roots = cgroups.pod_roots()
    left = cgroups.kill_pods(roots)
    cgroups.stop_systemd_slice_if_ours(settings.state_dir)
    if left:
        numbers = ", ".join(str(pid) for pid in sorted(left))
        raise DevclusterError(f"Processes of pods do not end: {numbers}. See `ps`, then run it again.")
    if table.running("containerd"):
        for task in _ctr(settings, "tasks", "ls", "--quiet").split():
            _ctr(settings, "tasks", "rm", "--force", task)
    for shim in processes_of(settings, _is_shim):
        _kill(shim)


def _is_shim(words: Sequence[bytes], settings: Settings) -> bool:
    """Whether a command line is of a shim, which holds a pod for this cluster's containerd."""
    address = str(settings.containerd_socket).encode()
    return words[0].endswith(b"containerd-shim-runc-v2") and address in words


def _is_daemon(words: Sequence[bytes], settings: Settings) -> bool:
    """Whether a command line is of a daemon of this cluster; its record may have been lost."""
    built = words[0].startswith(f"{settings.bin_dir}/".encode())
    config = f"{settings.config_dir}/containerd.toml".encode()
    return built or (words[0].endswith(b"containerd") and config in words)


def processes_of(
    settings: Settings, matches: Callable[[Sequence[bytes], Settings], bool], proc: Path = Path("/proc")
) -> list[Identity]:
    """Find processes by their command lines.

    Args:
        settings: Names the folders that this cluster's command lines hold, and no other's.
        matches: Tells by the words of a command line whether it is one of them.
        proc: The proc file system.

    Returns:
        Those that run.
    """
    found: list[Identity] = []
    for folder in proc.iterdir():
        if not folder.name.isdigit():
            continue
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0")
        except OSError:  # It ended meanwhile.
            continue
        identity = identify(int(folder.name), proc) if matches(words, settings) else None
        if identity:
            found.append(identity)
    return found


def _kill(identity: Identity) -> None:
    """Kill this very process."""
    if alive(identity):
        with suppress(ProcessLookupError):
            os.kill(identity.pid, signal.SIGKILL)


def _ctr(settings: Settings, *arguments: str) -> str:
    """Run ctr; a failure is left to the steps that need no containerd."""
    try:
        return ctr(settings.containerd_socket, *arguments, seconds=CTR_SECONDS).stdout
    except subprocess.TimeoutExpired:
        return ""


def _remove_traces(settings: Settings) -> None:
    """Files outside the state folder whose places the kubelet and CNI plugins do not let one choose."""
    redirection.unlink(settings)
    for path in _CNI_RESULTS.glob(f"{NAME}-*-eth0"):
        sandbox = path.name.removeprefix(f"{NAME}-").removesuffix("-eth0")
        (_CNI_RESULTS / f"cni-loopback-{sandbox}-lo").unlink(missing_ok=True)
        path.unlink(missing_ok=True)
    for link in _POD_LOG_LINKS.glob("*.log"):
        if link.is_symlink() and str(link.readlink()).startswith(str(settings.state_dir)):
            link.unlink(missing_ok=True)
    for folder in _SHARED_FOLDERS:
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
