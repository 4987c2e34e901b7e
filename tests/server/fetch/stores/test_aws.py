"""What is S3's own, on versitygw."""

import pytest

from tests.server.fetch.conftest import Commands
from tests.server.fetch.emulators.bucket import lay
from tests.server.fetch.emulators.versitygw import S3
from tests.server.fetch.models import hugging_face
from tests.server.fetch.webserver import WebServer


@pytest.fixture
def commands(commands: Commands, s3: S3) -> Commands:
    commands.environ |= s3.environ
    return commands


def test_files_laid_straight_into_the_store_are_pinned_by_their_time(commands: Commands, s3: S3) -> None:
    (s3.folder / "m").mkdir()
    (s3.folder / "m" / "model.onnx").write_bytes(b"a")
    resolved = commands.resolve(f"{s3.uri}/m")
    assert commands.fetch(resolved["pinned"])["ok"]


def test_no_such_bucket(commands: Commands) -> None:
    assert commands.resolve("s3://no-such-bucket-at-all/x")["reason"] == "NotFound"


def test_wrong_credentials_name_the_secret(commands: Commands, s3: S3) -> None:
    uri = lay(s3, hugging_face())
    report = commands.resolve(uri, AWS_SECRET_ACCESS_KEY="not-the-secret")
    assert (report["reason"], report["permanent"]) == ("Forbidden", True)
    assert "secretRef" in report["message"]
    assert "AWS_SECRET_ACCESS_KEY" in report["message"]
    assert "not-the-secret" not in report["message"]


def test_half_of_the_credentials(commands: Commands, s3: S3) -> None:
    report = commands.resolve(f"{s3.uri}/x", AWS_ACCESS_KEY_ID="")
    assert report["reason"] == "InvalidURI"
    assert "go together" in report["message"]


def test_no_credentials_at_all(commands: Commands, s3: S3, web: WebServer) -> None:
    environ = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_METADATA_ENDPOINT": web.url}
    report = commands.resolve(lay(s3, hugging_face()), **environ)
    assert (report["reason"], report["permanent"]) == ("Forbidden", True)
    assert "no credentials are set" in report["message"]
    assert "AWS_SKIP_SIGNATURE=true" in report["message"]
    # Asked without any, this store, which knows no public buckets, refuses for itself.
    report = commands.resolve(f"{s3.uri}/models/a", **environ, AWS_SKIP_SIGNATURE="true")
    assert report["reason"] == "Forbidden"
    assert "no credentials" not in report["message"]
