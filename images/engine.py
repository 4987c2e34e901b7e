"""The tools that can build an image, which of them to use, and their command lines."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from images import packages, process
from images.errors import ImageError

ENGINES = ("docker", "podman", "buildah")
"""In the order in which they are tried."""

PROXY_VARIABLES = ("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")
"""Build arguments that each engine knows without an ARG line, and keeps out of the image's history."""


@dataclass(frozen=True)
class Engine:
    """One image builder as found on this machine."""

    name: str
    command: tuple[str, ...]
    """The command with its global options."""
    build_options: tuple[str, ...] = ()
    proxies: tuple[str, ...] = field(default=())
    """Names of the proxy variables that are set."""

    def build(
        self,
        context: Path,
        *,
        dockerfile: str,
        reference: str,
        target: str,
        arguments: Mapping[str, str],
        secrets: Mapping[str, Path],
        stages: Mapping[str, str],
    ) -> list[str]:
        """Return the command line that builds `target` of a Dockerfile inside `context`.

        `stages` names images to take in the place of stages of the Dockerfile.
        """
        line = [*self.command, "build", *self.build_options, "--target", target, "--tag", reference]
        for name, value in sorted(arguments.items()):
            line += ["--build-arg", f"{name}={value}"]
        for name in self.proxies:
            line += ["--build-arg", name]
        for name, path in sorted(secrets.items()):
            line += ["--secret", f"id={name},src={path}"]
        for name, image in sorted(stages.items()):
            line += ["--build-context", f"{name}=container-image://{image}"]
        return [*line, "--file", str(context / dockerfile), str(context)]

    def save(self, reference: str, archive: Path) -> list[str]:
        """Return the command line that writes an image as a docker-archive."""
        if self.name == "buildah":
            return [*self.command, "push", reference, f"docker-archive:{archive}:{reference}"]
        if self.name == "podman":
            return [*self.command, "save", "--format", "docker-archive", "--output", str(archive), reference]
        return [*self.command, "save", "--output", str(archive), reference]


def usable(name: str) -> bool:
    """Tell whether an engine is installed and answers; a docker command without a daemon is not usable."""
    probe = [name, "--version"] if name == "buildah" else [name, "info"]
    return process.succeeds(probe)


def choose(asked: str | None, works: Callable[[str], bool] = usable) -> str | None:
    """Return the engine that was asked for, else the first that works, else None.

    Raises:
        ImageError: The engine asked for is unknown or does not work.
    """
    if asked:
        if asked not in ENGINES:
            raise ImageError(f"unknown image engine {asked!r}: it is one of {', '.join(ENGINES)}")
        if not works(asked):
            raise ImageError(
                f"{asked} was asked for and does not answer: install or start it, or leave it out"
            )
        return asked
    return next((name for name in ENGINES if works(name)), None)


def find(asked: str | None, cache: Path, env: Mapping[str, str]) -> Engine:
    """Return the engine to use, installing buildah where there is none and this is a Debian run by root.

    Raises:
        ImageError: There is none and none can be installed.
    """
    name = choose(asked)
    if name is None:
        packages.ensure({"buildah": "buildah"}, purpose="build images", log=cache / "logs" / "packages.log")
        name = "buildah"
    proxies = tuple(variable for variable in PROXY_VARIABLES if env.get(variable))
    if name == "docker":
        return Engine(name, ("docker",), ("--progress=plain",), proxies)
    if name == "podman":
        return Engine(name, ("podman",), ("--layers",), proxies)
    return Engine(name, buildah_command(cache, env), buildah_options(env), proxies)


def buildah_command(cache: Path, env: Mapping[str, str]) -> tuple[str, ...]:
    """Return buildah with a storage of its own below `cache`, so that cleaning up touches nobody's images.

    The storage driver is $STORAGE_DRIVER, else `overlay` where the kernel and the file system of the cache
    allow it, else `vfs`, which copies whole layers and works everywhere, also inside a container.
    """
    for driver in (env.get("STORAGE_DRIVER") or "overlay", "vfs"):
        root, state = cache / f"storage-{driver}", cache / "run"
        # The network program that was there when the storage began; it may have been removed since.
        (root / "defaultNetworkBackend").unlink(missing_ok=True)
        command = ("buildah", "--root", str(root), "--runroot", str(state), "--storage-driver", driver)
        if process.succeeds([*command, "info"]):
            break
    return command


def buildah_options(env: Mapping[str, str]) -> tuple[str, ...]:
    """Return buildah's build options: `chroot` isolation needs neither a runtime nor a user name space."""
    isolation = env.get("BUILDAH_ISOLATION") or ("chroot" if os.geteuid() == 0 else "rootless")
    return ("--layers", "--isolation", isolation, "--format", "docker")


def has(engine: Engine, reference: str) -> bool:
    """Tell whether buildah's storage holds an image."""
    return process.succeeds([*engine.command, "inspect", "--type", "image", reference])


def clean(engine: Engine, kept: Sequence[str]) -> None:
    """Remove from buildah's own storage what is done with: older images, and stages without a name.

    Of an image that is kept, its repository's other tags go; repositories that `kept` does not mention stay.
    Working containers are left by builds that were killed: they hold images, so they go first.
    """
    process.succeeds([*engine.command, "rm", "--all"], seconds=120)
    line = [*engine.command, "images", "--format", "{{.Name}}:{{.Tag}}", "--filter", "dangling=false"]
    repositories = {reference.rpartition(":")[0] for reference in kept}
    for reference in process.output(line).split():
        if reference.rpartition(":")[0] in repositories and reference not in kept:
            process.succeeds([*engine.command, "rmi", reference], seconds=120)
    process.succeeds([*engine.command, "rmi", "--prune"], seconds=300)
