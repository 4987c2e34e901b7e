"""The hashes that pin a source and prove what was fetched."""

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path

from modelyard_server.fetch.stores.base import Entry

_BLOCK = 1 << 20


def manifest(entries: Iterable[Entry]) -> str:
    """Hash what a store says of the files needed: a change of any of them changes it.

    Args:
        entries: The files needed, in any order.

    Returns:
        64 hex digits: the SHA-256 of the sorted lines `path NUL size NUL tag LF`.
    """
    lines = sorted(f"{entry.path}\0{entry.size}\0{entry.tag}\n" for entry in entries)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def content_hash(files: Mapping[str, str]) -> str:
    """Hash the content of a set of files.

    Args:
        files: Relative path to the hex SHA-256 of the content.

    Returns:
        64 hex digits: the SHA-256 of the sorted lines `path NUL sha256 LF`.
    """
    lines = sorted(f"{path}\0{sha256}\n" for path, sha256 in files.items())
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def digest(files: Mapping[str, str]) -> str:
    """The digest of an artifact as reports, status and `spec.model.digest` write it: `sha256:…`."""
    return f"sha256:{content_hash(files)}"


def file_sha256(path: Path) -> str:
    """Hash a file's content: 64 hex digits.

    Raises:
        OSError: The file can't be read.
    """
    hasher = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            hasher.update(block)
    return hasher.hexdigest()
