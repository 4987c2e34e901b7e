"""Our server as a user runs it: `modelyard-server serve` and its environment, in one core."""

import contextlib
import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import httpx

from benchmarks.server.options import cores
from benchmarks.server.process import Process, running
from modelyard_server import contract
from tests.ports import free_port
from tests.tools import redis_server

PROGRAM = Path(sys.executable).parent / "modelyard-server"
TTL_SECONDS = 180
CACHE_KEY = "0123456789abcdef" * 4
"""Any key: what it hashes is random."""


def stage(server: Process, name: str) -> tuple[float, int]:
    """Seconds that requests have spent in a stage so far, and how many of them.

    Args:
        server: Ours.
        name: The stage, as the server's metrics name it.
    """
    page = httpx.get(f"{server.url}{contract.PATH_METRICS}").text
    labels = rf'{{[^}}]*stage="{name}"[^}}]*}}'
    found = dict(re.findall(rf"modelyard_stage_duration_seconds_(sum|count){labels} (\S+)", page))
    return float(found.get("sum", 0)), int(float(found.get("count", 0)))


@contextlib.contextmanager
def redis(folder: Path) -> Iterator[str]:
    """A Redis server beside the load generator; its URL."""
    port = free_port()
    command = [redis_server(), "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    log = folder / "redis.log"
    with running("redis", command, log=log, core=cores()[1], folder=folder) as process:
        process.wait_for(lambda: "Ready to accept connections" in process.tail())
        yield f"redis://127.0.0.1:{port}/0"


@contextlib.contextmanager
def serving(
    model: Path,
    folder: Path,
    *,
    variant: str = "auto",
    cache_url: str | None = None,
    environment: Mapping[str, str] | None = None,
) -> Iterator[Process]:
    """Our server, warm.

    Args:
        model: Directory of the artifact.
        folder: Where its runtime files and log go.
        variant: Which of the artifact's ONNX files.
        cache_url: URL of its Redis; None: nothing is cached.
        environment: Variables besides.
    """
    runtime = folder / f"runtime-{variant}"
    runtime.mkdir(exist_ok=True)
    cache = {"ttlSeconds": TTL_SECONDS, "mode": "external"} if cache_url else None
    (runtime / contract.RUNTIME_CONFIG_FILE).write_text(json.dumps({"cache": cache}))
    (runtime / contract.CACHE_KEY_FILE).write_text(CACHE_KEY)
    if cache_url:
        (runtime / contract.CACHE_URL_FILE).write_text(cache_url)
    port = free_port()
    variables = {
        contract.ENV_DEPLOYMENT: "bench",
        contract.ENV_MODEL_DIR: str(model),
        contract.ENV_MODEL_VARIANT: variant,
        contract.ENV_RUNTIME_DIR: str(runtime),
        contract.ENV_PORT: str(port),
        "MODELYARD_HOST": "127.0.0.1",
        "MODELYARD_TERMINATION_LOG": str(folder / "termination-log"),
        # wrk would take a connection that ends for a failure.
        contract.ENV_MAX_CONNECTION_AGE: "0",
        contract.ENV_DRAIN: "0",
        **(environment or {}),
    }
    url = f"http://127.0.0.1:{port}"
    log = folder / f"modelyard-{variant}.log"
    with running("modelyard", [str(PROGRAM), "serve"], log=log, url=url, environment=variables) as process:
        process.wait_for(lambda: httpx.get(f"{url}{contract.PATH_READY}").status_code == 200)
        yield process
