"""`modelyard serve` as a person runs it: a real server, a real Redis."""

import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from redis import Redis

from tests.cli.conftest import Call
from tests.cli.serving.deployments import document, written
from tests.ports import free_port
from tests.server.conftest import DEADLINE, RedisServer
from tests.server.fetch.webserver import Page
from tests.server.fetch.webserver import serving as store

TEXT = {"text": ["good film"]}
KEY = "a-key-of-the-only-client-0123456789"


@contextmanager
def serving(tmp_path: Path, *arguments: str) -> Iterator[tuple[httpx.Client, Path]]:
    """The command, once its model is ready; interrupted at the end."""
    port, log = free_port(), tmp_path / "serve.log"
    command = [sys.executable, "-m", "modelyard_cli.main", "serve", "--port", str(port), *arguments]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, stdout=output, stderr=output, env={"XDG_CACHE_HOME": str(tmp_path / "cache")}
        )
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
            until_ready(client, process, log)
            yield client, log
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(DEADLINE)


def until_ready(client: httpx.Client, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + DEADLINE
    while True:
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        try:
            if client.get("/ready").is_success:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.05)


def test_the_resource_is_served_with_its_keys_and_its_cache(
    tmp_path: Path, model: Path, redis_server: RedisServer
) -> None:
    keys = tmp_path / "keys"
    keys.mkdir()
    (keys / "web").write_text(KEY)
    spec: dict[str, Any] = {
        "server": {"auth": {"apiKeys": {"secretRef": {"name": "clients"}}}},
        "cache": {"ttlSeconds": 60, "managed": {}},
        "scaling": {"maxReplicas": 3},
    }
    redis = f"redis://:{redis_server.password}@127.0.0.1:{redis_server.port}"
    file = written(tmp_path, document(**spec))
    given = ("-f", file, "--model", str(model), "--redis", redis, "--secret", f"clients={keys}")
    known = {"X-API-Key": KEY}
    with serving(tmp_path, *given) as (client, log):
        assert client.post("/predict", json=TEXT).status_code == 401
        answer = client.post("/predict", json=TEXT, headers=known)
        assert answer.status_code == 200, answer.text
        assert answer.headers["x-modelyard-model"] == "sentiment"
        store = Redis(host="127.0.0.1", port=redis_server.port, password=redis_server.password)
        deadline = time.monotonic() + DEADLINE
        while store.dbsize() == 0:
            assert time.monotonic() < deadline
        told = [line for line in log.read_text().splitlines() if line.startswith("not as in a cluster: ")]
        assert told == ["not as in a cluster: spec.scaling: one process answers"]
        assert redis_server.password not in log.read_text()

    with serving(tmp_path, *given) as (client, _):
        again = client.post("/predict", json=TEXT, headers=known)
        assert again.headers["x-modelyard-cached"] == "1", "the next one finds what was remembered"
        assert again.content == answer.content


@pytest.mark.parametrize(
    ("spec", "arguments", "words"),
    [
        ({"model": {"uri": "pvc://claim/model"}}, (), "--model FOLDER names a copy"),
        ({"model": {"uri": "file:///nowhere"}}, (), "spec.model: .*nowhere"),
        (
            {"server": {"auth": {"apiKeys": {"secretRef": {"name": "clients"}}}}},
            (),
            "spec.server.auth.apiKeys.secretRef names Secret clients",
        ),
        (
            {"cache": {"external": {"secretRef": {"name": "redis"}}}},
            (),
            "spec.cache.external.secretRef names Secret redis",
        ),
        ({}, ("--secret", "x"), "write NAME=FOLDER"),
    ],
)
def test_what_cannot_be_served_is_named(
    call: Call, tmp_path: Path, spec: dict[str, Any], arguments: tuple[str, ...], words: str
) -> None:
    file = written(tmp_path, document(**spec))
    found = call("serve", "-f", file, *arguments, XDG_CACHE_HOME=str(tmp_path / "cache"))
    assert found.exit_code == 1
    assert re.search(words, found.output), found.output


@pytest.mark.parametrize(
    ("uri", "variables", "needs"),
    [
        ("s3://models/sentiment", ("AWS_ENDPOINT_URL", "AWS_ALLOW_HTTP"), "AWS_ACCESS_KEY_ID"),
        ("hf://org/private", ("HF_ENDPOINT",), "HF_TOKEN"),
    ],
)
def test_who_is_not_let_in_is_told_what_to_do_in_a_shell(
    call: Call, tmp_path: Path, uri: str, variables: tuple[str, ...], needs: str
) -> None:
    file = written(tmp_path, document(model={"uri": uri, "secretRef": {"name": "store"}}))
    with store() as server:
        server.answer = lambda _: Page(b"no", status=401)
        environ = dict.fromkeys(variables[:1], server.url) | dict.fromkeys(variables[1:], "true")
        environ |= {"AWS_ACCESS_KEY_ID": "wrong-key", "AWS_SECRET_ACCESS_KEY": "wrong-secret"}
        found = call("serve", "-f", file, XDG_CACHE_HOME=str(tmp_path / "cache"), **environ)
    assert found.exit_code == 1
    assert re.search(
        f"spec.model: .*{needs}.* Here the Secret's keys are variables of this shell: export them, give a "
        "file for each by --secret store=FOLDER, or serve a copy of the model by --model FOLDER",
        found.stderr,
    ), found.stderr
