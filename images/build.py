"""Build an image once for each state of its inputs, and leave it as a docker-archive in the cache."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from images import archive, base, engine, inputs, pip_config, process
from images.cache import locked
from images.index import BuiltImage, Index

DEFAULT_BASE = "python:3.13-slim"
"""What the Dockerfiles name."""


@dataclass(frozen=True)
class Settings:
    """Where to build from and into, and with what."""

    root: Path
    """The repository."""
    cache: Path
    engine: str | None = None
    """`docker`, `podman` or `buildah`; None: the first that works."""
    base: str | None = None
    """Base image; None: the Dockerfile's own, or with buildah the stand-in that debootstrap makes."""
    force: bool = False


def repository(part: str) -> str:
    """Return the image name of `part`, which no registry can answer to."""
    return f"localhost/modelyard-{part}"


def revision(root: Path) -> str:
    """Return the commit of the work tree, or `unknown` outside git."""
    done = subprocess.run(
        ["git", "-C", str(root), "rev-parse", "HEAD"], capture_output=True, text=True, check=False
    )
    return done.stdout.strip() or "unknown"


def build(part: str, settings: Settings, env: Mapping[str, str]) -> BuiltImage:
    """Return the image of `part` for the work tree as it is, building it if its inputs were not built before.

    Raises:
        ImageError: No engine, no base image, or the build failed.
    """
    tool = engine.find(settings.engine, settings.cache, env)
    stand_in = settings.base is None and tool.name == "buildah"
    base_name = base.reference() if stand_in else settings.base or DEFAULT_BASE
    tag = inputs.content_tag(settings.root, part, base_name)
    with locked(settings.cache):
        index = Index(settings.cache)
        found = index.find(part, tag)
        if found and not settings.force:
            if found != index.current(part):
                index.put(found)
            return found
        if stand_in:
            base.ensure(tool, settings.cache, env)
        job = Job(part, tag, base_name, tool, settings)
        image = job.run(env)
        index.put(image)
        return image


@dataclass(frozen=True)
class Job:
    """One build that has to be done."""

    part: str
    tag: str
    base: str
    tool: engine.Engine
    settings: Settings

    @property
    def reference(self) -> str:
        """The name of the image to come."""
        return f"{repository(self.part)}:{self.tag}"

    @property
    def log(self) -> Path:
        """Everything that the engine says."""
        return self.settings.cache / "logs" / f"{self.part}.log"

    def run(self, env: Mapping[str, str]) -> BuiltImage:
        """Build, save, clean up."""
        started = time.monotonic()
        self.log.unlink(missing_ok=True)
        with tempfile.TemporaryDirectory(prefix="modelyard-image-") as folder:
            context = Path(folder) / "context"
            context.mkdir()
            inputs.stage(self.settings.root, self.part, context)
            files = pip_config.config_files(env, Path.home())
            self._build(context, pip_config.write_secrets(Path(folder), env, files), env)
        image = self._save()
        engine.clean(self.tool, repository=repository(self.part), kept=[self.reference])
        size, seconds = image.unpacked_bytes / 1e6, time.monotonic() - started
        print(f"{self.part}: {self.reference} in {seconds:.0f} s, {size:.0f} MB unpacked", file=sys.stderr)
        return image

    def _build(self, context: Path, secrets: Mapping[str, Path], env: Mapping[str, str]) -> None:
        root, part = self.settings.root, self.part
        # The dependencies get a name of their own: cleaning up then spares the layers that they are made of.
        dependencies = f"{repository(part)}-dependencies:latest"
        labels = {"VERSION": inputs.version(root, part), "REVISION": revision(root)}
        for target, name, extra in (("dependencies", dependencies, {}), ("image", self.reference, labels)):
            line = self.tool.build(
                context,
                dockerfile=f"{part}/Dockerfile",
                reference=name,
                target=target,
                arguments={"BASE_IMAGE": self.base, **extra},
                secrets=secrets,
            )
            process.run(line, label=f"{part} {target}", log=self.log, env=dict(env))

    def _save(self) -> BuiltImage:
        path = self.settings.cache / f"{self.part}-{self.tag}.tar"
        fresh = path.with_suffix(f".{os.getpid()}.new")
        try:
            process.run(self.tool.save(self.reference, fresh), label=f"{self.part} archive", log=self.log)
            contents = archive.read(fresh)
            fresh.replace(path)
        finally:
            fresh.unlink(missing_ok=True)
        size = contents.unpacked_bytes
        return BuiltImage(self.part, repository(self.part), self.tag, contents.id, str(path), size)
