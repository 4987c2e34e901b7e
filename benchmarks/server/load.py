"""Load from wrk (https://github.com/wg/wrk), on a core of its own."""

import functools
import json
import math
import statistics
import subprocess
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.server.options import cores
from benchmarks.server.process import Process
from images import packages

SCRIPT = Path(__file__).with_name("load.lua")
TIMEOUT_SECONDS = 60
NONE = Path("-")


class LoadError(RuntimeError):
    """A run was no measurement: requests failed, or there were too few."""


@dataclass(frozen=True)
class Load:
    """What one run gave.

    Attributes:
        requests: Answers received.
        seconds: Length of the run.
        p50: Median latency in seconds.
        p99: The latency that 99 of 100 answers keep, in seconds.
        longest: The longest, in seconds.
        cpu: Processor seconds that the server spent meanwhile.
        statuses: By HTTP status: how many, and their latencies; only where it was asked for.
    """

    requests: int
    seconds: float
    p50: float
    p99: float
    longest: float
    cpu: float
    statuses: Mapping[int, "Latencies"] = field(default_factory=dict)

    @property
    def rate(self) -> float:
        """Answers a second."""
        return self.requests / self.seconds

    @property
    def cost(self) -> float:
        """Processor seconds of the server for one answer."""
        return self.cpu / self.requests


@dataclass(frozen=True)
class Latencies:
    """How many answers had one status, and how soon they came, in seconds (negative: not known)."""

    count: int
    p50: float
    p99: float
    longest: float


@functools.cache
def wrk() -> str:
    """The program, installed where it is missing and may be.

    Raises:
        ImageError: it is missing and can't be installed from here.
    """
    log = Path(tempfile.gettempdir()) / "modelyard-packages.log"
    packages.ensure({"wrk": "wrk"}, purpose="run the benchmarks", log=log)
    return "wrk"


def record(path: Path, requests: Iterable[bytes]) -> Path:
    """Write requests as the script reads them."""
    with path.open("wb") as file:
        for request in requests:
            file.write(b"%d\n" % len(request) + request)
    return path


def post(path: str, body: bytes, content_type: str = "application/json", **headers: object) -> bytes:
    """An HTTP/1.1 request; `_` in a header's name stands for `-`."""
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: {content_type}\r\n"
    head += "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def differing(content: bytes, copies: int) -> list[bytes]:
    """Files of one picture that differ in what stands after its end, which no decoder reads."""
    return [content + b"%08d" % copy for copy in range(copies)]


def load(
    server: Process,
    *,
    connections: int,
    seconds: float,
    repeated: Path = NONE,
    fresh: Path = NONE,
    share: float = 1.0,
    again: bool = False,
    by_status: bool = False,
) -> Load:
    """Send requests over so many connections, each waiting for its answer before it sends the next.

    Args:
        server: Who answers.
        connections: How many users.
        seconds: For how long.
        repeated: Requests of which any may be sent at any time.
        fresh: Requests of which each is sent once.
        share: Share of the fresh ones.
        again: Begin anew with the fresh ones when all were sent; where nothing is cached, requests only have
            to differ from those that are under way.
        by_status: Tell the answers' statuses apart; a user who gets 503 then waits a second.

    Raises:
        LoadError: An answer was an error (unless statuses are told apart), or the fresh requests ran out.
    """
    # wrk takes whole seconds alone.
    command = ["taskset", "--cpu-list", str(cores()[1]), wrk(), "-t1", f"-c{connections}"]
    command += [f"-d{max(1, round(seconds))}s", f"--timeout={TIMEOUT_SECONDS}s"]
    command += ["-s", str(SCRIPT), server.url, "--", str(repeated), str(fresh), str(share)]
    with tempfile.NamedTemporaryFile("r", prefix="modelyard-bench-", suffix=".log") as log:
        command += [log.name] if by_status else []
        before = server.cpu_seconds()
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        cpu = server.cpu_seconds() - before
        statuses = latencies(log.read())
    server.check()
    lines = done.stdout.strip().splitlines()
    if done.returncode or not lines or not lines[-1].startswith("{"):
        raise LoadError(f"wrk ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    told = json.loads(lines[-1])
    failures = {name: told[name] for name in ("connect", "read", "write", "timeout") if told[name]}
    if told["status"] and not by_status:
        failures["status"] = told["status"]
    if failures or not told["requests"]:
        raise LoadError(
            f"{server.name}: of {told['requests']} requests some failed: {failures}\n{server.tail()}"
        )
    if told["wrapped"] and not again:
        raise LoadError(f"{server.name}: the fresh requests ran out; prepare more of them")
    return Load(
        requests=told["requests"],
        seconds=told["seconds"],
        p50=told["p50"] / 1e6,
        p99=told["p99"] / 1e6,
        longest=told["max"] / 1e6,
        cpu=cpu,
        statuses=statuses,
    )


def latencies(log: str) -> dict[int, Latencies]:
    """What the script logged, by status.

    Args:
        log: A line for each answer: its status and its microseconds.
    """
    kept: dict[int, list[float]] = {}
    for line in log.splitlines():
        status, microseconds = line.split()
        kept.setdefault(int(status), []).append(float(microseconds) / 1e6)
    found = {}
    for code, seconds in kept.items():
        seconds.sort()
        p99 = seconds[math.ceil(0.99 * len(seconds)) - 1]
        found[code] = Latencies(len(seconds), statistics.median(seconds), p99, seconds[-1])
    return found
