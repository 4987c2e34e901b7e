"""What an image is made of: the files of its build, and one hash over them."""

import hashlib
import os
import shutil
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path

PARTS = ("operator", "server")
VARIANTS = {"server-openvino": "server"}
"""Variant -> the part whose Dockerfile and source it shares; its lock is `PART/requirements-SUFFIX.lock`.

Built only when named: most clusters never need one.
"""
CACHE = "cache"
"""The managed cache's image; built only where no registry can be reached."""

ROOTFS = "images/rootfs"
TAG_LENGTH = 12
IGNORED_FOLDERS = {"__pycache__", ".mypy_cache", ".ruff_cache"}


def component(part: str) -> str:
    """Return the folder, and the suffix of the package's name, that `part` is built from."""
    return VARIANTS.get(part, part)


def dockerfile(part: str) -> str:
    """Return the path of the Dockerfile of `part`, relative to the repository."""
    return "images/valkey/Dockerfile" if part == CACHE else f"{component(part)}/Dockerfile"


def requirements(part: str) -> str:
    """Return the path of the lock file of `part`, relative to the repository."""
    folder = component(part)
    return f"{folder}/requirements{part.removeprefix(folder)}.lock"


def dependency_files(part: str) -> list[Path]:
    """Return the files that decide all of an image but its last layer, relative to the repository, sorted."""
    names = [dockerfile(part), f"{ROOTFS}/runtime.py"]
    if part == CACHE:
        names.append(f"{ROOTFS}/program.py")
    else:
        names += [f"{ROOTFS}/builder.lock", f"{ROOTFS}/trim.py", requirements(part)]
    return sorted(map(Path, names))


def source_files(root: Path, part: str) -> Iterator[Path]:
    """Yield the files that decide the last layer, relative to `root`, in a fixed order."""
    if part == CACHE:
        return
    home = component(part)
    for name in ("LICENSE", "NOTICE", f"{home}/pyproject.toml"):
        yield Path(name)
    for folder, folders, files in os.walk(root / home / "src"):
        folders[:] = sorted(name for name in folders if name not in IGNORED_FOLDERS)
        for name in sorted(files):
            if not name.startswith("."):
                yield (Path(folder) / name).relative_to(root)


def input_files(root: Path, part: str) -> list[Path]:
    """Return all files that the image of `part` is built from, relative to `root`."""
    return [*dependency_files(part), *source_files(root, part)]


def tag_of(root: Path, files: Iterable[Path], base: str) -> str:
    """Return a tag that says what an image is made of: a hash over its base image and its input files."""
    digest = hashlib.sha256(base.encode())
    for path in files:
        content = hashlib.sha256((root / path).read_bytes()).hexdigest()
        digest.update(f"\0{path.as_posix()}\0{content}".encode())
    return digest.hexdigest()[:TAG_LENGTH]


def version(root: Path, part: str) -> str:
    """Return the version of the package of `part`; for an image without one, that of the workspace."""
    folder = root if part == CACHE else root / component(part)
    with (folder / "pyproject.toml").open("rb") as file:
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
