"""Real stores for the tests, and the two commands run as a container runs them."""

import json
import logging
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import obstore
import pytest
import structlog
from obstore.store import S3Store

from devcluster.build import TOOLS, Builder
from devcluster.config import Settings
from devcluster.ui import Ui
from modelyard_server import contract
from modelyard_server.fetch import download, resolve
from tests.server.fetch.webserver import WebServer, serving

ACCESS_KEY = "test-access"
SECRET_KEY = "test-secret-key"


@dataclass
class Commands:
    """Runs `resolve` and `fetch` with one environment and reads their reports."""

    home: Path
    environ: dict[str, str] = field(default_factory=dict)

    @property
    def model_dir(self) -> Path:
        return self.home / "model"

    def resolve(self, uri: str, **extra: str) -> dict[str, Any]:
        environ = self._environ({contract.ENV_MODEL_URI: uri, **extra})
        return self._report(resolve.run(environ))

    def fetch(self, pinned: str, **extra: str) -> dict[str, Any]:
        environ = self._environ({contract.ENV_MODEL_PINNED: pinned, **extra})
        return self._report(download.run(environ))

    def files(self) -> dict[str, bytes]:
        return {
            path.relative_to(self.model_dir).as_posix(): path.read_bytes()
            for path in sorted(self.model_dir.rglob("*"))
            if path.is_file() and path.name != ".modelyard-fetched.json"
        }

    def _environ(self, extra: dict[str, str]) -> dict[str, str]:
        return {
            contract.ENV_MODEL_DIR: str(self.model_dir),
            "MODELYARD_TERMINATION_LOG": str(self.home / "report"),
            "MODELYARD_FETCH_RETRY_SECONDS": "0",
            "MODELYARD_ALLOW_HTTP": "true",
            **self.environ,
            **extra,
        }

    def _report(self, status: int) -> dict[str, Any]:
        line = (self.home / "report").read_bytes()
        assert len(line) <= contract.TERMINATION_MESSAGE_LIMIT
        report: dict[str, Any] = json.loads(line)
        assert (status == 0) == report["ok"]
        return report


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    """The commands set up the process's logging, as they would in a container."""
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    root.handlers = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.fixture
def commands(tmp_path: Path) -> Commands:
    (tmp_path / "model").mkdir()
    return Commands(tmp_path)


@pytest.fixture
def web() -> Iterator[WebServer]:
    with serving() as server:
        yield server


@dataclass
class S3:
    """A bucket on a real S3 server."""

    endpoint: str
    bucket: str
    store: S3Store
    folder: Path

    @property
    def environ(self) -> dict[str, str]:
        return {
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
            "AWS_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ALLOW_HTTP": "true",
        }

    def put(self, key: str, content: bytes) -> None:
        obstore.put(self.store, key, content)

    def delete(self, key: str) -> None:
        obstore.delete(self.store, key)


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """Build versitygw where the cache lacks it, and run it on a free port."""
    program = Builder(Settings.from_environment(), Ui()).ensure([TOOLS["versitygw"]])["versitygw"]
    folder = tmp_path_factory.mktemp("s3")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"127.0.0.1:{port}"
    process = subprocess.Popen(
        [program, "--port", address, "posix", folder],
        env={**os.environ, "ROOT_ACCESS_KEY": ACCESS_KEY, "ROOT_SECRET_KEY": SECRET_KEY},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + 30
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                assert process.poll() is None, "versitygw ended at its start"
                assert time.monotonic() < deadline, "versitygw does not answer"
                time.sleep(0.02)
        yield f"http://{address}", folder
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture
def s3(s3_server: tuple[str, Path], request: pytest.FixtureRequest) -> S3:
    endpoint, root = s3_server
    bucket = f"b{abs(hash(request.node.nodeid)):x}"[:30]
    (root / bucket).mkdir()
    store = S3Store(
        bucket,
        endpoint=endpoint,
        access_key_id=ACCESS_KEY,
        secret_access_key=SECRET_KEY,
        region="us-east-1",
        client_options={"allow_http": True},
    )
    return S3(endpoint, bucket, store, root / bucket)
