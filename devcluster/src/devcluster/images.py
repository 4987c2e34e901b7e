"""Puts image archives into containerd, without a registry."""

import hashlib
import io
import json
import tarfile
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from devcluster.components.containerd import PAUSE_IMAGE
from devcluster.config import Settings
from devcluster.ctr import ctr
from devcluster.errors import DevclusterError
from devcluster.toolchain import architecture
from devcluster.ui import Ui


@dataclass(frozen=True)
class Archive:
    """What an image archive holds.

    Attributes:
        identity: Digest that names its content.
        tags: Names that it gives to the image.
    """

    identity: str
    tags: tuple[str, ...]


def stored_as(tag: str, names: Iterable[str]) -> str | None:
    """Which of containerd's `names` is the image `tag`; None: none of them.

    containerd puts its default registry before a tag that names none, and `library/` before a bare name.
    """
    first, slash, _ = tag.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost"):
        return tag if tag in names else None
    ending = f"/{tag}" if slash else f"/library/{tag}"
    found = (name for name in names if name.endswith(ending) and "/" not in name.removesuffix(ending))
    return next(found, None)


def inspect(path: Path) -> Archive:
    """Read the index of a docker or OCI archive.

    Args:
        path: The archive; it may be compressed.

    Returns:
        Its identity and tags.

    Raises:
        DevclusterError: It is no such archive.
    """
    try:
        with tarfile.open(path) as archive:
            names = {name.removeprefix("./"): name for name in archive.getnames()}

            def read(name: str) -> Any:
                member = archive.extractfile(names[name])
                if member is None:
                    raise DevclusterError(f"{path}: {name} is not a file")
                return json.load(member)

            if "manifest.json" in names:
                images = read("manifest.json")
                identity = ",".join(image["Config"] for image in images)
                tags = [tag for image in images for tag in image.get("RepoTags") or ()]
            else:
                manifests = read("index.json")["manifests"]
                identity = ",".join(manifest["digest"] for manifest in manifests)
                notes = [manifest.get("annotations", {}) for manifest in manifests]
                keys = ("io.containerd.image.name", "org.opencontainers.image.ref.name")
                tags = [tag for note in notes if (tag := note.get(keys[0]) or note.get(keys[1]))]
    except (OSError, tarfile.TarError, ValueError, KeyError) as error:
        raise DevclusterError(f"{path} is no docker-archive or OCI archive: {error!r}") from None
    return Archive(hashlib.sha256(identity.encode()).hexdigest(), tuple(tags))


class ImageStore:
    """containerd's images for the kubelet (namespace k8s.io)."""

    def __init__(self, settings: Settings, ui: Ui) -> None:
        self._socket = settings.containerd_socket
        self._memory = settings.state_dir / "images.json"
        self._ui = ui

    def load(self, path: Path) -> Archive:
        """Import an archive unless its very content is there already.

        Args:
            path: A docker-archive or OCI archive.

        Returns:
            What was in it.

        Raises:
            DevclusterError: It has no tag or containerd refuses it.
        """
        archive = inspect(path)
        if not archive.tags:
            raise DevclusterError(f"{path} names no image: save it with a tag, as in `docker save NAME:TAG`.")
        known = self._remembered()
        present = self._targets()
        if all(
            known.get(tag, {}).get("identity") == archive.identity
            and present.get(stored_as(tag, present) or "") == known[tag]["target"]
            for tag in archive.tags
        ):
            self._ui.say(f"  kept  {', '.join(archive.tags)} (already loaded)")
            return archive
        size = path.stat().st_size / 1e6
        with self._ui.step(f"Load {', '.join(archive.tags)} ({size:.0f} MB)"):
            self._ctr("images", "import", str(path))
        present = self._targets()
        for tag in archive.tags:
            name = stored_as(tag, present)
            if name is None:
                raise DevclusterError(f"containerd imported {path} without the tag {tag}.")
            known[tag] = {"identity": archive.identity, "target": present[name]}
        self._memory.write_text(json.dumps(known, indent=2), encoding="utf-8")
        return archive

    def ensure_pause(self, catatonit: Path) -> None:
        """Make the pause image from a static init program, once: it waits for signals and reaps orphans."""
        self.ensure_program(PAUSE_IMAGE, catatonit, "pause", "-P")

    def ensure_program(self, tag: str, program: Path, name: str, *arguments: str) -> None:
        """Make an image whose one file is a static program, unless there is one of that name.

        Args:
            tag: Name of the image, with its registry.
            program: The program.
            name: Name of the file in the image.
            arguments: What it is started with.
        """
        if tag in self._targets():
            return
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "image.tar"
            path.write_bytes(program_archive(program.read_bytes(), architecture(), tag, name, *arguments))
            self._ctr("images", "import", str(path))

    def _remembered(self) -> dict[str, dict[str, str]]:
        """What was loaded by this tool: identity and containerd's digest by tag."""
        if not self._memory.exists():
            return {}
        data: dict[str, dict[str, str]] = json.loads(self._memory.read_text(encoding="utf-8"))
        return data

    def _targets(self) -> dict[str, str]:
        """Digest of each image by its name."""
        rows = [line.split() for line in self._ctr("images", "ls").splitlines()[1:]]
        return {row[0]: row[2] for row in rows if len(row) > 2}

    def _ctr(self, *arguments: str) -> str:
        result = ctr(self._socket, *arguments)
        if result.returncode:
            raise DevclusterError(f"`ctr {' '.join(arguments)}` failed: {result.stderr.strip()[:500]}")
        return result.stdout


def program_archive(program: bytes, arch: str, tag: str, name: str, *arguments: str) -> bytes:
    """An image whose one file is a static program.

    Args:
        program: Its bytes.
        arch: Go's name of the processor.
        tag: Name of the image.
        name: Name of the file.
        arguments: What the program is started with.

    Returns:
        A docker-archive; equal input gives equal bytes.
    """
    return files_archive({name: program}, arch, tag, [f"/{name}", *arguments], 65535)


def files_archive(
    files: Mapping[str, bytes], arch: str, tag: str, command: Sequence[str], user: int
) -> bytes:
    """An image of some files, all of which can be run.

    Args:
        files: Their bytes by their paths, without the leading slash.
        arch: Go's name of the processor.
        tag: Name of the image.
        command: What a container starts.
        user: Number of the user and the group that it starts as.

    Returns:
        A docker-archive; equal input gives equal bytes.
    """
    layer = _tar(files, mode=0o755)
    config = json.dumps(
        {
            "architecture": arch,
            "os": "linux",
            "config": {"Entrypoint": [*command], "User": f"{user}:{user}"},
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}"]},
        }
    ).encode()
    config_name = f"{hashlib.sha256(config).hexdigest()}.json"
    manifest = [{"Config": config_name, "RepoTags": [tag], "Layers": ["layer.tar"]}]
    parts = {config_name: config, "layer.tar": layer, "manifest.json": json.dumps(manifest).encode()}
    return _tar(parts, mode=0o644)


def _tar(files: Mapping[str, bytes], mode: int) -> bytes:
    """Pack files with no dates or owners."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(content), mode
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()
