"""How many threads a container may use: its CPU limit, not the machine's cores."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

CGROUP_ROOT = Path("/sys/fs/cgroup")
MEMBERSHIP = Path("/proc/self/cgroup")

# Where version 1 mounts the CPU controller, by distribution.
_V1_MOUNTS = ("cpu", "cpu,cpuacct", "cpuacct,cpu")


def _cores() -> int:
    return len(os.sched_getaffinity(0))


def default_threads(
    cgroup: Path = CGROUP_ROOT, cores: Callable[[], int] = _cores, membership: Path = MEMBERSHIP
) -> int:
    """Threads that keep within the container's CPU limit.

    More threads than the limit are throttled all at once each period, which costs more than they bring.

    Args:
        cgroup: Where the container sees its control groups, version 1 or 2
            (https://docs.kernel.org/admin-guide/cgroup-v2.html#cpu-interface-files).
        cores: How many cores the process may run on.
        membership: See `cpu_limit`.

    Returns:
        At least 1; a limit of 2.5 CPUs gives 2.
    """
    available = max(1, cores())
    limit = cpu_limit(cgroup, membership)
    return available if limit is None else max(1, min(available, int(limit)))


def cpu_limit(cgroup: Path = CGROUP_ROOT, membership: Path = MEMBERSHIP) -> float | None:
    """The container's CPU limit in cores; None: no limit, or none to be read.

    A container with a control group namespace of its own sees its group as the root; one without sees the
    machine's tree and its path therein. A group is bound by its parents' limits, too, so the least counts.

    Args:
        cgroup: Where the control groups are mounted.
        membership: The process' groups, a line `ID:CONTROLLERS:PATH` each
            (https://man7.org/linux/man-pages/man7/cgroups.7.html).
    """
    limits = [_v2_limit(group) for group in _groups(cgroup, _own_path(membership, ""))]
    for name in _V1_MOUNTS:
        limits += [_v1_limit(group) for group in _groups(cgroup / name, _own_path(membership, "cpu"))]
    return min((limit for limit in limits if limit is not None), default=None)


def _own_path(membership: Path, controller: str) -> Path:
    """The process' group in the hierarchy of a controller, relative to its mount; version 2 has no name."""
    try:
        lines = membership.read_text().splitlines()
    except OSError:
        return Path()
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controller in controllers.split(","):
            # A path outside the namespace's root starts with `/..` and can't be looked up from here.
            return Path() if path.startswith("/..") else Path(path.lstrip("/"))
    return Path()


def _groups(mount: Path, own: Path) -> Iterator[Path]:
    """The mount's root and every group on the way to the process' own."""
    group = mount
    yield group
    for part in own.parts:
        group /= part
        yield group


def _v2_limit(group: Path) -> float | None:
    words = _words(group / "cpu.max")
    return int(words[0]) / int(words[1]) if len(words) == 2 and words[0] != "max" else None


def _v1_limit(group: Path) -> float | None:
    quota, period = _words(group / "cpu.cfs_quota_us"), _words(group / "cpu.cfs_period_us")
    return int(quota[0]) / int(period[0]) if quota and period and int(quota[0]) > 0 else None


def _words(path: Path) -> list[str]:
    try:
        return path.read_text().split()
    except OSError:
        return []
