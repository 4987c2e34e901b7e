"""One change of the cluster at a time, across checkouts."""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def exclusive(path: Path, waiting: Callable[[str], None]) -> Iterator[None]:
    """Hold the lock file for the length of the block; the kernel lets go of it if the process dies.

    Args:
        path: The lock file; made if absent.
        waiting: Called once with a sentence when somebody else holds the lock.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # 0600 and close-on-exec: a daemon that inherited the descriptor would hold the lock for ever.
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = path.read_text(encoding="ascii").strip() or "unknown"
            waiting(f"Another devcluster command (process {holder}) is at work; waiting for it")
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        yield
    finally:
        os.close(descriptor)
