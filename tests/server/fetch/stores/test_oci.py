"""Artifacts of a real registry, put there by ORAS."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from modelyard_server.fetch.stores.oci import files, read_reference
from modelyard_server.fetch.uri import parse
from modelyard_server.report import SourceError
from tests.server.fetch.conftest import Commands
from tests.server.fetch.emulators.distribution import Registry, registry
from tests.server.fetch.models import hugging_face, needed
from tests.server.fetch.webserver import Page, Request, WebServer

OCI = "application/vnd.oci.image"
DIGEST = "sha256:" + "0" * 64


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    with registry(tmp_path_factory.mktemp("registry")) as found:
        yield found


@pytest.fixture
def commands(commands: Commands) -> Commands:
    commands.environ["OCI_ALLOW_HTTP"] = "true"
    return commands


@pytest.fixture
def repository(bucket_name: str) -> str:
    return f"models/{bucket_name}"


def lay(tmp_path: Path, content: Mapping[str, bytes]) -> Path:
    folder = tmp_path / "pushed"
    for name, text in content.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(text)
    return folder


def test_what_oras_pushed_is_resolved_and_fetched(
    commands: Commands, store: Registry, repository: str, tmp_path: Path
) -> None:
    content = hugging_face()
    digest = store.push(f"{repository}:1.4", lay(tmp_path, content), *content)
    resolved = commands.resolve(f"oci://{store.host}/{repository}:1.4")
    assert resolved["pinned"] == f"oci://{store.host}/{repository}@{digest}", resolved
    assert resolved["bytes"] == sum(map(len, needed(content).values()))
    assert resolved["task"] == "text-classification"
    fetched = commands.fetch(resolved["pinned"])
    assert commands.files() == needed(content)
    assert fetched["bytes"] == resolved["bytes"]


def test_a_tag_that_moves_makes_another_pin_and_leaves_the_old_one(
    commands: Commands, store: Registry, repository: str, tmp_path: Path
) -> None:
    uri = f"oci://{store.host}/{repository}"
    store.push(f"{repository}:latest", lay(tmp_path, {"model.onnx": b"old"}), "model.onnx")
    old = commands.resolve(uri)["pinned"]
    store.push(f"{repository}:latest", lay(tmp_path, {"model.onnx": b"newer"}), "model.onnx")
    new = commands.resolve(f"{uri}:latest")["pinned"]
    assert new != old
    assert commands.fetch(old)["ok"]
    assert commands.files() == {"model.onnx": b"old"}
    assert commands.fetch(new)["ok"]
    assert commands.files() == {"model.onnx": b"newer"}


def test_a_digest_is_taken_as_it_is_written(
    commands: Commands, store: Registry, repository: str, tmp_path: Path
) -> None:
    digest = store.push(f"{repository}:1", lay(tmp_path, {"model.onnx": b"net"}), "model.onnx")
    pinned = f"oci://{store.host}/{repository}@{digest}"
    assert commands.resolve(pinned)["pinned"] == pinned
    assert commands.resolve(f"oci://{store.host}/{repository}:any@{digest}")["pinned"] == pinned


def test_a_tag_that_looks_like_an_archive_is_none(
    commands: Commands, store: Registry, repository: str, tmp_path: Path
) -> None:
    store.push(f"{repository}:v1.zip", lay(tmp_path, {"model.onnx": b"net"}), "model.onnx")
    assert commands.fetch(commands.resolve(f"oci://{store.host}/{repository}:v1.zip")["pinned"])["ok"]
    assert commands.files() == {"model.onnx": b"net"}


@pytest.mark.parametrize("name", ["nothing:1", "nothing@" + DIGEST])
def test_nothing_there(commands: Commands, store: Registry, name: str) -> None:
    report = commands.resolve(f"oci://{store.host}/{name}")
    assert (report["reason"], report["permanent"]) == ("NotFound", True)
    assert store.host in report["message"]


def test_a_folder_that_was_pushed_whole(
    commands: Commands, store: Registry, repository: str, tmp_path: Path
) -> None:
    store.push(f"{repository}:1", lay(tmp_path, {"sentiment/model.onnx": b"net"}), "sentiment")
    layers = store.manifest(f"{repository}:1")["layers"]
    layers[0]["annotations"]["io.deis.oras.content.unpack"] = "true"
    store.put_manifest(f"{repository}:1", {**store.manifest(f"{repository}:1"), "layers": layers})
    report = commands.resolve(f"oci://{store.host}/{repository}:1")
    assert (report["reason"], report["permanent"]) == ("NotAModel", True)
    assert "packed folder 'sentiment'" in report["message"]
    assert "oras push" in report["message"]


def test_an_index(commands: Commands, store: Registry, repository: str) -> None:
    store.put_manifest(
        f"{repository}:1", {"schemaVersion": 2, "mediaType": f"{OCI}.index.v1+json", "manifests": []}
    )
    report = commands.resolve(f"oci://{store.host}/{repository}:1")
    assert (report["reason"], report["permanent"]) == ("NotAModel", True)
    assert "by its digest" in report["message"]


def layer(title: str = "", media_type: str = f"{OCI}.layer.v1.tar", **annotations: str) -> dict[str, Any]:
    named = {"org.opencontainers.image.title": title} if title else {}
    return {"mediaType": media_type, "digest": DIGEST, "size": 3, "annotations": {**named, **annotations}}


def test_files_by_either_name_and_layers_without_one() -> None:
    model_pack = layer(
        media_type="application/vnd.cncf.model.weight.v1.raw",
        **{"org.cncf.model.filepath": "onnx/model.onnx"},
    )
    found = files({"layers": [layer("config.json"), layer(), model_pack]}, "oci://host/a")
    assert [entry.path for entry in found] == ["config.json", "onnx/model.onnx"]
    assert {entry.sha256 for entry in found} == {"0" * 64}


@pytest.mark.parametrize(
    ("layers", "words"),
    [
        ([layer()], "is an image"),
        ([], "is an image"),
        ([layer("/etc/model.onnx")], "leads out of"),
        ([layer("a/../../model.onnx")], "leads out of"),
        ([layer("a", "application/vnd.cncf.model.weight.v1.tar+gzip")], "packed folder 'a'"),
    ],
)
def test_layers_that_are_no_files(layers: list[dict[str, Any]], words: str) -> None:
    with pytest.raises(SourceError, match=words) as refused:
        files({"layers": layers}, "oci://host/a")
    assert refused.value.reason == "NotAModel"


@pytest.mark.parametrize(
    ("uri", "repository", "version"),
    [
        ("oci://host/a", "a", "latest"),
        ("oci://host:5000/a/b-c/d__e:1.4-RC", "a/b-c/d__e", "1.4-RC"),
        (f"oci://host/a:1@{DIGEST}", "a", DIGEST),
    ],
)
def test_references(uri: str, repository: str, version: str) -> None:
    found = read_reference(parse(uri))
    assert (found.repository, found.version) == (repository, version)


def test_a_blob_that_lies_elsewhere_is_fetched_without_the_login(
    commands: Commands, web: WebServer, tmp_path: Path
) -> None:
    """As the registries of clouds do; and whoever answers there is not told who we are."""
    host = web.url.removeprefix("http://")
    body = json.dumps({"mediaType": f"{OCI}.manifest.v1+json", "layers": [layer("model.onnx")]}).encode()

    def answer(request: Request) -> Page:
        if "authorization" not in request.headers:
            return Page(status=401, headers={"WWW-Authenticate": 'Basic realm="r"'})
        if "/manifests/" in request.path:
            return Page(body)
        return Page(status=307, headers={"Location": f"{elsewhere}/blob"})

    web.answer = answer
    elsewhere = web.url.replace("127.0.0.1", "localhost")
    web.put("/blob", b"").status = 401
    web.pages["/blob"].headers = {"WWW-Authenticate": 'Basic realm="give it to me"'}
    login = {"OCI_USERNAME": "me", "OCI_PASSWORD": "s3cret-s3cret"}
    pinned = commands.resolve(f"oci://{host}/a", **login)["pinned"]
    report = commands.fetch(pinned, **login)
    assert report["reason"] == "Forbidden"
    elsewhere_asked = [request for request in web.requests if request.path == "/blob"]
    assert len(elsewhere_asked) == 1
    assert "authorization" not in elsewhere_asked[0].headers


def test_another_manifest_than_that_of_the_digest(commands: Commands, web: WebServer) -> None:
    web.answer = lambda _request: Page(b'{"layers": []}')
    report = commands.resolve(f"oci://{web.url.removeprefix('http://')}/a@{DIGEST}")
    assert "another manifest" in report["message"]


@pytest.mark.parametrize("text", [b"<html>", b"[]", b"{}", b'{"layers": 3}'])
def test_a_manifest_that_is_none(commands: Commands, web: WebServer, text: bytes) -> None:
    web.answer = lambda _request: Page(text)
    report = commands.resolve(f"oci://{web.url.removeprefix('http://')}/a")
    assert "manifest of oci://" in report["message"]
    assert "can't be read" in report["message"]


def test_a_manifest_without_end(commands: Commands, web: WebServer) -> None:
    web.answer = lambda _request: Page(b" " * (5 << 20))
    report = commands.resolve(f"oci://{web.url.removeprefix('http://')}/a")
    assert (report["reason"], report["permanent"]) == ("NotAModel", True)


def test_plain_http_needs_consent(commands: Commands, store: Registry) -> None:
    report = commands.resolve(f"oci://{store.host}/models/a:1", OCI_ALLOW_HTTP="")
    assert report["reason"] == "StoreUnreachable"
    assert f"https://{store.host}" in report["message"]
