from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.certificates import self_signed
from tests.server.fetch.conftest import Commands
from tests.server.fetch.models import hugging_face, needed
from tests.server.fetch.test_archive import packed
from tests.server.fetch.webserver import Page, WebServer, serving


def lay(web: WebServer, files: dict[str, bytes], folder: str = "/m") -> str:
    for name, content in files.items():
        web.put(f"{folder}/{name}", content)
    return web.url + folder


def test_one_file_with_its_external_data(commands: Commands, web: WebServer) -> None:
    files = {"net%20a.onnx": b"net", "net%20a.onnx_data": b"one", "net%20a.onnx_data_1": b"two"}
    lay(web, files)
    resolved = commands.resolve(f"{web.url}/m/net%20a.onnx")
    assert (resolved["bytes"], resolved["task"]) == (9, None)
    assert commands.fetch(resolved["pinned"])["ok"]
    assert commands.files() == {name.replace("%20", " "): content for name, content in files.items()}


def test_a_signed_url_keeps_its_query_and_shows_it_nowhere(
    commands: Commands, web: WebServer, capsys: pytest.CaptureFixture[str]
) -> None:
    web.answer = lambda request: Page(b"net") if request.query == "X-Signature=top%2Fsecret" else None
    resolved = commands.resolve(f"{web.url}/net.onnx?X-Signature=top%2Fsecret")
    assert commands.fetch(resolved["pinned"])["ok"]
    web.answer = lambda _request: Page(b"expired", status=403)
    report = commands.resolve(f"{web.url}/net.onnx?X-Signature=top%2Fsecret")
    assert report["reason"] == "Forbidden"
    assert "top%2Fsecret" not in report["message"]
    logged = capsys.readouterr().out
    assert logged
    assert "top%2Fsecret" not in logged


def test_a_folder_is_probed(commands: Commands, web: WebServer) -> None:
    files = hugging_face()
    uri = lay(web, files)
    resolved = commands.resolve(uri)
    assert resolved["task"] == "text-classification"
    assert commands.fetch(resolved["pinned"])["ok"]
    assert commands.files() == needed(files)


def test_a_folder_with_a_description(commands: Commands, web: WebServer) -> None:
    files = {"modelyard.json": b'{"task": "tensor", "file": "nets/best.onnx"}', "nets/best.onnx": b"best"}
    resolved = commands.resolve(lay(web, files))
    assert resolved["task"] == "tensor"
    assert commands.fetch(resolved["pinned"])["ok"]
    assert commands.files() == files


def test_a_named_variant_of_a_folder(commands: Commands, web: WebServer) -> None:
    uri = lay(web, {**hugging_face(), "onnx/model_q8.onnx": b"q8"})
    resolved = commands.resolve(uri, MODELYARD_MODEL_VARIANT="q8")
    assert commands.fetch(resolved["pinned"], MODELYARD_MODEL_VARIANT="q8")["ok"]
    assert commands.files()["onnx/model_q8.onnx"] == b"q8"
    assert "onnx/model.onnx" not in commands.files()


def test_a_page_for_everything_is_no_model(commands: Commands, web: WebServer) -> None:
    web.answer = lambda _request: Page(b"<html>", content_type="text/html; charset=utf-8")
    report = commands.resolve(f"{web.url}/app")
    assert (report["reason"], report["permanent"]) == ("NotFound", True)


@pytest.mark.parametrize("name", ["model.tar.gz", "model.zip"])
def test_an_archive(commands: Commands, web: WebServer, tmp_path: Path, name: str) -> None:
    files = hugging_face()
    web.put(f"/{name}", packed(tmp_path / name, files).read_bytes())
    resolved = commands.resolve(f"{web.url}/{name}")
    fetched = commands.fetch(resolved["pinned"])
    assert commands.files() == needed(files)
    assert fetched["bytes"] == sum(map(len, needed(files).values()))


def test_missing_and_refused(commands: Commands, web: WebServer) -> None:
    report = commands.resolve(f"{web.url}/net.onnx")
    assert (report["reason"], report["permanent"]) == ("NotFound", True)
    assert f"{web.url}/net.onnx" in report["message"]
    web.answer = lambda _request: Page(b"no", status=403)
    for path in ("net.onnx", "folder"):
        report = commands.resolve(f"{web.url}/{path}")
        assert (report["reason"], report["permanent"]) == ("Forbidden", True)
        assert "secretRef" in report["message"]


def test_a_token_goes_to_its_own_host_alone(commands: Commands, web: WebServer) -> None:
    with serving() as other:
        other.put("/real.onnx", b"net")
        page = web.put("/net.onnx", b"")
        page.status, page.token, page.headers = 302, "t0ken-t0ken", {"Location": f"{other.url}/real.onnx"}
        report = commands.resolve(f"{web.url}/net.onnx", HTTP_BEARER_TOKEN="t0ken-t0ken")
        assert report["ok"], report
        assert all("authorization" not in request.headers for request in other.requests)
        assert other.requests


@pytest.mark.parametrize("tag", ["strong", "weak", "date", "none"])
def test_whatever_tells_a_change_pins(commands: Commands, web: WebServer, tag: str) -> None:
    def put(content: bytes, version: int) -> None:
        page = web.put("/net.onnx", content)
        if tag == "weak":
            page.etag = f'W/"{version}"'
        elif tag in {"date", "none"}:
            page.etag = ""
        if tag == "date":
            page.modified = f"Mon, 0{version} Jun 2026 10:00:00 GMT"

    put(b"old", 1)
    pinned = commands.resolve(f"{web.url}/net.onnx")["pinned"]
    assert commands.resolve(f"{web.url}/net.onnx")["pinned"] == pinned
    put(b"new", 2)
    assert commands.fetch(pinned)["reason"] == "SourceChanged"
    put(b"old", 1)
    assert commands.fetch(pinned)["ok"]
    assert commands.files() == {"net.onnx": b"old"}


@pytest.mark.parametrize("weak", [False, True])
def test_a_change_in_the_middle_does_not_slip_through(commands: Commands, web: WebServer, weak: bool) -> None:
    web.put("/net.onnx", b"old" * 100).etag = 'W/"1"' if weak else None
    pinned = commands.resolve(f"{web.url}/net.onnx")["pinned"]
    seen = len(web.requests)

    def swap(_request: object) -> None:
        # The probes of the new listing pass, then another file stands there.
        if len(web.requests) == 2 * seen + 1:
            web.put("/net.onnx", b"new" * 100).etag = 'W/"2"' if weak else None

    web.before = swap
    assert commands.fetch(pinned)["reason"] == "SourceChanged"


def test_a_server_without_ranges(commands: Commands, web: WebServer) -> None:
    page = web.put("/net.onnx", b"net")
    page.ranges = False
    assert commands.resolve(f"{web.url}/net.onnx")["bytes"] == 3


def test_compressed_answers_are_refused(commands: Commands, web: WebServer) -> None:
    page = web.put("/net.onnx", b"net")
    pinned = commands.resolve(f"{web.url}/net.onnx")["pinned"]
    page.headers = {"Content-Encoding": "gzip"}
    assert "Content-Encoding" in commands.fetch(pinned)["message"]


def test_an_empty_file(commands: Commands, web: WebServer) -> None:
    web.put("/net.onnx", b"")
    pinned = commands.resolve(f"{web.url}/net.onnx")["pinned"]
    assert commands.fetch(pinned)["ok"]


def test_redirects_without_end(commands: Commands, web: WebServer) -> None:
    page = web.put("/net.onnx", b"")
    page.status, page.headers = 302, {"Location": "/net.onnx"}
    report = commands.resolve(f"{web.url}/net.onnx")
    assert report["reason"] == "NotFound"
    assert "redirects" in report["message"]


def test_a_server_that_is_down(commands: Commands) -> None:
    report = commands.resolve("http://127.0.0.1:1/net.onnx")
    assert (report["reason"], report["permanent"]) == ("StoreUnreachable", False)


@pytest.fixture
def tls(tmp_path: Path) -> Iterator[tuple[WebServer, Path]]:
    files = self_signed(tmp_path)
    with serving((files.certificate, files.key)) as web:
        yield web, files.authority


def test_certificates_are_checked(
    commands: Commands, tls: tuple[WebServer, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    web, certificate = tls
    web.put("/net.onnx", b"net")
    report = commands.resolve(f"{web.url}/net.onnx", MODELYARD_ALLOW_HTTP="")
    assert report["reason"] == "StoreUnreachable"
    assert "certificate" in report["message"].lower()
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    pinned = commands.resolve(f"{web.url}/net.onnx", MODELYARD_ALLOW_HTTP="")["pinned"]
    assert commands.fetch(pinned, MODELYARD_ALLOW_HTTP="")["ok"]


def test_a_redirect_to_plain_http_is_refused(
    commands: Commands, tls: tuple[WebServer, Path], web: WebServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    secure, certificate = tls
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    web.put("/net.onnx", b"net")
    page = secure.put("/net.onnx", b"")
    page.status, page.headers = 302, {"Location": f"{web.url}/net.onnx"}
    report = commands.resolve(f"{secure.url}/net.onnx", MODELYARD_ALLOW_HTTP="")
    assert report["reason"] == "Forbidden"
    assert "plain http" in report["message"]
    assert web.requests == []
