"""The managed cache's arguments, given to a real Redis."""

import re
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from modelyard_operator.resources import catalog
from tests.control_plane import wait_until
from tests.operator.resources.cases import MINIMAL, context
from tests.ports import free_port
from tests.tools import redis_server

PASSWORD = "0123456789abcdef"


class Redis:
    """As much of a client as these tests need."""

    def __init__(self, port: int) -> None:
        self._port = port

    def ask(self, *commands: str) -> str:
        with socket.create_connection(("127.0.0.1", self._port), timeout=5) as connection:
            connection.sendall("".join(f"{command}\r\n" for command in (*commands, "QUIT")).encode())
            return b"".join(iter(lambda: connection.recv(65536), b"")).decode()

    def config(self, name: str) -> str:
        answer = self.ask(f"AUTH {PASSWORD}", f"CONFIG GET {name}")
        found = re.search(rf"{name}\r\n\$\d+\r\n(.*?)\r\n", answer)
        assert found, answer
        return found[1]

    def answers(self) -> bool:
        try:
            return bool(self.ask("PING"))
        except OSError:
            return False


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[Redis]:
    """The container's command line, but for the port and the password's variable."""
    ctx = context("x", MINIMAL | {"cache": {"managed": {"maxMemory": "8Mi"}}})
    (deployment,) = (child for child in catalog.shared(ctx) if child["kind"] == "Deployment")
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    port = free_port()
    args = [arg.replace("$(CACHE_PASSWORD)", PASSWORD) for arg in container["args"]]
    args[args.index("--port") + 1] = str(port)
    with (tmp_path / "redis.log").open("wb") as log:
        process = subprocess.Popen([redis_server(), *args], cwd=tmp_path, stdout=log, stderr=log)
    try:
        client = Redis(port)
        wait_until(client.answers, "redis", 30)
        yield client
    finally:
        process.terminate()
        process.wait(20)
    assert [file.name for file in tmp_path.iterdir()] == ["redis.log"], "it keeps nothing on disk"


def test_it_asks_for_the_password(redis: Redis) -> None:
    assert "NOAUTH" in redis.ask("GET x")
    assert "NOAUTH" not in redis.ask(f"AUTH {PASSWORD}", "GET x")


def test_memory_is_capped_and_the_oldest_goes_first(redis: Redis) -> None:
    assert redis.config("maxmemory") == str(8 * 2**20)
    assert redis.config("maxmemory-policy") == "allkeys-lru"


def test_nothing_is_persisted(redis: Redis) -> None:
    assert redis.config("save") == ""
    assert redis.config("appendonly") == "no"
