"""Builds a program without the plug-ins that nobody here asks for: their SDKs are most of the work."""

import json
import re
import shutil
import subprocess
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from devcluster.errors import DevclusterError
from devcluster.toolchain import Go

_CASE = re.compile(r"^(?=\tcase |\tdefault:)", re.MULTILINE)
_NAMES = re.compile(r'"([^"]+)"')


@dataclass(frozen=True)
class Trim:
    """What is left of a module's plug-ins.

    Attributes:
        package: The Go module.
        folder: Folder inside it with a file for each plug-in.
        files: Those of its files that stay; its folders all stay.
        switch: File with the switch that makes plug-ins, a case for each.
        cases: Names of those that stay.
    """

    package: str
    folder: str
    files: tuple[str, ...]
    switch: str
    cases: tuple[str, ...]


def prepare(trim: Trim, go: Go, module: Path, scratch: Path) -> Path:
    """Copy the source of a pinned module and trim the copy.

    Args:
        trim: What stays.
        go: Finds the source.
        module: Folder whose go.mod pins it.
        scratch: An empty folder to write to.

    Returns:
        A go.mod like the folder's own, which takes the copy for the module.

    Raises:
        DevclusterError: The module cannot be fetched, or is not laid out as expected.
    """
    source = scratch / "source"
    shutil.copytree(_fetched(trim.package, go, module), source)
    for path in (source, *source.rglob("*")):
        # Modules are unpacked without write bits.
        path.chmod(0o755 if path.is_dir() else 0o644)
    cut(trim, source)
    mod = scratch / "go.mod"
    pinned = (module / "go.mod").read_text(encoding="utf-8")
    mod.write_text(f"{pinned}\nreplace {trim.package} => {source}\n", encoding="utf-8")
    shutil.copy(module / "go.sum", scratch / "go.sum")
    return mod


def cut(trim: Trim, source: Path) -> None:
    """Take the plug-ins that do not stay out of a module's source.

    Raises:
        DevclusterError: One that should stay is not there.
    """
    there = {path.name: path for path in (source / trim.folder).iterdir() if path.is_file()}
    missing = set(trim.files) - set(there)
    if missing:
        raise DevclusterError(f"{trim.package} has no {trim.folder}/{min(missing)}: its layout has changed.")
    for name in set(there) - set(trim.files):
        there[name].unlink()
    switch = source / trim.switch
    switch.write_text(without(switch.read_text(encoding="utf-8"), trim.cases), encoding="utf-8")


def without(text: str, kept: Collection[str]) -> str:
    """Go source whose one switch over names has the cases of `kept` and its default alone.

    Raises:
        DevclusterError: It has no case of one of them.
    """
    parts = _CASE.split(text)
    found: set[str] = set()
    left = parts[:1]
    for part in parts[1:]:
        names = set(_NAMES.findall(part.partition(":\n")[0]))
        if names & set(kept) or part.startswith("\tdefault"):
            left.append(part)
            found |= names
    missing = set(kept) - found
    if missing:
        raise DevclusterError(f"There is no case of {min(missing)}: the source has changed.")
    return "".join(left)


def _fetched(package: str, go: Go, module: Path) -> Path:
    """Where the pinned version of a module lies."""
    command = [str(go.path), "mod", "download", "-json", package]
    result = subprocess.run(
        command, cwd=module, env=go.environment(), capture_output=True, text=True, check=False
    )
    try:
        return Path(json.loads(result.stdout)["Dir"])
    except (ValueError, KeyError):
        reason = (result.stderr or result.stdout).strip()[-500:]
        raise DevclusterError(f"`{' '.join(command)}` failed: {reason}") from None
