"""Install the Debian packages of missing tools, where this process may."""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from images import process
from images.errors import ImageError


def ensure(commands: Mapping[str, str], *, purpose: str, log: Path) -> None:
    """Install the Debian package of each command (command -> package) that is not on PATH.

    Raises:
        ImageError: Something is missing and this is no Debian, or the user is not root.
    """
    missing = sorted({package for command, package in commands.items() if shutil.which(command) is None})
    if not missing:
        return
    if shutil.which("apt-get") is None or os.geteuid() != 0:
        raise ImageError(
            f"to {purpose}, {' and '.join(missing)} must be installed: run `apt-get install "
            f"{' '.join(missing)}` as root, or start Docker or install podman"
        )
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    process.run(["apt-get", "update", "-q"], label="apt", log=log, env=env)
    install = ["apt-get", "install", "-qy", "--no-install-recommends", *missing]
    process.run(install, label=f"installing {' '.join(missing)}", log=log, env=env)
