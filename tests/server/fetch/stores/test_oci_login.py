"""Registries that ask who somebody is, by a password of theirs or by a token of another service."""

import base64
import datetime
import json
import ssl
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs

import jwt
import pytest

from modelyard_server.fetch.stores.oci_login import find_login
from tests.certificates import self_signed
from tests.server.fetch.conftest import Commands
from tests.server.fetch.emulators.distribution import (
    PASSWORD,
    USERNAME,
    Registry,
    docker_config,
    registry,
    registry_with_passwords,
)
from tests.server.fetch.webserver import Page, Request, WebServer

LOGIN = {"OCI_USERNAME": USERNAME, "OCI_PASSWORD": PASSWORD}
BASIC = "Basic " + base64.b64encode(f"{USERNAME}:{PASSWORD}".encode()).decode()


@pytest.fixture
def commands(commands: Commands) -> Commands:
    commands.environ["OCI_ALLOW_HTTP"] = "true"
    return commands


@pytest.fixture
def private(tmp_path: Path) -> Iterator[Registry]:
    with registry_with_passwords(tmp_path) as found:
        (tmp_path / "pushed").mkdir()
        (tmp_path / "pushed" / "model.onnx").write_bytes(b"net")
        found.push("models/a:1", tmp_path / "pushed", "model.onnx")
        yield found


def test_a_password(commands: Commands, private: Registry) -> None:
    uri = f"oci://{private.host}/models/a:1"
    resolved = commands.resolve(uri, **LOGIN)
    assert commands.fetch(resolved["pinned"], **LOGIN)["ok"]
    assert commands.files() == {"model.onnx": b"net"}
    for address in (private.host, f"https://{private.host}/v1/"):
        assert commands.resolve(uri, **{".dockerconfigjson": docker_config(address)})["ok"]


def test_who_is_not_let_in(commands: Commands, private: Registry) -> None:
    uri = f"oci://{private.host}/models/a:1"
    for login in (
        {},
        LOGIN | {"OCI_PASSWORD": "wrong-wrong"},
        {".dockerconfigjson": docker_config("registry.example.org")},
    ):
        report = commands.resolve(uri, **login)
        assert (report["reason"], report["permanent"]) == ("Forbidden", True)
        assert "OCI_USERNAME and OCI_PASSWORD, or .dockerconfigjson" in report["message"]
        assert "wrong-wrong" not in report["message"]


def test_of_several_logins_the_one_with_the_longest_path() -> None:
    logins = {
        "registry.example.org": "anybody",
        "registry.example.org/team/a": "a",
        "https://registry.example.org/team/b/v2/": "b",
        "registry.example.org/team/a-b": "another",
    }
    config = {"auths": {address: {"username": name, "password": "x"} for address, name in logins.items()}}

    def chosen(repository: str, host: str = "registry.example.org") -> str | None:
        found = find_login({".dockerconfigjson": json.dumps(config)}, host, repository)
        return found and found.username

    assert chosen("team/a") == chosen("team/a/sentiment") == "a"
    assert chosen("team/b/sentiment") == "b"
    assert chosen("team/abc") == "anybody"
    assert chosen("team/a", host="registry.example.org.attacker.example") is None


@pytest.mark.parametrize(
    ("login", "words"),
    [
        ({"OCI_USERNAME": "me"}, "both OCI_USERNAME and OCI_PASSWORD"),
        ({".dockerconfigjson": "s3cret-s3cret"}, "docker-registry"),
        ({".dockerconfigjson": "[]"}, "docker-registry"),
        ({".dockerconfigjson": '{"auths": {"host": {"auth": "s3cret-s3cret"}}}'}, "docker-registry"),
        ({".dockerconfigjson": '{"auths": {"host": {"username": "s3cret-s3cret"}}}'}, "docker-registry"),
    ],
)
def test_a_secret_that_cannot_be_read(commands: Commands, login: dict[str, str], words: str) -> None:
    report = commands.resolve("oci://host/models/a:1", **login)
    assert (report["reason"], report["permanent"]) == ("InvalidURI", True)
    assert words in report["message"]
    assert "s3cret-s3cret" not in report["message"]


@pytest.fixture
def guarded(web: WebServer, tmp_path: Path) -> Iterator[Registry]:
    """A registry that takes tokens alone; `web` gives them, to one user."""
    files = self_signed(tmp_path)
    certificate = ssl.PEM_cert_to_DER_cert(files.certificate.read_text())

    def give(request: Request) -> Page:
        wanted = parse_qs(request.query)
        if request.path != "/token" or request.headers.get("authorization") != BASIC:
            return Page(b"who are you", status=401)
        kind, name, actions = wanted["scope"][0].split(":")
        now = datetime.datetime.now(datetime.UTC)
        token = jwt.encode(
            {
                "iss": "test",
                "sub": USERNAME,
                "aud": wanted["service"][0],
                "nbf": now - datetime.timedelta(seconds=10),
                "exp": now + datetime.timedelta(minutes=5),
                "access": [{"type": kind, "name": name, "actions": actions.split(",")}],
            },
            files.key.read_bytes(),
            algorithm="ES256",
            headers={"x5c": [base64.b64encode(certificate).decode()]},
        )
        return Page(json.dumps({"token": token}).encode())

    web.answer = give
    asks = {
        "realm": f"{web.url}/token",
        "service": "registry",
        "issuer": "test",
        "rootcertbundle": str(files.authority),
    }
    with registry(tmp_path, {"token": asks}) as found:
        yield found


def test_a_token(commands: Commands, guarded: Registry, web: WebServer) -> None:
    uri = f"oci://{guarded.host}/models/a:1"
    report = commands.resolve(uri, **LOGIN)
    # Let in, it finds nothing.
    assert (report["reason"], report["permanent"]) == ("NotFound", True)
    assert parse_qs(web.requests[0].query)["scope"] == ["repository:models/a:pull"]
    report = commands.resolve(uri)
    assert (report["reason"], report["permanent"]) == ("Forbidden", True)


def test_a_token_service_that_is_broken(commands: Commands, guarded: Registry, web: WebServer) -> None:
    web.answer = lambda _request: Page(b"sorry", status=500)
    assert commands.resolve(f"oci://{guarded.host}/models/a:1", **LOGIN)["reason"] == "StoreUnreachable"
    web.answer = lambda _request: Page(b'{"key": "x"}')
    assert "gives no token" in commands.resolve(f"oci://{guarded.host}/models/a:1", **LOGIN)["message"]
