"""A server under measurement: started on one core, waited for, weighed, ended."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import httpx

from benchmarks.server.options import cores

START_SECONDS = 90
END_SECONDS = 30
TAIL = 3000
_TICK = os.sysconf("SC_CLK_TCK")


class StartError(RuntimeError):
    """A process ended, or did not answer in time; the message ends with its log."""


class Process:
    """A process and its descendants.

    Args:
        name: For messages.
        process: It.
        log: Where its output goes.
        url: Where it answers, without a path.
    """

    def __init__(self, name: str, process: subprocess.Popen[bytes], log: Path, url: str) -> None:
        self.name = name
        self.url = url
        self._process = process
        self._log = log

    @property
    def pid(self) -> int:
        """Process id of the one that was started."""
        return self._process.pid

    def cpu_seconds(self) -> float:
        """Processor time, user and system, of it and its living descendants."""
        return sum(_cpu(pid) for pid in self._tree())

    def resident(self) -> float:
        """Resident memory in MiB, of it and its descendants; what they share counts once each."""
        return sum(_status(pid, "VmRSS") for pid in self._tree())

    def peak(self) -> float:
        """The highest resident memory of each so far, in MiB, summed."""
        return sum(_status(pid, "VmHWM") for pid in self._tree())

    def check(self) -> None:
        """It runs.

        Raises:
            StartError: it has ended.
        """
        if self._process.poll() is not None:
            raise StartError(f"{self.name} ended with {self._process.returncode}:\n{self.tail()}")

    def tail(self) -> str:
        """The end of its log."""
        return self._log.read_text(errors="replace")[-TAIL:]

    def wait_for(
        self, answers: Callable[[], bool], seconds: float = START_SECONDS, every: float = 0.05
    ) -> None:
        """Wait until it answers.

        Raises:
            StartError: it ended, or did not answer in time.
        """
        end = time.monotonic() + seconds
        while True:
            self.check()
            with contextlib.suppress(httpx.HTTPError):
                if answers():
                    return
            if time.monotonic() > end:
                raise StartError(f"{self.name} did not answer in {seconds:.0f} s:\n{self.tail()}")
            time.sleep(every)

    def end(self) -> None:
        """Ask it to end, and see to it that nothing of it is left."""
        tree = self._tree()
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(END_SECONDS)
        for pid in tree:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._process.wait()

    def _tree(self) -> list[int]:
        children: dict[int, list[int]] = {}
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                with contextlib.suppress(OSError):
                    parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                    children.setdefault(parent, []).append(int(entry.name))
        found, todo = [], [self.pid]
        while todo:
            pid = todo.pop()
            found.append(pid)
            todo += children.get(pid, [])
        return found


@contextlib.contextmanager
def running(
    name: str,
    command: Sequence[str],
    *,
    log: Path,
    url: str = "",
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
    core: int | None = None,
) -> Iterator[Process]:
    """A process on one core (that of what is measured, unless told otherwise), ended on leaving.

    Args:
        name: For messages.
        command: Its command line.
        log: Where its output goes.
        url: Where it answers.
        environment: Variables besides this process' own.
        folder: Its working directory.
        core: The core that it and its children may use.
    """
    pinned = ["taskset", "--cpu-list", str(cores()[0] if core is None else core), *command]
    with log.open("ab") as output:
        started = subprocess.Popen(
            pinned, stdout=output, stderr=output, cwd=folder, env={**os.environ, **(environment or {})}
        )
    process = Process(name, started, log, url)
    try:
        yield process
    finally:
        process.end()


def _cpu(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / _TICK


def _status(pid: int, name: str) -> float:
    try:
        text = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in text.splitlines() if line.startswith(f"{name}:")) / 1024
