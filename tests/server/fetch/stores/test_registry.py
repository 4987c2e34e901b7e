import pytest

from tests.server.fetch.conftest import Commands


@pytest.mark.parametrize(
    ("uri", "words"),
    [
        ("ftp://host/model", ["ftp:", "hf:, s3:, https:, pvc:, file:"]),
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
        "https:///model.onnx",
        "hf://org",
        "hf://org/",
        "hf://org/repo@manifest:" + "0" * 64,
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
