import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from urllib.parse import urlsplit

import pytest

from tests.server.fetch.conftest import S3, Commands
from tests.server.fetch.models import hugging_face, needed
from tests.server.fetch.webserver import Page, WebServer


@pytest.fixture
def commands(commands: Commands, s3: S3) -> Commands:
    commands.environ |= s3.environ
    return commands


def lay(s3: S3, files: dict[str, bytes], prefix: str = "models/a") -> str:
    for name, content in files.items():
        s3.put(f"{prefix}/{name}", content)
    return f"s3://{s3.bucket}/{prefix}"


def test_a_prefix_is_resolved_and_fetched(commands: Commands, s3: S3) -> None:
    files = hugging_face()
    uri = lay(s3, files)
    lay(s3, {"model.onnx": b"a neighbour"}, "models/ab")
    resolved = commands.resolve(uri + "/")
    assert resolved["pinned"].startswith(f"{uri}@manifest:")
    assert resolved["bytes"] == sum(map(len, needed(files).values()))
    assert resolved["task"] == "text-classification"
    assert resolved["digest"] is None
    fetched = commands.fetch(resolved["pinned"])
    assert commands.files() == needed(files)
    assert fetched["bytes"] == resolved["bytes"]
    assert fetched["digest"].startswith("sha256:")


def test_a_whole_bucket_and_a_single_object(commands: Commands, s3: S3) -> None:
    s3.put("net.onnx", b"net")
    s3.put("net.onnx_data", b"data")
    for uri in (f"s3://{s3.bucket}", f"s3://{s3.bucket}/net.onnx"):
        resolved = commands.resolve(uri)
        assert resolved["bytes"] == 7, resolved
        assert resolved["task"] is None
        assert commands.fetch(resolved["pinned"])["ok"]
        assert commands.files() == {"net.onnx": b"net", "net.onnx_data": b"data"}


def test_the_pin_heeds_only_what_is_needed(commands: Commands, s3: S3) -> None:
    uri = lay(s3, hugging_face())
    first = commands.resolve(uri)["pinned"]
    s3.put("models/a/README.md", b"other words")
    assert commands.resolve(uri)["pinned"] == first
    s3.put("models/a/tokenizer.json", b'{"a": 1}')
    assert commands.resolve(uri)["pinned"] != first


def test_files_laid_straight_into_the_store_are_pinned_by_their_time(commands: Commands, s3: S3) -> None:
    (s3.folder / "m").mkdir()
    (s3.folder / "m" / "model.onnx").write_bytes(b"a")
    resolved = commands.resolve(f"s3://{s3.bucket}/m")
    assert commands.fetch(resolved["pinned"])["ok"]


def test_nothing_under_the_prefix(commands: Commands, s3: S3) -> None:
    report = commands.resolve(f"s3://{s3.bucket}/nothing")
    assert (report["reason"], report["permanent"]) == ("NotFound", True)
    assert f"s3://{s3.bucket}/nothing" in report["message"]
    report = commands.resolve("s3://no-such-bucket-at-all/x")
    assert report["reason"] == "NotFound"
    report = commands.resolve(f"s3://{s3.bucket}/nothing.onnx")
    assert report["reason"] == "NotFound"


def test_no_model_lists_what_is_there(commands: Commands, s3: S3) -> None:
    report = commands.resolve(lay(s3, {"README.md": b"#", "model.safetensors": b"x"}))
    assert (report["reason"], report["permanent"]) == ("NotAModel", True)
    assert "README.md, model.safetensors" in report["message"]


def test_wrong_credentials_name_the_secret(commands: Commands, s3: S3) -> None:
    uri = lay(s3, hugging_face())
    report = commands.resolve(uri, AWS_SECRET_ACCESS_KEY="not-the-secret")
    assert (report["reason"], report["permanent"]) == ("Forbidden", True)
    assert "secretRef" in report["message"]
    assert "AWS_SECRET_ACCESS_KEY" in report["message"]
    assert "not-the-secret" not in report["message"]


def test_half_of_the_credentials(commands: Commands, s3: S3) -> None:
    report = commands.resolve(f"s3://{s3.bucket}/x", AWS_ACCESS_KEY_ID="")
    assert report["reason"] == "InvalidURI"
    assert "go together" in report["message"]


def test_no_credentials_at_all(commands: Commands, s3: S3, web: WebServer) -> None:
    environ = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_METADATA_ENDPOINT": web.url}
    report = commands.resolve(lay(s3, hugging_face()), **environ)
    assert (report["reason"], report["permanent"]) == ("Forbidden", True)
    assert "no credentials are set" in report["message"]
    assert "AWS_SKIP_SIGNATURE=true" in report["message"]
    # Asked without any, this store, which knows no public buckets, refuses for itself.
    report = commands.resolve(f"s3://{s3.bucket}/models/a", **environ, AWS_SKIP_SIGNATURE="true")
    assert report["reason"] == "Forbidden"
    assert "no credentials" not in report["message"]


def test_plain_http_needs_consent(commands: Commands, s3: S3) -> None:
    report = commands.resolve(f"s3://{s3.bucket}/x", AWS_ALLOW_HTTP="")
    assert report["reason"] == "InvalidURI"
    assert "AWS_ALLOW_HTTP" in report["message"]


def test_an_endpoint_that_is_no_url(commands: Commands, s3: S3) -> None:
    report = commands.resolve(f"s3://{s3.bucket}/x", AWS_ENDPOINT_URL="s3.example.org")
    assert report["reason"] == "InvalidURI"
    assert "AWS_ENDPOINT_URL" in report["message"]


def test_a_store_that_is_not_there_is_worth_another_try(commands: Commands, s3: S3) -> None:
    report = commands.resolve(f"s3://{s3.bucket}/x", AWS_ENDPOINT_URL="http://127.0.0.1:1")
    assert (report["reason"], report["permanent"]) == ("StoreUnreachable", False)
    assert "Connection refused" in report["message"]


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


def test_an_object_that_changes_between_listing_and_reading(commands: Commands, s3: S3) -> None:
    uri = lay(s3, hugging_face())
    pinned = commands.resolve(uri)["pinned"]
    s3.put("models/a/onnx/model.onnx", b"WEIGHTS" * 1000)
    report = commands.fetch(pinned)
    assert (report["reason"], report["permanent"]) == ("SourceChanged", True)
    assert "changed since this revision was made" in report["message"]
    assert commands.files() == {}
    s3.delete("models/a/onnx/model.onnx")
    assert commands.fetch(pinned)["reason"] in {"NotAModel", "SourceChanged"}


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
