"""Connections that break and stores that are busy, by the one emulator that is quick with large objects."""

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from urllib.parse import urlsplit

import pytest

from tests.server.fetch.conftest import Commands
from tests.server.fetch.emulators.bucket import lay
from tests.server.fetch.emulators.versitygw import S3
from tests.server.fetch.webserver import Page, WebServer


@pytest.fixture
def commands(commands: Commands, s3: S3) -> Commands:
    commands.environ |= s3.environ
    return commands


def test_faults_pass_when_the_store_recovers(commands: Commands, s3: S3, web: WebServer) -> None:
    faults = [Page(b"<Code>SlowDown</Code><Message>Slow.</Message>", status=503), Page(b"busy", status=429)]
    web.answer = lambda _request: faults.pop(0) if faults else Page(b"", status=403)
    report = commands.resolve("s3://bucket/x", AWS_ENDPOINT_URL=web.url, MODELYARD_FETCH_RETRY_SECONDS="30")
    assert report["reason"] == "Forbidden"
    assert len(web.requests) == 3


def test_a_megabyte_of_error_text_is_cut(commands: Commands, web: WebServer) -> None:
    web.answer = lambda _request: Page(b"<Code>Broken</Code>" + b"<p>sorry</p>" * 90_000, status=500)
    report = commands.resolve("s3://bucket/x", AWS_ENDPOINT_URL=web.url)
    assert report["reason"] == "StoreUnreachable"
    assert len(report["message"]) < 500


class CuttingProxy:
    """Passes connections on to a server, and cuts those that carry more than `limit` bytes, `cuts` times."""

    def __init__(self, target: tuple[str, int], limit: int, cuts: int) -> None:
        self._target = target
        self._limit = limit
        self.cuts = cuts
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._accept)
        self._thread.start()

    def close(self) -> None:
        # Closing alone does not wake the thread that accepts.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()

    def _accept(self) -> None:
        while True:
            try:
                client, _address = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection(self._target)
            threading.Thread(target=self._pump, args=(client, server, False), daemon=True).start()
            threading.Thread(target=self._pump, args=(server, client, True), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket, answers: bool) -> None:
        passed = 0
        try:
            while block := source.recv(65_536):
                sink.sendall(block)
                passed += len(block)
                if answers and passed > self._limit and self.cuts:
                    self.cuts -= 1
                    break
        except OSError:
            pass
        for end in (source, sink):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def proxy(s3: S3) -> Iterator[CuttingProxy]:
    address = urlsplit(s3.endpoint)
    cutting = CuttingProxy((address.hostname or "", address.port or 0), limit=6_000_000, cuts=2)
    try:
        yield cutting
    finally:
        cutting.close()


def test_a_cut_connection_is_taken_up_again(commands: Commands, s3: S3, proxy: CuttingProxy) -> None:
    weights = bytes(range(256)) * 60_000
    uri = lay(s3, {"model.onnx": weights})
    pinned = commands.resolve(uri)["pinned"]
    environ = {"AWS_ENDPOINT_URL": proxy.url, "MODELYARD_FETCH_RETRY_SECONDS": "30"}
    assert commands.fetch(pinned, **environ)["ok"]
    assert proxy.cuts == 0
    assert commands.files() == {"model.onnx": weights}


def test_a_restarted_container_continues(commands: Commands, s3: S3, proxy: CuttingProxy) -> None:
    weights = bytes(range(256)) * 60_000
    pinned = commands.resolve(lay(s3, {"model.onnx": weights}))["pinned"]
    report = commands.fetch(pinned, AWS_ENDPOINT_URL=proxy.url)
    assert (report["reason"], report["permanent"]) == ("StoreUnreachable", False)
    (partial,) = commands.model_dir.rglob("*.part")
    assert 0 < partial.stat().st_size < len(weights)
    assert commands.fetch(pinned)["ok"]
    assert commands.files() == {"model.onnx": weights}
