"""What is Google Cloud Storage's own, against a server that answers as it would: the emulator lets all in."""

import json
from urllib.parse import urlsplit

import pytest

from tests.server.fetch.conftest import Commands
from tests.server.fetch.webserver import Page, Request, WebServer

KEY = "GOOGLE_SERVICE_ACCOUNT_KEY"


@pytest.fixture
def fake(commands: Commands, web: WebServer) -> WebServer:
    """A store that answers what a test needs: the emulator lets everybody in."""
    commands.environ |= {"GOOGLE_BASE_URL": web.url, "GOOGLE_ALLOW_HTTP": "true"}
    return web


def test_no_such_bucket(commands: Commands, fake: WebServer) -> None:
    # The emulator answers 500 here, and the service 404.
    missing = (
        b"<Error><Code>NoSuchBucket</Code><Message>The specified bucket does not exist.</Message></Error>"
    )
    fake.answer = lambda _request: Page(missing, status=404)
    report = commands.resolve("gs://no-such-bucket-at-all/x", GOOGLE_SKIP_SIGNATURE="true")
    assert (report["reason"], report["permanent"]) == ("NotFound", True)
    assert "gs://no-such-bucket-at-all/x (NoSuchBucket: The specified bucket does not" in report["message"]
    assert "spec.model.uri" in report["message"]


def test_no_permission_names_role_and_key(commands: Commands, fake: WebServer) -> None:
    refused = b"<Error><Code>AccessDenied</Code><Message>Access denied.</Message></Error>"
    fake.answer = lambda _request: Page(refused, status=403)
    report = commands.resolve("gs://bucket/m", GOOGLE_SKIP_SIGNATURE="true")
    assert (report["reason"], report["permanent"]) == ("Forbidden", True)
    for words in ("AccessDenied: Access denied.", KEY, "secretRef", "roles/storage.objectViewer"):
        assert words in report["message"]


@pytest.fixture
def metadata(monkeypatch: pytest.MonkeyPatch, fake: WebServer) -> WebServer:
    """The metadata server of a node, where Google's SDKs look for it too."""
    host = urlsplit(fake.url).netloc
    monkeypatch.setenv("GCE_METADATA_HOST", host)
    monkeypatch.setenv("GCE_METADATA_IP", host)
    return fake


def test_workload_identity(commands: Commands, metadata: WebServer) -> None:
    listing = (
        b'<?xml version="1.0" encoding="UTF-8"?><ListBucketResult><Contents><Key>m/model.onnx</Key>'
        b'<LastModified>2026-06-01T10:00:00.000Z</LastModified><ETag>"1"</ETag><Size>3</Size></Contents>'
        b"</ListBucketResult>"
    )

    def answer(request: Request) -> Page | None:
        if request.path == "/computeMetadata/v1/instance/service-accounts/default/token":
            assert request.headers["metadata-flavor"] == "Google"
            token = b'{"access_token": "of-the-pod", "expires_in": 3600, "token_type": "Bearer"}'
            return Page(token, headers={"Metadata-Flavor": "Google"})
        if request.headers.get("authorization") != "Bearer of-the-pod":
            return Page(status=401)
        if "list-type=2" in request.query:
            return Page(listing)
        return Page(b"net", etag='"1"', modified="Mon, 01 Jun 2026 10:00:00 GMT")

    metadata.answer = answer
    resolved = commands.resolve("gs://models/m")
    assert resolved["ok"], resolved
    assert commands.fetch(resolved["pinned"])["ok"]
    assert commands.files() == {"model.onnx": b"net"}


def test_no_credentials_at_all(commands: Commands, metadata: WebServer) -> None:
    report = commands.resolve("gs://models/m")
    assert (report["reason"], report["permanent"]) == ("Forbidden", True)
    for words in ("no credentials are set", KEY, "GOOGLE_SKIP_SIGNATURE=true"):
        assert words in report["message"]


def test_a_metadata_server_that_comes_up_late(commands: Commands, metadata: WebServer) -> None:
    metadata.answer = lambda _request: Page(status=503)
    report = commands.resolve("gs://models/m")
    assert (report["reason"], report["permanent"]) == ("StoreUnreachable", False)
    for words in ("metadata service does not answer", KEY, "secretRef"):
        assert words in report["message"]


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("{", "no JSON key"),
        ('"text"', "no JSON key"),
        ('{"type": "external_account"}', "workload identity"),
        ('{"type": "service_account"}', "can't be used"),
    ],
)
def test_a_key_that_is_none(commands: Commands, fake: WebServer, key: str, words: str) -> None:
    report = commands.resolve("gs://bucket/m", **{KEY: key})
    assert (report["reason"], report["permanent"]) == ("InvalidURI", True)
    assert words in report["message"]


def test_the_file_of_a_key(commands: Commands, fake: WebServer) -> None:
    name = "GOOGLE_APPLICATION_CREDENTIALS"
    missing = commands.resolve("gs://bucket/m", **{name: "/no/such/file"})
    assert missing["reason"] == "InvalidURI"
    assert name in missing["message"]
    assert KEY in missing["message"]
    key = json.dumps({"type": "service_account", "private_key": "hidden-key"})
    taken = commands.resolve("gs://bucket/m", **{name: key})
    assert "is the path of a file" in taken["message"]
    assert "hidden-key" not in taken["message"]
