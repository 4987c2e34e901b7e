"""What an image is made of: the files of its build, and one hash over them."""

import hashlib
import os
import shutil
import tomllib
from collections.abc import Iterator
from pathlib import Path

PARTS = ("operator", "server")
SHARED = (
    "LICENSE",
    "NOTICE",
    "images/rootfs/builder.lock",
    "images/rootfs/runtime.py",
    "images/rootfs/trim.py",
)
TAG_LENGTH = 12
IGNORED_FOLDERS = {"__pycache__", ".mypy_cache", ".ruff_cache"}


def input_files(root: Path, part: str) -> Iterator[Path]:
    """Yield the files that the image of `part` is built from, relative to `root`, in a fixed order."""
    own = [f"{part}/Dockerfile", f"{part}/pyproject.toml", f"{part}/requirements.lock"]
    for name in sorted([*SHARED, *own]):
        yield Path(name)
    for folder, folders, files in os.walk(root / part / "src"):
        folders[:] = sorted(name for name in folders if name not in IGNORED_FOLDERS)
        for name in sorted(files):
            if not name.startswith("."):
                yield (Path(folder) / name).relative_to(root)


def content_tag(root: Path, part: str, base: str) -> str:
    """Return the tag of the image of `part`: a hash over its base image and its input files."""
    digest = hashlib.sha256(base.encode())
    for path in input_files(root, part):
        content = hashlib.sha256((root / path).read_bytes()).hexdigest()
        digest.update(f"\0{path.as_posix()}\0{content}".encode())
    return digest.hexdigest()[:TAG_LENGTH]


def version(root: Path, part: str) -> str:
    """Return the version of the package of `part`."""
    with (root / part / "pyproject.toml").open("rb") as file:
        return str(tomllib.load(file)["project"]["version"])


def stage(root: Path, part: str, destination: Path) -> None:
    """Copy the input files to `destination`, the build's context, which then holds exactly what was hashed.

    Times are set to zero: engines that compare them would rebuild after a fresh checkout.
    """
    for path in input_files(root, part):
        target = destination / path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(root / path, target)
        target.chmod(0o644)
    for path in [*destination.rglob("*"), destination]:
        os.utime(path, (0, 0))
