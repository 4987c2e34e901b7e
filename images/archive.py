"""Read a docker-archive: the image's id and the files of its root file system, without unpacking it."""

import json
import tarfile
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

BLOCK = 4096
"""Bytes of a file system block: a file of one byte takes this much of a node's disk."""

WHITEOUT = ".wh."
"""Prefix of a layer entry that removes a file of the layers below (OCI image specification, layer.md)."""


@dataclass
class Contents:
    """The root file system of an image."""

    id: str
    """`sha256:<hex>`, the digest of the image's configuration."""
    sizes: dict[str, int] = field(default_factory=dict)
    """Path without a leading slash -> bytes, for regular files."""
    texts: dict[str, str] = field(default_factory=dict)
    """Contents of the package records: dist-info RECORD files and dpkg file lists."""

    @property
    def unpacked_bytes(self) -> int:
        """Bytes that the files take on disk, each rounded up to whole blocks."""
        return sum(disk_bytes(size) for size in self.sizes.values())


def disk_bytes(size: int) -> int:
    """Return `size` in bytes rounded up to whole blocks."""
    return -(-size // BLOCK) * BLOCK


def read(archive: Path) -> Contents:
    """Return the contents of the one image in `archive`.

    Raises:
        KeyError: The file is no docker-archive.
        tarfile.TarError: The file is no tar archive, or cut short.
    """
    with tarfile.open(archive) as outer:
        manifest = json.load(_open(outer, "manifest.json"))[0]
        digest = PurePosixPath(manifest["Config"]).name.removesuffix(".json")
        contents = Contents(f"sha256:{digest}")
        for name in manifest["Layers"]:
            with tarfile.open(fileobj=_open(outer, name)) as layer:
                for member in layer:
                    _take(contents, layer, member)
    return contents


def _open(archive: tarfile.TarFile, name: str) -> tarfile.ExFileObject:
    file = archive.extractfile(name)
    if file is None:
        raise KeyError(name)
    assert isinstance(file, tarfile.ExFileObject)
    return file


def _take(contents: Contents, layer: tarfile.TarFile, member: tarfile.TarInfo) -> None:
    path = PurePosixPath(member.name.removeprefix("./"))
    if path.name.startswith(WHITEOUT):
        gone = str(path.with_name(path.name.removeprefix(WHITEOUT)))
        for name in [name for name in contents.sizes if name == gone or name.startswith(gone + "/")]:
            del contents.sizes[name]
    elif member.isfile():
        contents.sizes[str(path)] = member.size
        if path.match("*.dist-info/RECORD") or path.match("var/lib/dpkg/status.d/*.md5sums"):
            contents.texts[str(path)] = _open(layer, member.name).read().decode()
