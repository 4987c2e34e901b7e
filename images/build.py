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


def chosen(part: str, tool: engine.Engine, settings: Settings) -> tuple[str, ...]:
    """Return the parts that `part` names; `all`: no variants, the cache's only where the base is ours too."""
    if part != "all":
        return (part,)
    return (*inputs.PARTS, inputs.CACHE) if _stand_in(tool, settings) else inputs.PARTS


def _stand_in(tool: engine.Engine, settings: Settings) -> bool:
    return settings.base is None and tool.name == "buildah"


def build(part: str, tool: engine.Engine, settings: Settings, env: Mapping[str, str]) -> BuiltImage:
    """Return the image of `part` for the work tree as it is, building it if its inputs were not built before.

    Raises:
        ImageError: The base image could not be made, or the build failed.
    """
    stand_in = _stand_in(tool, settings)
    base_name = base.reference() if stand_in else settings.base or DEFAULT_BASE
    tag = inputs.tag_of(settings.root, inputs.input_files(settings.root, part), base_name)
    with locked(settings.cache):
        index = Index(settings.cache)
        image = index.find(part, tag)
        if image is None or settings.force:
            if stand_in:
                base.ensure(tool, settings.cache, env)
            image = Job(part, base_name, tool, settings).run(env)
        if image != index.current(part):
            index.put(image)
        return image


@dataclass(frozen=True)
class Job:
    """One build that has to be done."""

    part: str
    base: str
    tool: engine.Engine
    settings: Settings

    @property
    def log(self) -> Path:
        """Everything that the engine says."""
        return self.settings.cache / "logs" / f"{self.part}.log"

    def run(self, env: Mapping[str, str]) -> BuiltImage:
        """Build, save, clean up."""
        started = time.monotonic()
        for stale in (self.log, *self.settings.cache.glob("*.new")):
            stale.unlink(missing_ok=True)
        with tempfile.TemporaryDirectory(prefix="modelyard-image-") as folder:
            context = Path(folder) / "context"
            context.mkdir()
            inputs.stage(self.settings.root, self.part, context)
            # Hashed again as copied: an editor may have saved a file since the first look.
            tag = inputs.tag_of(context, inputs.input_files(context, self.part), self.base)
            reference = f"{repository(self.part)}:{tag}"
            files = pip_config.config_files(env, Path.home())
            secrets = pip_config.write_secrets(Path(folder), env, files)
            stages = self._build_stages(context, secrets) if self.tool.name == "buildah" else {}
            self._build(context, "image", reference, secrets=secrets, stages=stages)
        image = self._save(tag, reference)
        if self.tool.name == "buildah":
            # Docker and podman hold images of other people too, so theirs are left to their own clean-up.
            engine.clean(self.tool, [self.base, reference, *stages.values()])
        size, seconds = image.unpacked_bytes / 1e6, time.monotonic() - started
        print(f"{self.part}: {reference} in {seconds:.0f} s, {size:.0f} MB unpacked", file=sys.stderr)
        return image

    def _build_stages(self, context: Path, secrets: Mapping[str, Path]) -> dict[str, str]:
        """Build the stages that do not depend on the source as images of their own; return stage -> image.

        Buildah would hash all their files anew at each build to find them in its cache.
        """
        if self.part == inputs.CACHE:
            return {}
        files = inputs.dependency_files(self.part)
        tag = inputs.tag_of(context, files, self.base)
        stages: dict[str, str] = {}
        for stage in ("builder", "runtime"):
            name = f"{repository(self.part)}-{stage}:{tag}"
            if not engine.has(self.tool, name):
                self._build(context, stage, name, secrets=secrets, stages=stages)
            stages[stage] = name
        return stages

    def _build(
        self,
        context: Path,
        target: str,
        name: str,
        *,
        secrets: Mapping[str, Path],
        stages: Mapping[str, str],
    ) -> None:
        root = self.settings.root
        arguments = {"BASE_IMAGE": self.base}
        if self.part in inputs.VARIANTS:
            arguments["REQUIREMENTS"] = inputs.requirements(self.part)
        if target == "image":
            arguments |= {"VERSION": inputs.version(root, self.part), "REVISION": revision(root)}
        line = self.tool.build(
            context,
            dockerfile=inputs.dockerfile(self.part),
            reference=name,
            target=target,
            arguments=arguments,
            secrets=secrets,
            stages=stages,
        )
        process.run(line, label=f"{self.part} {target}", log=self.log)

    def _save(self, tag: str, reference: str) -> BuiltImage:
        path = self.settings.cache / f"{self.part}-{tag}.tar"
        fresh = path.with_suffix(f".{os.getpid()}.new")
        try:
            process.run(self.tool.save(reference, fresh), label=f"{self.part} archive", log=self.log)
            contents = archive.read(fresh)
            fresh.replace(path)
        finally:
            fresh.unlink(missing_ok=True)
        size = contents.unpacked_bytes
        return BuiltImage(self.part, repository(self.part), tag, contents.id, str(path), size)
