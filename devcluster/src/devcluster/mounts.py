"""Unmounts everything below a folder, and never removes a folder that still holds a mount."""

import re
import shutil
import subprocess
from pathlib import Path

from devcluster.errors import DevclusterError

_ESCAPE = re.compile(r"\\([0-7]{3})")


def mount_points(mountinfo: str, below: Path) -> list[Path]:
    """List mount points below a folder, deepest and newest first.

    Args:
        mountinfo: Content of /proc/self/mountinfo (proc(5)).
        below: The folder.

    Returns:
        Mount points in the order in which to unmount them.
    """
    found: list[Path] = []
    for line in mountinfo.splitlines():
        escaped = line.split()[4]
        path = Path(_ESCAPE.sub(lambda match: chr(int(match.group(1), 8)), escaped))
        if path == below or below in path.parents:
            found.append(path)
    return found[::-1]


def current(below: Path) -> list[Path]:
    """Mount points below a folder now."""
    return mount_points(Path("/proc/self/mountinfo").read_text(encoding="utf-8"), below)


def unmount_all(below: Path) -> None:
    """Unmount everything below a folder.

    Raises:
        DevclusterError: Something is mounted still.
    """
    for flags in ([], [], ["-l"]):
        for path in current(below):
            subprocess.run(["umount", *flags, str(path)], capture_output=True, check=False)
        if not current(below):
            return
    left = ", ".join(str(path) for path in current(below)[:3])
    raise DevclusterError(f"Still mounted: {left}. Unmount by hand, then run `devcluster down` again.")


def remove_tree(folder: Path) -> None:
    """Remove a folder after making sure that no mount is left in it."""
    unmount_all(folder)
    if folder.exists():
        shutil.rmtree(folder)
