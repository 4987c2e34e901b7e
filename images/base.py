"""The stand-in for the official Python image, for machines that reach no image registry.

A minimal Debian with Python, laid by debootstrap from the package mirror that this machine's own apt uses.
Only the build's first stages run in it; the final images take from it Python and shared libraries, as they
would from the official image.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

from images import packages, process
from images.engine import Engine, has
from images.errors import ImageError

SUITE = "trixie"
PACKAGES = ("binutils", "ca-certificates", "python3", "python3-venv", "valkey-server")
REPOSITORY = "localhost/modelyard-base"
UNUSED = ("var/cache/apt", "var/lib/apt/lists", "usr/share/man", "usr/share/locale", "etc/apt/sources.list")
MIRROR_VARIABLE = "MODELYARD_DEBIAN_MIRROR"
TARGET_FORMAT = "$(ORIGIN)|$(LABEL)|$(REPO_URI)|$(COMPONENT)"
RECIPE = 2
"""Counts the changes of this module that alter what it makes."""


def reference() -> str:
    """Return the name of the base image, whose tag says what it is made of."""
    recipe = json.dumps([SUITE, PACKAGES, UNUSED, RECIPE]).encode()
    return f"{REPOSITORY}:{SUITE}-{hashlib.sha256(recipe).hexdigest()[:8]}"


def mirror_of(targets: Iterable[str]) -> str | None:
    """Return the URL of the main Debian archive among apt's index targets (lines in TARGET_FORMAT)."""
    for line in targets:
        fields = line.split("|")
        if len(fields) == 4 and (fields[0], fields[1], fields[3]) == ("Debian", "Debian", "main"):
            return fields[2]
    return None


def mirror(env: Mapping[str, str], log: Path) -> str:
    """Return the Debian mirror to use: $MODELYARD_DEBIAN_MIRROR, else that of this machine's apt.

    Raises:
        ImageError: apt knows no Debian archive.
    """
    if env.get(MIRROR_VARIABLE):
        return env[MIRROR_VARIABLE]
    command = ["apt-get", "indextargets", "--format", TARGET_FORMAT]
    found = mirror_of(process.output(command).splitlines())
    if found is None:
        process.run(["apt-get", "update", "-q"], label="apt", log=log)
        found = mirror_of(process.output(command).splitlines())
    if found is None:
        raise ImageError(f"apt on this machine knows no Debian archive: name one in {MIRROR_VARIABLE}")
    return found


def download_environment(env: Mapping[str, str]) -> dict[str, str]:
    """Return `env` with apt's own proxy as `http_proxy`, which is what debootstrap's downloads read."""
    result = dict(env)
    for line in process.output(["apt-config", "dump", "Acquire::http::Proxy"]).splitlines():
        value = line.split(" ", 1)[1].strip('";')
        if line.startswith("Acquire::http::Proxy ") and value and value != "DIRECT":
            result.setdefault("http_proxy", value)
    return result


def ensure(engine: Engine, cache: Path, env: Mapping[str, str]) -> str:
    """Return the base image's name, making the image first where `engine`'s storage lacks it.

    Raises:
        ImageError: The user is not root, or a tool, the mirror or the disk fails.
    """
    name = reference()
    if has(engine, name):
        return name
    if os.geteuid() != 0:
        raise ImageError(
            "without Docker or podman the base image is made by debootstrap, which needs root: "
            "run this as root, start Docker, or name an image that buildah can pull with --base"
        )
    log = cache / "logs" / "base.log"
    log.unlink(missing_ok=True)
    packages.ensure({"debootstrap": "debootstrap"}, purpose="make the base image", log=log)
    source, environment = mirror(env, log), download_environment(env)
    downloads = cache / "debs"
    downloads.mkdir(parents=True, exist_ok=True)
    container = process.output([*engine.command, "from", "scratch"]).strip()
    try:
        root = Path(process.output([*engine.command, "mount", container]).strip())
        line = [
            "debootstrap",
            "--variant=minbase",
            f"--include={','.join(PACKAGES)}",
            f"--cache-dir={downloads}",
        ]
        process.run([*line, SUITE, str(root), source], label="base image", log=log, env=environment)
        for unused in UNUSED:
            path = root / unused
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
        process.output([*engine.command, "umount", container])
        commit = [*engine.command, "commit", "--quiet", container, name]
        process.run(commit, label="base image: committing", log=log)
    finally:
        process.output([*engine.command, "rm", container])
    return name
