"""How many threads a container may use: its CPU limit, not the machine's cores."""

import os
from collections.abc import Callable
from pathlib import Path

CGROUP_ROOT = Path("/sys/fs/cgroup")


def _cores() -> int:
    return len(os.sched_getaffinity(0))


def default_threads(cgroup: Path = CGROUP_ROOT, cores: Callable[[], int] = _cores) -> int:
    """Threads that keep within the container's CPU limit.

    More threads than the limit are throttled all at once each period, which costs more than they bring.

    Args:
        cgroup: Where the container sees its control groups, version 1 or 2
            (https://docs.kernel.org/admin-guide/cgroup-v2.html#cpu-interface-files).
        cores: How many cores the process may run on.

    Returns:
        At least 1; a limit of 2.5 CPUs gives 2.
    """
    available = max(1, cores())
    limit = cpu_limit(cgroup)
    return available if limit is None else max(1, min(available, int(limit)))


def cpu_limit(cgroup: Path = CGROUP_ROOT) -> float | None:
    """The container's CPU limit in cores; None: no limit, or none to be read."""
    v2 = _words(cgroup / "cpu.max")
    if len(v2) == 2 and v2[0] != "max":
        return int(v2[0]) / int(v2[1])
    quota, period = _words(cgroup / "cpu" / "cpu.cfs_quota_us"), _words(cgroup / "cpu" / "cpu.cfs_period_us")
    if quota and period and int(quota[0]) > 0:
        return int(quota[0]) / int(period[0])
    return None


def _words(path: Path) -> list[str]:
    try:
        return path.read_text().split()
    except OSError:
        return []
