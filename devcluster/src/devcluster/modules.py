"""What the sources of pinned modules hold besides programs, kept by version as JSON."""

import hashlib
import json
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from devcluster.build import TOOLS_DIR
from devcluster.config import Settings
from devcluster.errors import DevclusterError
from devcluster.lock import exclusive
from devcluster.toolchain import building, choose
from devcluster.ui import Ui


def key(module: str, package: str, files: str, tools_dir: Path = TOOLS_DIR) -> str:
    """Name of the folder that holds some files of one version.

    Args:
        module: Folder under `tools/` whose go.mod pins the version.
        package: The Go module that holds them.
        files: Which.
        tools_dir: Where the modules lie.

    Returns:
        The module's name and 16 hex digits over all that decides their bytes.
    """
    digest = hashlib.sha256(f"{package}\0{files}\0".encode())
    for file in ("go.mod", "go.sum"):
        digest.update((tools_dir / module / file).read_bytes() + b"\0")
    return f"{package.replace('/', '-')}-{digest.hexdigest()[:16]}"


def downloaded(module: str, package: str, ui: Ui) -> Path:
    """Folder of the pinned version's source.

    Raises:
        DevclusterError: It cannot be fetched.
    """
    go = building(choose(), ui)
    command = [str(go.path), "mod", "download", "-json", package]
    result = subprocess.run(
        command, cwd=TOOLS_DIR / module, env=go.environment(), capture_output=True, text=True, check=False
    )
    try:
        return Path(json.loads(result.stdout)["Dir"])
    except (ValueError, KeyError):
        reason = (result.stderr or result.stdout).strip()[-500:]
        raise DevclusterError(f"`{' '.join(command)}` failed: {reason}") from None


def ensure(
    settings: Settings, ui: Ui, folder: Path, title: str, read: Callable[[], Mapping[str, dict[str, Any]]]
) -> None:
    """Fill a folder of the cache unless it is there.

    Objects are kept as JSON, one file each: YAML of this size takes seconds to read.

    Args:
        settings: Names the cache.
        ui: Shows the step.
        folder: Where.
        title: The step's name.
        read: Gives the objects by name.
    """
    if folder.exists():
        return
    with exclusive(settings.cache_dir / "fetch.lock", ui.say):
        if not folder.exists():
            folder.parent.mkdir(parents=True, exist_ok=True)
            with ui.step(title):
                _fill(folder, read())


def kept(folder: Path) -> list[dict[str, Any]]:
    """The objects that a folder of the cache has, in the order of their names; none if it is not there."""
    return [json.loads(file.read_text(encoding="utf-8")) for file in sorted(folder.glob("*.json"))]


def _fill(folder: Path, found: Mapping[str, dict[str, Any]]) -> None:
    """Write them into a scratch folder and move that in place when whole."""
    staged = Path(tempfile.mkdtemp(prefix=".staged-", dir=folder.parent))
    try:
        for name, each in found.items():
            (staged / f"{name}.json").write_text(json.dumps(each), encoding="utf-8")
        staged.rename(folder)
    except BaseException:
        shutil.rmtree(staged, ignore_errors=True)
        raise
