"""What every object store must do, on a real server of each; what is one's own stands in its own module."""

import pytest

from tests.server.fetch.conftest import Commands
from tests.server.fetch.emulators.bucket import Bucket, lay
from tests.server.fetch.models import hugging_face, needed


@pytest.fixture(params=["s3", "azure", "gcs"])
def bucket(request: pytest.FixtureRequest, commands: Commands) -> Bucket:
    found: Bucket = request.getfixturevalue(request.param)
    commands.environ |= found.environ
    return found


def test_a_prefix_is_resolved_and_fetched(commands: Commands, bucket: Bucket) -> None:
    files = hugging_face()
    uri = lay(bucket, files)
    lay(bucket, {"model.onnx": b"a neighbour"}, "models/ab")
    resolved = commands.resolve(uri + "/")
    assert resolved["pinned"].startswith(f"{uri}@manifest:"), resolved
    assert resolved["bytes"] == sum(map(len, needed(files).values()))
    assert resolved["task"] == "text-classification"
    assert resolved["digest"] is None
    fetched = commands.fetch(resolved["pinned"])
    assert commands.files() == needed(files)
    assert fetched["bytes"] == resolved["bytes"]
    assert fetched["digest"].startswith("sha256:")


def test_a_whole_bucket_and_a_single_object(commands: Commands, bucket: Bucket) -> None:
    bucket.put("net.onnx", b"net")
    bucket.put("net.onnx_data", b"data")
    for uri in (bucket.uri, f"{bucket.uri}/net.onnx"):
        resolved = commands.resolve(uri)
        assert resolved["bytes"] == 7, resolved
        assert resolved["task"] is None
        assert commands.fetch(resolved["pinned"])["ok"]
        assert commands.files() == {"net.onnx": b"net", "net.onnx_data": b"data"}


def test_the_pin_heeds_only_what_is_needed(commands: Commands, bucket: Bucket) -> None:
    uri = lay(bucket, hugging_face())
    first = commands.resolve(uri)["pinned"]
    bucket.put("models/a/README.md", b"other words")
    assert commands.resolve(uri)["pinned"] == first
    bucket.put("models/a/tokenizer.json", b'{"a": 1}')
    assert commands.resolve(uri)["pinned"] != first


def test_an_object_that_changes_after_it_was_pinned(commands: Commands, bucket: Bucket) -> None:
    uri = lay(bucket, hugging_face())
    pinned = commands.resolve(uri)["pinned"]
    bucket.put("models/a/onnx/model.onnx", b"WEIGHTS" * 1000)
    report = commands.fetch(pinned)
    assert (report["reason"], report["permanent"]) == ("SourceChanged", True)
    assert "changed since this revision was made" in report["message"]
    assert commands.files() == {}
    bucket.delete("models/a/onnx/model.onnx")
    assert commands.fetch(pinned)["reason"] in {"NotAModel", "SourceChanged"}


def test_nothing_there(commands: Commands, bucket: Bucket) -> None:
    report = commands.resolve(f"{bucket.uri}/nothing")
    assert (report["reason"], report["permanent"]) == ("NotFound", True)
    assert f"{bucket.uri}/nothing" in report["message"]
    assert commands.resolve(f"{bucket.uri}/nothing.onnx")["reason"] == "NotFound"


def test_no_model_lists_what_is_there(commands: Commands, bucket: Bucket) -> None:
    report = commands.resolve(lay(bucket, {"README.md": b"#", "model.safetensors": b"x"}))
    assert (report["reason"], report["permanent"]) == ("NotAModel", True)
    assert "README.md, model.safetensors" in report["message"]


def test_plain_http_needs_consent(commands: Commands, bucket: Bucket) -> None:
    report = commands.resolve(f"{bucket.uri}/x", **{bucket.CONSENT: ""})
    assert report["reason"] == "InvalidURI"
    assert bucket.CONSENT in report["message"]


def test_an_endpoint_that_is_no_url(commands: Commands, bucket: Bucket) -> None:
    report = commands.resolve(f"{bucket.uri}/x", **{bucket.ENDPOINT: "store.example.org"})
    assert report["reason"] == "InvalidURI"
    assert bucket.ENDPOINT in report["message"]


def test_a_store_that_is_not_there_is_worth_another_try(commands: Commands, bucket: Bucket) -> None:
    report = commands.resolve(f"{bucket.uri}/x", **{bucket.ENDPOINT: "http://127.0.0.1:1"})
    assert (report["reason"], report["permanent"]) == ("StoreUnreachable", False)
    assert "Connection refused" in report["message"]
