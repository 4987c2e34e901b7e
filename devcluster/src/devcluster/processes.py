"""Daemons that outlive the command that started them, and are never mistaken for another process."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

POLL_SECONDS = 0.05
KILL_LIMIT_SECONDS = 5.0


@dataclass(frozen=True)
class Identity:
    """A process for certain: a number alone may belong to another process by now.

    Attributes:
        pid: Process number.
        start_ticks: Clock ticks from boot to its start (field 22 of /proc/PID/stat, proc(5)).
        boot_id: Which boot those ticks are counted from.
    """

    pid: int
    start_ticks: int
    boot_id: str


@dataclass(frozen=True)
class Record:
    """What is known of a daemon that this tool started.

    Attributes:
        identity: The process.
        spec: Hash of the command line, environment and files that it was started with.
    """

    identity: Identity
    spec: str


def parse_stat(text: str) -> tuple[str, int]:
    """Read state and start time from /proc/PID/stat.

    Args:
        text: The file's content; the command name may hold blanks and brackets.

    Returns:
        The state's letter and the start time in clock ticks since boot.
    """
    fields = text.rpartition(")")[2].split()
    return fields[0], int(fields[19])


def boot_id(proc: Path = Path("/proc")) -> str:
    """Random name of the current boot."""
    return (proc / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip()


def identify(pid: int, proc: Path = Path("/proc")) -> Identity | None:
    """Identify a running process.

    Args:
        pid: Process number.
        proc: The proc file system.

    Returns:
        Its identity; None if there is no such process or only its remains (a zombie).
    """
    try:
        state, ticks = parse_stat((proc / str(pid) / "stat").read_text(encoding="utf-8", errors="replace"))
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if state in {"Z", "X"} else Identity(pid, ticks, boot_id(proc))


def alive(identity: Identity, proc: Path = Path("/proc")) -> bool:
    """Whether this very process still runs."""
    return identify(identity.pid, proc) == identity


class ProcessTable:
    """Starts daemons, remembers them in files, and ends them."""

    def __init__(self, run_dir: Path, log_dir: Path) -> None:
        self._run_dir = run_dir
        self._log_dir = log_dir

    def log_file(self, name: str) -> Path:
        """Where the daemon's output goes."""
        return self._log_dir / f"{name}.log"

    def record(self, name: str) -> Record | None:
        """What was recorded at the last start; None if never started or unreadable."""
        try:
            data = json.loads((self._run_dir / f"{name}.json").read_text(encoding="utf-8"))
            return Record(Identity(**data["identity"]), data["spec"])
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return None

    def names(self) -> list[str]:
        """Every daemon with a record."""
        return sorted(path.stem for path in self._run_dir.glob("*.json"))

    def running(self, name: str) -> Record | None:
        """The record if that very process still runs."""
        record = self.record(name)
        return record if record and alive(record.identity) else None

    def start(self, name: str, argv: Sequence[str], env: Mapping[str, str], spec: str) -> Record:
        """Start a daemon in a session of its own, with its output appended to its log.

        Args:
            name: The daemon's name.
            argv: Its command line.
            env: Its whole environment.
            spec: Hash to tell later whether it was started the way it would be now.

        Returns:
            The record, which is on disk already.
        """
        for folder in (self._run_dir, self._log_dir):
            folder.mkdir(parents=True, exist_ok=True)
        with self.log_file(name).open("ab") as log:
            process = subprocess.Popen(
                list(argv),
                env=dict(env),
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        identity = identify(process.pid) or Identity(process.pid, -1, boot_id())
        record = Record(identity, spec)
        path = self._run_dir / f"{name}.json"
        fresh = path.with_suffix(".new")
        fresh.write_text(json.dumps(asdict(record)), encoding="utf-8")
        fresh.replace(path)
        return record

    def stop(self, name: str, term_limit: float, sleep: Callable[[float], None] = time.sleep) -> bool:
        """End a daemon: TERM, then KILL after the limit.

        Args:
            name: The daemon's name.
            term_limit: Seconds to wait between the two.
            sleep: Waits between two looks.

        Returns:
            Whether it ran.
        """
        record = self.running(name)
        if record:
            for number, limit in ((signal.SIGTERM, term_limit), (signal.SIGKILL, KILL_LIMIT_SECONDS)):
                if self._signal(record.identity, number, limit, sleep):
                    break
        (self._run_dir / f"{name}.json").unlink(missing_ok=True)
        return record is not None

    def _signal(
        self, identity: Identity, number: signal.Signals, limit: float, sleep: Callable[[float], None]
    ) -> bool:
        """Send one signal and wait for the end; whether it came."""
        try:
            # The descriptor pins the process: its number cannot be given to another one meanwhile.
            descriptor = os.pidfd_open(identity.pid)
        except ProcessLookupError:
            return True
        try:
            if not alive(identity):
                return True
            signal.pidfd_send_signal(descriptor, number)
        finally:
            os.close(descriptor)
        deadline = time.monotonic() + limit
        while alive(identity):
            if time.monotonic() > deadline:
                return False
            sleep(POLL_SECONDS)
        return True

    def log_tail(self, name: str, lines: int = 15) -> str:
        """The last lines of a daemon's log."""
        path = self.log_file(name)
        if not path.exists():
            return "(no log)"
        with path.open("rb") as log:
            size = log.seek(0, os.SEEK_END)
            log.seek(max(0, size - 400 * lines))
            text = log.read().decode(errors="replace")
        return "\n".join(text.splitlines()[-lines:]) or "(the log is empty)"
