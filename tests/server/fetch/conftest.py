"""Real stores for the tests, and the two commands run as a container runs them."""

import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import structlog

from modelyard_server import contract
from modelyard_server.fetch import download, resolve
from tests.server.fetch.emulators.versitygw import S3, s3_bucket, s3_server
from tests.server.fetch.webserver import WebServer, serving


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


@pytest.fixture
def bucket_name(request: pytest.FixtureRequest) -> str:
    """A name that every store takes, and no other test has."""
    return f"b{abs(hash(request.node.nodeid)):x}"[:30]


@pytest.fixture(scope="session")
def versitygw(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    folder = tmp_path_factory.mktemp("s3")
    with s3_server(folder) as endpoint:
        yield endpoint, folder


@pytest.fixture
def s3(versitygw: tuple[str, Path], bucket_name: str) -> S3:
    return s3_bucket(*versitygw, bucket_name)
