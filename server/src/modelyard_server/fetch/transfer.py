"""Bringing one file here, resuming what an earlier try left."""

import hashlib
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from modelyard_server.fetch.errors import source_changed, unreachable
from modelyard_server.fetch.retry import Patience
from modelyard_server.fetch.stores.base import Entry, Store

_BLOCK = 1 << 20


class StoppedError(Exception):
    """Another file failed, so this one is not wanted any more."""


@dataclass(slots=True)
class Progress:
    """Bytes that are here, counted by every transfer and read by the log."""

    done: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, size: int) -> None:
        """Count bytes; a negative size takes back what turned out damaged."""
        with self._lock:
            self.done += size


def transfer(
    store: Store,
    entry: Entry,
    partial: Path,
    *,
    patience: Patience,
    progress: Progress,
    stopped: Callable[[], bool],
    shown: str,
) -> str:
    """Bring a file's bytes to `partial`, from where that file ends.

    Args:
        store: Where from.
        entry: The file.
        partial: What an earlier try left of just this content, or nothing; afterwards the whole content.
        patience: How long to try; bytes that arrive renew it.
        progress: Counts the bytes.
        stopped: Asked between two chunks.
        shown: The source as messages name it.

    Returns:
        The content's hex SHA-256.

    Raises:
        SourceError: The store's error, or SourceChanged where the file turns out longer than listed.
        StoppedError: `stopped` said so.
        OSError: The disk is full, or can't be written.
    """
    hasher = hashlib.sha256()
    here = 0
    if partial.exists():
        if partial.stat().st_size > entry.size:
            partial.unlink()
        else:
            with partial.open("rb") as file:
                while block := file.read(_BLOCK):
                    hasher.update(block)
                    here += len(block)
            progress.add(here)
    furthest = here

    def attempt() -> None:
        nonlocal hasher, here, furthest
        with partial.open("ab") as file:
            if here < entry.size:
                for chunk in store.read(entry, here):
                    if stopped():
                        raise StoppedError
                    if here + len(chunk) > entry.size:
                        raise source_changed(shown, f"a longer {entry.path} stands")
                    file.write(chunk)
                    hasher.update(chunk)
                    here += len(chunk)
                    furthest = max(furthest, here)
                    progress.add(len(chunk))
        if here < entry.size:
            raise unreachable(
                f"The store of {shown} ended the connection after {here:,} of the {entry.size:,} bytes of "
                f"{entry.path}."
            )
        if entry.sha256 is not None and hasher.hexdigest() != entry.sha256:
            partial.unlink()
            progress.add(-here)
            hasher, here = hashlib.sha256(), 0
            raise unreachable(
                f"{entry.path} of {shown} arrived damaged: its hash is not what the store says."
            )

    # Only bytes never reached before count as progress: a file that is damaged each time must not renew it.
    patience.call(attempt, lambda: furthest)
    return hasher.hexdigest()
