"""Run a long command: everything it says into a log file, the steps of it to the person who waits."""

import queue
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from images.errors import ImageError

STEP = re.compile(r"STEP \d+/\d+: |^#\d+ \[|^I: |^Writing|^Copying")
"""Lines that say how far a build (buildah and podman, BuildKit) or debootstrap has come."""

WIDTH = 110
TAIL_LINES = 25
QUIET_SECONDS = 2.0
"""Without a terminal, at most one line in this time."""


class Progress:
    """One line that is rewritten on a terminal; one line now and then where there is none."""

    def __init__(self, label: str) -> None:
        self.label = label
        self.started = time.monotonic()
        self.shown = -QUIET_SECONDS
        self.step = "starting"
        self.terminal = sys.stderr.isatty()

    @property
    def seconds(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self.started

    def show(self, line: str | None) -> None:
        """Take up a line of output, or with None let the clock go on."""
        if line is not None:
            if not STEP.search(line):
                return
            self.step = " ".join(line.split())
        text = f"{self.label} [{self.seconds:3.0f} s] {self.step}"[:WIDTH]
        if self.terminal:
            sys.stderr.write(f"\r\x1b[K{text}")
        elif line is not None and self.seconds - self.shown >= QUIET_SECONDS:
            self.shown = self.seconds
            sys.stderr.write(text + "\n")
        sys.stderr.flush()

    def close(self) -> None:
        """Clear the line of a terminal."""
        if self.terminal:
            sys.stderr.write("\r\x1b[K")


def run(
    argv: Sequence[str],
    *,
    label: str,
    log: Path,
    env: Mapping[str, str] | None = None,
) -> None:
    """Run `argv` to its end, its output appended to `log` and its steps shown after `label`.

    Raises:
        ImageError: The command is missing or ended with an error; the text holds the end of its output.
    """
    progress = Progress(label)
    lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
    log.parent.mkdir(parents=True, exist_ok=True)
    tail: list[str] = []
    try:
        process = subprocess.Popen(
            argv, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
        )
    except FileNotFoundError:
        raise ImageError(f"{label}: the command {argv[0]} is not installed") from None
    assert process.stdout is not None
    reader = threading.Thread(target=_read, args=(process.stdout, lines), daemon=True)
    reader.start()
    try:
        with log.open("a") as file:
            file.write(f"$ {' '.join(argv)}\n")
            for line in _until_end(lines, progress):
                file.write(line)
                tail = [*tail[-TAIL_LINES + 1 :], line]
    except BaseException:
        process.terminate()
        raise
    finally:
        progress.close()
    code = process.wait()
    if code:
        raise ImageError(
            f"{label}: {argv[0]} ended with {code}; all of its output is in {log}\n{''.join(tail)}"
        )


def _until_end(lines: "queue.SimpleQueue[str | None]", progress: Progress) -> Iterator[str]:
    """Yield the lines as they come, the clock shown between them."""
    while True:
        try:
            line = lines.get(timeout=1)
        except queue.Empty:
            progress.show(None)
            continue
        if line is None:
            return
        progress.show(line)
        yield line


def _read(stream: Iterable[str], lines: "queue.SimpleQueue[str | None]") -> None:
    for line in stream:
        lines.put(line)
    lines.put(None)


def succeeds(argv: Sequence[str], *, env: Mapping[str, str] | None = None, seconds: float = 20) -> bool:
    """Tell whether `argv` ends with 0 within `seconds`; False as well where it is not installed."""
    try:
        done = subprocess.run(argv, env=env, capture_output=True, timeout=seconds, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def output(argv: Sequence[str], *, env: Mapping[str, str] | None = None) -> str:
    """Return what `argv` prints.

    Raises:
        ImageError: The command is missing or ended with an error.
    """
    try:
        done = subprocess.run(argv, env=env, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise ImageError(f"the command {argv[0]} is not installed") from None
    if done.returncode:
        raise ImageError(f"{' '.join(argv)} ended with {done.returncode}: {done.stderr.strip()}")
    return done.stdout
