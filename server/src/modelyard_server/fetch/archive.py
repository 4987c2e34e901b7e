"""Unpacking an archive that nobody has vouched for: only what is needed, and nothing that reaches outside."""

import gzip
import hashlib
import io
import shutil
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final, Protocol

from modelyard_server.artifact.manifest import Manifest
from modelyard_server.fetch import selection
from modelyard_server.fetch.marker import FetchedFile
from modelyard_server.fetch.stores.base import MOST_FILES
from modelyard_server.report import not_a_model

RATIO: Final = 200
"""How many times its own size an archive may unpack to; weights hardly compress, bombs do by thousands."""

FLOOR: Final = 64 << 20
"""Bytes that any archive may unpack to, however small."""

_BLOCK: Final = 1 << 20
_REG_ZIP: Final = 0o100000
_TYPE_ZIP: Final = 0o170000
_DIR_ZIP: Final = 0o040000


class Readable(Protocol):
    """What is read in blocks."""

    def read(self, size: int = -1, /) -> bytes:
        """Read at most `size` bytes; none at the end."""
        ...


@dataclass(frozen=True, slots=True)
class Member:
    """A regular file of an archive: its name as stored, and its content while it is being visited."""

    name: str
    content: Readable


def unpack(archive: Path, name: str, target: Path, variant: str) -> list[FetchedFile]:
    """Unpack the files of an archive that the server needs.

    A folder that holds everything else is left away, so that `model/config.json` becomes `config.json`.

    Args:
        archive: The archive's bytes.
        name: Its name; the suffix tells the kind.
        target: A folder that is emptied first.
        variant: Which ONNX file is wanted.

    Returns:
        The files in `target`.

    Raises:
        SourceError: NotAModel, permanent: it is damaged, reaches outside, holds links, unpacks to more
            than RATIO times its size, or holds no model.
        OSError: The disk is full, or can't be written.
    """
    budget = max(FLOOR, archive.stat().st_size * RATIO)
    names: list[str] = []
    descriptions: dict[str, bytes] = {}

    def note(member: Member) -> None:
        names.append(member.name)
        if len(names) > MOST_FILES:
            raise not_a_model(
                f"The archive {name} holds more than {MOST_FILES:,} files; pack the model's folder alone."
            )
        if PurePosixPath(member.name).name == selection.DESCRIPTION:
            descriptions[member.name] = member.content.read(selection.SMALL_FILE_LIMIT)

    with _understood(name):
        _visit(archive, name, budget, note)
        top = _common_folder(names)
        relative = {stored: stored.removeprefix(top) for stored in names}
        text = descriptions.get(top + selection.DESCRIPTION)
        described = selection.read_description(text) if text is not None else Manifest()
        paths = sorted(relative.values())
        wanted = set(selection.needed_files(paths, variant, described.file, described.files))
        if target.exists():
            shutil.rmtree(target)
        files: dict[str, FetchedFile] = {}

        def extract(member: Member) -> None:
            path = relative[member.name]
            if path in wanted and path not in files:
                files[path] = _write(member.content, target, path)

        _visit(archive, name, budget, extract)
    return [files[path] for path in sorted(files)]


def _visit(archive: Path, name: str, budget: int, visit: Callable[[Member], None]) -> None:
    if name.lower().endswith(".zip"):
        _visit_zip(archive, name, budget, visit)
    else:
        _visit_tar(archive, name, budget, visit)


def _visit_zip(archive: Path, name: str, budget: int, visit: Callable[[Member], None]) -> None:
    spent = _Budget(budget, name)
    with zipfile.ZipFile(archive) as opened:
        for info in opened.infolist():
            kind = (info.external_attr >> 16) & _TYPE_ZIP
            if kind not in {0, _REG_ZIP, _DIR_ZIP}:
                raise _link(name, info.filename)
            path = _safe(name, info.filename)
            if info.is_dir() or _is_litter(path):
                continue
            with opened.open(info) as content:
                visit(Member(path, _Counted(content, spent)))


def _visit_tar(archive: Path, name: str, budget: int, visit: Callable[[Member], None]) -> None:
    spent = _Budget(budget, name)
    with gzip.open(archive) as plain, tarfile.open(fileobj=_Counted(plain, spent), mode="r|") as opened:
        for info in opened:
            path = _safe(name, info.name)
            if info.isdir():
                continue
            if not info.isreg():
                raise _link(name, info.name)
            content = opened.extractfile(info)
            if content is not None and not _is_litter(path):
                visit(Member(path, content))


class _Budget:
    """Bytes that may still come out of an archive, whatever its headers claim."""

    def __init__(self, limit: int, name: str) -> None:
        self._left = limit
        self._limit = limit
        self._name = name

    def spend(self, size: int) -> None:
        self._left -= size
        if self._left < 0:
            raise not_a_model(
                f"The archive {self._name} unpacks to more than {self._limit:,} bytes, {RATIO} times its own "
                "size; no model does that, so it is refused."
            )


class _Counted(io.RawIOBase):
    """A reader that spends a budget."""

    def __init__(self, inner: Readable, budget: _Budget) -> None:
        self._inner = inner
        self._budget = budget

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        # In blocks, so that one read of everything can't outrun the budget.
        block = self._inner.read(_BLOCK if size is None or size < 0 else min(size, _BLOCK))
        self._budget.spend(len(block))
        return block


def _safe(archive: str, stored: str) -> str:
    path = PurePosixPath(stored)
    if path.is_absolute() or ".." in path.parts or "\\" in stored or "\0" in stored:
        raise not_a_model(
            f"The archive {archive} holds {stored[:100]!r}, which reaches outside the folder it is unpacked "
            "to; pack it with relative names."
        )
    return path.as_posix()


def _is_litter(path: str) -> bool:
    # What macOS adds to the archives it makes.
    parts = PurePosixPath(path).parts
    return parts[:1] == ("__MACOSX",) or (bool(parts) and parts[-1].startswith("._"))


def _link(archive: str, stored: str) -> Exception:
    return not_a_model(
        f"The archive {archive} holds {stored[:100]!r}, which is a link or a device, not a file; pack it "
        "with the files themselves (tar --dereference)."
    )


def _common_folder(names: list[str]) -> str:
    tops = {PurePosixPath(name).parts[0] for name in names}
    nested = all("/" in name for name in names)
    return f"{tops.pop()}/" if nested and len(tops) == 1 else ""


def _write(content: Readable, target: Path, path: str) -> FetchedFile:
    destination = target / path
    destination.parent.mkdir(parents=True, exist_ok=True)
    hasher = hashlib.sha256()
    size = 0
    with destination.open("xb") as file:
        while block := content.read(_BLOCK):
            file.write(block)
            hasher.update(block)
            size += len(block)
    return FetchedFile(path, size, hasher.hexdigest())


@contextmanager
def _understood(name: str) -> Iterator[None]:
    try:
        yield
    except (
        gzip.BadGzipFile,
        tarfile.TarError,
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        RuntimeError,
    ) as error:
        # RuntimeError is what zipfile raises on a member that asks for a password.
        raise not_a_model(f"{name} can't be unpacked: {error}. Pack and upload it again.") from error
    except NotImplementedError as error:
        raise not_a_model(
            f"{name} is packed in a way that can't be read ({error}). Use deflate or gzip."
        ) from error
