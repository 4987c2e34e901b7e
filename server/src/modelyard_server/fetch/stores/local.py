"""Models that are in place already: a path inside the image, or a mounted volume."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote

from modelyard_server import contract
from modelyard_server.fetch.errors import not_found
from modelyard_server.fetch.pin import content_hash, file_sha256
from modelyard_server.fetch.stores.base import MOST_FILES, Entry, StoreContext
from modelyard_server.fetch.uri import ModelUri, invalid
from modelyard_server.report import SourceError

_BLOCK = 1 << 20


def pvc(uri: ModelUri, context: StoreContext) -> "LocalStore":
    """Open `pvc://claim/path`, whose claim is mounted at `context.pvc_mount`.

    Raises:
        SourceError: InvalidURI: it names no claim.
    """
    if not uri.authority:
        raise invalid("The pvc URI names no claim; write pvc://claim/path.")
    return LocalStore(uri, context.pvc_mount / _path(uri), within=context.pvc_mount)


def file(uri: ModelUri, context: StoreContext) -> "LocalStore":
    """Open `file:/path`, a path inside the server's image.

    Raises:
        SourceError: InvalidURI: it names a host or no path.
    """
    del context
    if uri.authority or not uri.path:
        raise invalid("A file URI is a path inside the server's image: write file:/path or file:///path.")
    return LocalStore(uri, Path("/") / _path(uri), within=Path("/"))


def _path(uri: ModelUri) -> str:
    path = unquote(uri.path)
    if path.startswith("/") or ".." in path.split("/"):
        raise invalid(f"The path of {uri.shown} must not hold '..' segments.")
    return path


class LocalStore:
    """Files in place; see the protocol in `base`. They are hashed and served from there, never copied.

    Args:
        uri: The URI.
        root: The folder or the ONNX file that it names.
        within: What no link may lead out of.
    """

    def __init__(self, uri: ModelUri, root: Path, within: Path) -> None:
        if uri.is_archive:
            raise invalid(
                f"{uri.shown} is an archive, and files in place are served where they are; unpack it there."
            )
        self._uri = replace(uri, pin=None)
        self._root = root
        self._within = within
        self._hashes: dict[str, str] = {}

    def entries(self) -> Sequence[Entry]:
        """List the folder, or the file with its neighbours that start with its name."""
        try:
            if self._uri.is_file and self._root.is_file():
                beside = (
                    path for path in self._root.parent.iterdir() if path.name.startswith(self._root.name)
                )
                entries = [self._entry(path) for path in sorted(beside) if path.is_file()]
            else:
                entries = self._walk()
        except PermissionError as error:
            raise self._unreadable(error) from error
        if not entries:
            raise not_found(
                f"Nothing is found at {self._uri.shown}. Correct spec.model.uri, or put the files there."
            )
        return entries

    def pin(self, needed: Sequence[Entry]) -> str:
        """Pin by the content, all of which is read."""
        return str(
            self._uri.pinned("sha256", content_hash({entry.path: self._sha256(entry) for entry in needed}))
        )

    def read(self, entry: Entry, offset: int = 0) -> Iterator[bytes]:
        """Read a file."""
        try:
            with self._path(entry).open("rb") as opened:
                opened.seek(offset)
                while block := opened.read(_BLOCK):
                    yield block
        except PermissionError as error:
            raise self._unreadable(error) from error

    def verified_in_place(self, entry: Entry) -> str | None:
        """Hash the file, which is served from where it is."""
        return self._sha256(entry)

    def _walk(self) -> list[Entry]:
        entries: list[Entry] = []
        for folder, folders, names in os.walk(self._root):
            # Neither a repository's innards nor lost+found are part of a model.
            folders[:] = sorted(name for name in folders if not name.startswith((".", "lost+found")))
            entries += [self._entry(path) for name in sorted(names) if (path := Path(folder, name)).is_file()]
            if len(entries) > MOST_FILES:
                raise invalid(
                    f"{self._uri.shown} holds more than {MOST_FILES:,} files; name the model's own folder."
                )
        return entries

    def _entry(self, path: Path) -> Entry:
        if not path.resolve().is_relative_to(self._within.resolve()):
            raise invalid(
                f"{path.name} at {self._uri.shown} is a link that leads out of the volume; put the file in."
            )
        base = self._root.parent if self._root.is_file() else self._root
        status = path.stat()
        return Entry(path.relative_to(base).as_posix(), status.st_size, f"modified:{status.st_mtime_ns}")

    def _path(self, entry: Entry) -> Path:
        return (self._root.parent if self._root.is_file() else self._root) / entry.path

    def _sha256(self, entry: Entry) -> str:
        if entry.path not in self._hashes:
            try:
                self._hashes[entry.path] = file_sha256(self._path(entry))
            except PermissionError as error:
                raise self._unreadable(error) from error
        return self._hashes[entry.path]

    def _unreadable(self, error: PermissionError) -> SourceError:
        return SourceError(
            contract.REASON_FORBIDDEN,
            f"{error.filename} of {self._uri.shown} can't be read by user {os.getuid()}; make it readable "
            "for everyone or for the volume's group.",
            permanent=True,
        )
