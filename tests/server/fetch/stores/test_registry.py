from pathlib import Path

import pytest

from modelyard_server.fetch.stores.base import Store, StoreContext
from modelyard_server.fetch.stores.registry import STORES, open_store
from modelyard_server.fetch.uri import parse
from tests.server.fetch.conftest import Commands


@pytest.mark.parametrize("scheme", list(STORES))
def test_every_store_opens(scheme: str, tmp_path: Path) -> None:
    uri = "file:///models/a" if scheme == "file" else f"{scheme}://name/models/a"
    environ = {"AZURE_STORAGE_ACCOUNT_NAME": "account"}
    store: Store = open_store(parse(uri), StoreContext(environ=environ, variant="auto", pvc_mount=tmp_path))
    assert callable(store.entries)


@pytest.mark.parametrize(
    ("uri", "words"),
    [
        ("ftp://host/model", ["ftp:", "hf:, s3:, gs:, az:, https:, oci:, pvc:, file:"]),
        ("http://host/model.onnx", ["http:", "https:"]),
    ],
)
def test_an_unknown_scheme_names_the_known_ones(commands: Commands, uri: str, words: list[str]) -> None:
    report = commands.resolve(uri, MODELYARD_ALLOW_HTTP="false")
    assert report["reason"] == "UnknownScheme"
    assert report["permanent"]
    for word in words:
        assert word in report["message"]


@pytest.mark.parametrize(
    "uri",
    [
        "s3:///prefix",
        "gs:///prefix",
        "az:///prefix",
        "https:///model.onnx",
        "hf://org",
        "hf://org/",
        "hf://org/repo@manifest:" + "0" * 64,
        "oci:///models/a",
        "oci://host",
        "oci://host/Models/a",
        "oci://host/models/a:not a tag",
        "pvc:///path",
        "file://host/path",
        "file:/",
        "file:/models/a.zip",
        "pvc://claim/a/%2e%2e/b",
    ],
)
def test_each_store_refuses_what_it_cannot_read(commands: Commands, uri: str) -> None:
    report = commands.resolve(uri)
    assert report["reason"] == "InvalidURI", report
    assert report["permanent"]
