"""Files that may change while the pod runs: the mounts of ConfigMaps and Secrets."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Generic, TypeVar

import structlog

log = structlog.get_logger(__name__)

_POLL_SECONDS = 1.0

State = TypeVar("State")


class UnusableFileError(ValueError):
    """A file of a mount can't be used; the message names it."""


class DirectoryWatcher(Generic[State]):
    """Holds the newest state of a mount and tells one listener about changes.

    The kubelet swaps a link to a whole new directory, so a state is read from files that belong together;
    reading a few small files a second is cheaper than telling which of the ways to swap it used.

    Args:
        directory: The mount; it may be absent.
        read: Reads its state; raises UnusableFileError or OSError.
        initial: The state in force before one could be read.
        on_change: Called with each new state, also with the first.
        what: What the mount is, for the log.
        poll_seconds: Seconds between two looks.
    """

    def __init__(
        self,
        directory: Path,
        read: Callable[[Path], State],
        initial: State,
        on_change: Callable[[State], Awaitable[None]],
        *,
        what: str,
        poll_seconds: float = _POLL_SECONDS,
    ) -> None:
        self._directory = directory
        self._read = read
        self._on_change = on_change
        self._what = what
        self._poll_seconds = poll_seconds
        self._last_error = ""
        self._first = True
        self.state = initial

    async def check(self) -> None:
        """Read the mount once; a state that can't be read leaves the one before in force."""
        try:
            state = self._read(self._directory)
        except (UnusableFileError, OSError) as error:
            if str(error) != self._last_error:
                log.warning(f"{self._what} can't be used; keeping what was in force", error=str(error))
            self._last_error = str(error)
            if not self._first:
                return
            state = self.state
        else:
            self._last_error = ""
        if state != self.state or self._first:
            self._first = False
            self.state = state
            await self._on_change(state)

    async def run(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            await asyncio.sleep(self._poll_seconds)
            await self.check()
