"""Servers, clients and Redis for the server's tests; everything is real and ends with its test."""

import asyncio
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from modelyard_server.app import create_app
from modelyard_server.model import load_model
from modelyard_server.service import Service
from modelyard_server.settings import Settings
from tests import tools
from tests.ports import free_port
from tests.server.models import linear_model, text_model

DEADLINE = 30.0
"""Seconds after which a condition that does not come true fails its test."""


async def eventually(condition: Callable[[], Any], what: str) -> None:
    """Wait until a condition holds."""
    deadline = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < deadline, f"not within {DEADLINE} s: {what}"
        await asyncio.sleep(0.005)


@pytest.fixture(scope="session")
def sentiment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return text_model(tmp_path_factory.mktemp("sentiment"))


@pytest.fixture(scope="session")
def linear(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return linear_model(tmp_path_factory.mktemp("linear"))


class Client(httpx.AsyncClient):
    """A client of one service in this process."""

    service: Service

    async def predict(self, content: Any, **kwargs: Any) -> httpx.Response:
        return await self.post("/predict", json=content, **kwargs)


Serve = Callable[..., AbstractAsyncContextManager[Client]]


@asynccontextmanager
async def served(directory: Path, start: bool = True, **settings: Any) -> AsyncIterator[Client]:
    settings = {"deployment": "sentiment", "revision": "r1", "runtime_dir": directory / "none", **settings}
    service = Service.create(Settings(model_dir=directory, **settings), load_model)
    if start:
        await service.start()
    transport = httpx.ASGITransport(app=create_app(service))
    try:
        async with Client(transport=transport, base_url="http://test") as client:
            client.service = service
            yield client
    finally:
        await service.stop()


@pytest.fixture
def serve() -> Serve:
    return served


@pytest.fixture
async def client(sentiment: Path) -> AsyncIterator[Client]:
    async with served(sentiment) as client:
        yield client


PASSWORD = "sesame"


class RuntimeVolume:
    """A runtime volume as the kubelet lays it: files are links through `..data`, swapped at once."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._generation = 0
        self.files = {
            "cache-key": secrets.token_hex(32),
            "cache-password": PASSWORD,
            "admin-token": "letmein",
        }

    def write(self, cache: Mapping[str, Any] | None = None, **files: str) -> None:
        self.files |= {name.replace("_", "-"): content for name, content in files.items()}
        self._generation += 1
        fresh = self.directory / f"..{self._generation}"
        fresh.mkdir(parents=True)
        for name, content in {**self.files, "runtime.json": json.dumps({"cache": cache})}.items():
            (fresh / name).write_text(content)
            link = self.directory / name
            if not link.is_symlink():
                link.symlink_to(Path("..data") / name)
        swap = self.directory / "..data_tmp"
        swap.symlink_to(fresh.name)
        swap.rename(self.directory / "..data")


@pytest.fixture
def runtime(tmp_path: Path) -> RuntimeVolume:
    return RuntimeVolume(tmp_path / "runtime")


class RedisServer:
    """A real Redis on a free port."""

    password = PASSWORD

    def __init__(self) -> None:
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        self._process = subprocess.Popen(
            [
                tools.redis_server(),
                "--port",
                str(self.port),
                "--bind",
                "127.0.0.1",
                "--requirepass",
                self.password,
                "--save",
                "",
            ],
            stdout=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + DEADLINE
        while True:
            try:
                with socket.create_connection(("127.0.0.1", self.port), timeout=1):
                    return
            except OSError:
                assert time.monotonic() < deadline, "redis-server does not come up"
                time.sleep(0.01)

    def freeze(self) -> None:
        """It takes connections and answers nothing, as a node under pressure does."""
        assert self._process
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self._process
        self._process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    @property
    def managed(self) -> dict[str, Any]:
        return {"ttlSeconds": 60, "mode": "managed", "host": "127.0.0.1", "port": self.port}


@pytest.fixture
def redis_server() -> Iterator[RedisServer]:
    server = RedisServer()
    yield server
    server.kill()


class ServerProcess:
    """`modelyard-server serve` as a process of its own."""

    def __init__(
        self,
        directory: Path,
        log: Path,
        environ: Mapping[str, str],
        command: Sequence[str] = ("modelyard_server.cli", "serve"),
    ) -> None:
        self.port = free_port()
        self.termination_log = log.with_suffix(".termination")
        self._log = log
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", *command],
                stdout=output,
                stderr=subprocess.STDOUT,
                env={
                    **os.environ,
                    "MODELYARD_MODEL_DIR": str(directory),
                    "MODELYARD_PORT": str(self.port),
                    "MODELYARD_HOST": "127.0.0.1",
                    "MODELYARD_RUNTIME_DIR": str(log.parent / "no-runtime"),
                    "MODELYARD_TERMINATION_LOG": str(self.termination_log),
                    "MODELYARD_DEPLOYMENT": "sentiment",
                    "MODELYARD_REVISION": "r1",
                    "MODELYARD_DRAIN_SECONDS": "0",
                    **environ,
                },
            )
        self.url = f"http://127.0.0.1:{self.port}"

    @property
    def logged(self) -> str:
        return self._log.read_text()

    def wait_ready(self) -> None:
        deadline = time.monotonic() + DEADLINE
        while True:
            assert self.process.poll() is None, self.logged
            assert time.monotonic() < deadline, self.logged
            try:
                if httpx.get(f"{self.url}/ready", timeout=2).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.02)

    def terminate(self) -> None:
        self.process.send_signal(signal.SIGTERM)

    def wait(self) -> int:
        return self.process.wait(DEADLINE)

    def kill(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


Launch = Callable[..., ServerProcess]


@pytest.fixture
def launch(tmp_path: Path) -> Iterator[Launch]:
    started: list[ServerProcess] = []

    def start(
        directory: Path,
        ready: bool = True,
        command: Sequence[str] = ("modelyard_server.cli", "serve"),
        **environ: str,
    ) -> ServerProcess:
        process = ServerProcess(directory, tmp_path / f"server-{len(started)}.log", environ, command)
        started.append(process)
        if ready:
            process.wait_ready()
        return process

    yield start
    for process in started:
        process.kill()
