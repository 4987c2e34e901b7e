import base64
import json

import pytest

from devcluster.config import Settings
from devcluster.credentials import Credentials, load_or_create
from devcluster.errors import DevclusterError
from devcluster.store import Target, parse_target, secret_manifest


def test_a_place_has_a_bucket_and_a_name() -> None:
    assert parse_target("s3://models/sentiment/v1/") == Target("models", "sentiment/v1")


@pytest.mark.parametrize("uri", ["s3://models", "s3://models/", "models/a", "gs://models/a", "/tmp/a"])
def test_anything_else_is_refused_with_the_form(uri: str) -> None:
    with pytest.raises(DevclusterError, match="write s3://BUCKET/NAME"):
        parse_target(uri)


def test_credentials_are_made_once_and_for_the_owner_alone(settings: Settings) -> None:
    first = load_or_create(settings)
    assert load_or_create(settings) == first
    (path,) = settings.state_dir.glob("*.json")
    assert path.stat().st_mode & 0o777 == 0o600


def test_the_secret_carries_what_s3_clients_read(settings: Settings) -> None:
    manifest = json.loads(secret_manifest(settings, Credentials("id", "key"), "s3", "demo"))
    assert manifest["metadata"] == {"name": "s3", "namespace": "demo"}
    values = {key: base64.b64decode(value).decode() for key, value in manifest["data"].items()}
    assert values["AWS_ACCESS_KEY_ID"] == "id"
    assert values["AWS_SECRET_ACCESS_KEY"] == "key"
    assert values["AWS_ENDPOINT_URL"] == "http://artifacts.modelyard-store.svc:7070"
    assert values["AWS_ALLOW_HTTP"] == "true"
