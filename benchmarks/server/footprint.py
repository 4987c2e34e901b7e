"""An idle server's memory, and the time from a process' start to its first answer: where it goes."""

import contextlib
import http.client
import json
import os
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.goal import Goal, repeated
from benchmarks.server.models import distilbert
from benchmarks.server.options import Options, say
from benchmarks.server.ours import PROGRAM
from benchmarks.server.process import StartError, running
from modelyard_server import contract
from tests.ports import free_port

TITLE = "Footprint"
VARIANT = "int8"
RESIDENT_MIB = 250.0
START_SECONDS = 3.0
PATIENCE = 60.0
SETTLE_SECONDS = 2.0


@dataclass(frozen=True)
class Start:
    """Seconds from the process' start, and MiB.

    Attributes:
        listens: Until its port answers: the interpreter, the imports and uvicorn.
        load: Loading the model, by its own account.
        warm: Warming it up, by its own account.
        answer: Until the first answer to a prediction.
        idle: Resident memory a little after that.
        peak: The most until then.
    """

    listens: float
    load: float
    warm: float
    answer: float
    idle: float
    peak: float


def measure(options: Options) -> list[Goal]:
    """Start it again and again; files are in the page cache, as on a node that has started it before."""
    model = options.model or distilbert()
    file = model / "onnx" / f"model_{VARIANT}.onnx"
    size = f"{file.stat().st_size / 1e6:.0f} MB model" if file.exists() else "small model"
    with tempfile.TemporaryDirectory(prefix="modelyard-bench-") as scratch:
        start(model, Path(scratch))
        starts = []
        for n in range(options.rounds):
            starts.append(start(model, Path(scratch)))
            say(
                f"start {n + 1} of {options.rounds}: first answer after {starts[-1].answer:.2f} s, "
                f"{starts[-1].idle:.0f} MiB"
            )
    what = f"footprint, onnxruntime {VARIANT}"
    # The model loads from when it listens, which is noticed a little later.
    rest = [max(0.0, one.answer - one.listens - one.load - one.warm) for one in starts]
    return [
        repeated(
            f"{what}: idle memory", [one.idle for one in starts], "MiB", at_most=RESIDENT_MIB, detail=size
        ),
        repeated(
            f"{what}: process start to first answer",
            [one.answer for one in starts],
            "s",
            at_most=START_SECONDS,
            detail=f"{size}, one core",
        ),
        repeated(f"{what}: of that, until it listens (imports)", [one.listens for one in starts], "s"),
        repeated(f"{what}: of that, loading the model", [one.load for one in starts], "s"),
        repeated(f"{what}: of that, warming up", [one.warm for one in starts], "s"),
        repeated(f"{what}: of that, the rest", rest, "s", detail="ticks of the loop and the first request"),
        repeated(f"{what}: peak memory of the start", [one.peak for one in starts], "MiB"),
    ]


def start(model: Path, folder: Path) -> Start:
    """Start the server once, ask it as soon as it is ready, and end it."""
    port = free_port()
    variables = {
        contract.ENV_DEPLOYMENT: "bench",
        contract.ENV_MODEL_DIR: str(model),
        contract.ENV_MODEL_VARIANT: VARIANT,
        contract.ENV_PORT: str(port),
        contract.ENV_RUNTIME_DIR: str(folder),
        contract.ENV_DRAIN: "0",
        "MODELYARD_HOST": "127.0.0.1",
        "MODELYARD_TERMINATION_LOG": os.devnull,
    }
    began = time.perf_counter()
    log = folder / "footprint.log"
    with running("modelyard", [str(PROGRAM), "serve"], log=log, environment=variables) as process:

        def until(method: str, path: str, body: bytes | None, status: int | None) -> tuple[float, bytes]:
            while time.perf_counter() - began < PATIENCE:
                process.check()
                with contextlib.suppress(OSError, http.client.HTTPException):
                    answered, content = ask(port, method, path, body)
                    if status is None or answered == status:
                        return time.perf_counter() - began, content
                time.sleep(0.005)
            raise StartError(f"no answer to {path} in {PATIENCE:.0f} s:\n{process.tail()}")

        listens, _ = until("GET", contract.PATH_HEALTH, None, None)
        _, ready = until("GET", contract.PATH_READY, None, 200)
        answer, _ = until("POST", "/predict", json.dumps({"text": ["the first"]}).encode(), 200)
        told = json.loads(ready)
        time.sleep(SETTLE_SECONDS)
        return Start(
            listens, told["loadSeconds"], told["warmSeconds"], answer, process.resident(), process.peak()
        )


def ask(port: int, method: str, path: str, body: bytes | None) -> tuple[int, bytes]:
    """One request over a connection of its own: (status, body)."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        connection.request(method, path, body)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()
