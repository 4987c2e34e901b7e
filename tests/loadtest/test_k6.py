"""The command with the real k6 against the real server."""

import re
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from tests import tools
from tests.cli.conftest import Call, call
from tests.server.conftest import Launch, RedisServer, RuntimeVolume, launch, redis_server, runtime
from tests.server.models import text_model

__all__ = ["call", "launch", "redis_server", "runtime"]

pytestmark = pytest.mark.integration


@pytest.fixture
def path() -> str:
    return str(Path(tools.k6()).parent)


@pytest.fixture
def broken() -> Iterator[str]:
    """An API that is there and answers nothing right."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(503)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_load_on_the_real_server(
    call: Call, launch: Launch, redis_server: RedisServer, runtime: RuntimeVolume, tmp_path: Path, path: str
) -> None:
    runtime.write(cache=redis_server.managed)
    server = launch(text_model(tmp_path / "model"), MODELYARD_RUNTIME_DIR=str(runtime.directory))
    items = tmp_path / "texts.txt"
    items.write_text("".join(f"film number {number} was fine\n" for number in range(100)))
    out = tmp_path / "report.html"
    told = call("loadtest", server.url, "--short", "--payload", items, "--out", out, PATH=path)
    assert told.exit_code == 0, told.output
    assert "failed: 0 (0.00 %)" in told.stdout
    [hits] = re.findall(r"from a cache: ([\d.]+) %", told.stdout)
    assert 90 < float(hits) < 98, "19 of 20 requests ask for one of ten texts"
    assert re.search(r" s of 12: \d+ users, ", told.stderr), "what is under way is told"
    text = out.read_text()
    assert "Every threshold holds" in text
    assert "10 users" in text and "texts of 1 file(s)" in text


def test_failures_end_with_1_and_a_report(call: Call, broken: str, tmp_path: Path, path: str) -> None:
    out = tmp_path / "report.html"
    told = call("loadtest", broken, "--scenario", "plates", "--short", "--out", out, PATH=path)
    assert told.exit_code == 1
    assert "(100.00 %)" in told.stdout
    assert "threshold http_req_failed rate<0.01: does not hold" in told.stdout
    assert "A threshold does not hold" in out.read_text()
