import pytest

from tests.server.fetch.conftest import Commands
from tests.server.fetch.hub import Hub
from tests.server.fetch.models import hugging_face, needed
from tests.server.fetch.webserver import Page, WebServer

REPOSITORY = "org/model"


@pytest.fixture
def hub(web: WebServer, commands: Commands) -> Hub:
    hub = Hub(web)
    web.answer = hub.answer
    commands.environ |= {"HF_ENDPOINT": web.url, "HF_TOKEN": "hf_secret_token"}
    return hub


def test_a_repository_is_pinned_by_its_commit(commands: Commands, hub: Hub) -> None:
    files = hugging_face()
    commit = hub.push(REPOSITORY, files)
    resolved = commands.resolve(f"hf://{REPOSITORY}")
    assert resolved["pinned"] == f"hf://{REPOSITORY}@{commit}"
    assert resolved["bytes"] == sum(map(len, needed(files).values()))
    assert resolved["task"] == "text-classification"
    assert commands.fetch(resolved["pinned"])["ok"]
    assert commands.files() == needed(files)


def test_a_later_push_does_not_matter(commands: Commands, hub: Hub) -> None:
    files = hugging_face()
    hub.push(REPOSITORY, files)
    pinned = commands.resolve(f"hf://{REPOSITORY}")["pinned"]
    hub.push(REPOSITORY, {**files, "onnx/model.onnx": b"other"})
    assert commands.fetch(pinned)["ok"]
    assert commands.files() == needed(files)
    assert commands.resolve(f"hf://{REPOSITORY}")["pinned"] != pinned


@pytest.mark.parametrize("revision", ["v1", "refs/pr/3"])
def test_a_revision_and_a_folder(commands: Commands, hub: Hub, revision: str) -> None:
    hub.push(REPOSITORY, {"model.onnx": b"main"})
    commit = hub.push(REPOSITORY, {"nets/a/model.onnx": b"net", "model.onnx": b"root"}, branch=revision)
    resolved = commands.resolve(f"hf://{REPOSITORY}@{revision}/nets/a")
    assert resolved["pinned"] == f"hf://{REPOSITORY}@{commit}/nets/a"
    assert commands.fetch(resolved["pinned"])["ok"]
    assert commands.files() == {"model.onnx": b"net"}


def test_the_token_is_sent_to_the_hub(commands: Commands, hub: Hub) -> None:
    hub.push(REPOSITORY, {"model.onnx": b"net"})
    assert commands.fetch(commands.resolve(f"hf://{REPOSITORY}")["pinned"])["ok"]
    assert {request.headers.get("authorization") for request in hub.web.requests} == {
        "Bearer hf_secret_token"
    }


def test_missing_refused_gated(commands: Commands, hub: Hub) -> None:
    report = commands.resolve("hf://org/nothing")
    assert (report["reason"], report["permanent"]) == ("NotFound", True)
    assert "org/nothing" in report["message"]
    assert "HF_TOKEN" in report["message"]

    hub.push(REPOSITORY, {"model.onnx": b"net"})
    report = commands.resolve(f"hf://{REPOSITORY}@nosuch")
    assert report["reason"] == "NotFound"
    assert "'nosuch'" in report["message"]
    report = commands.resolve(f"hf://{REPOSITORY}/nosuch")
    assert report["reason"] == "NotFound"

    hub.gated.add(REPOSITORY)
    report = commands.resolve(f"hf://{REPOSITORY}")
    assert (report["reason"], report["permanent"]) == ("Forbidden", True)
    assert "secretRef" in report["message"]


def test_an_invalid_token(commands: Commands, hub: Hub) -> None:
    hub.web.answer = lambda _request: Page(b"{}", status=403)
    report = commands.resolve(f"hf://{REPOSITORY}")
    assert report["reason"] == "Forbidden"
    assert "hf_secret_token" not in report["message"]


def test_a_cut_download_goes_on_where_it_was(commands: Commands, hub: Hub) -> None:
    weights = bytes(range(256)) * 4000
    hub.push(REPOSITORY, {"model.onnx": weights})
    pinned = commands.resolve(f"hf://{REPOSITORY}")["pinned"]
    cuts = [300_000, 200_000]
    answer = hub.answer

    def cutting(request: object) -> Page | None:
        page = answer(request)  # type: ignore[arg-type]
        if page is not None and page.etag == '"of-the-cdn"':
            page.cuts = cuts
        return page

    hub.web.answer = cutting
    assert commands.fetch(pinned, MODELYARD_FETCH_RETRY_SECONDS="30")["ok"]
    assert commands.files() == {"model.onnx": weights}
    ranges = [
        request.headers.get("range") for request in hub.web.requests if request.path.startswith("/cdn/")
    ]
    assert len(ranges) == 3
    assert ranges[0] is None


def test_damaged_bytes_are_not_served(commands: Commands, hub: Hub) -> None:
    hub.push(REPOSITORY, {"model.onnx": b"weights" * 1000})
    pinned = commands.resolve(f"hf://{REPOSITORY}")["pinned"]
    answer = hub.answer

    def damaging(request: object) -> Page | None:
        page = answer(request)  # type: ignore[arg-type]
        if page is not None and page.etag == '"of-the-cdn"':
            page.content = page.content[:-1] + b"!"
        return page

    hub.web.answer = damaging
    report = commands.fetch(pinned)
    assert (report["reason"], report["permanent"]) == ("StoreUnreachable", False)
    assert "damaged" in report["message"]
    assert commands.files() == {}


def test_a_hub_with_a_fault(commands: Commands, hub: Hub) -> None:
    hub.web.answer = lambda _request: Page(b"oops" * 300_000, status=502)
    report = commands.resolve(f"hf://{REPOSITORY}")
    assert (report["reason"], report["permanent"]) == ("StoreUnreachable", False)
    assert len(report["message"]) < 600
    report = commands.resolve(f"hf://{REPOSITORY}", HF_ENDPOINT="http://127.0.0.1:1")
    assert (report["reason"], report["permanent"]) == ("StoreUnreachable", False)
