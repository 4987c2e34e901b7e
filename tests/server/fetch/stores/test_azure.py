"""What is Azure's own, on Azurite, and against a server that plays the identity service."""

import pytest

from tests.server.fetch.conftest import Commands
from tests.server.fetch.emulators.azurite import ACCOUNT, Azure
from tests.server.fetch.emulators.bucket import lay
from tests.server.fetch.models import hugging_face
from tests.server.fetch.webserver import Page, Request, WebServer

HOST = f"{ACCOUNT}.blob.core.windows.net"
NO_KEY = {"AZURE_STORAGE_ACCOUNT_KEY": ""}


@pytest.fixture
def commands(commands: Commands, azure: Azure) -> Commands:
    commands.environ |= azure.environ
    return commands


@pytest.fixture
def fake(commands: Commands, web: WebServer) -> WebServer:
    """A store and an identity service that answer what a test needs; there is no emulator of the latter."""
    commands.environ |= NO_KEY | {"AZURE_STORAGE_ENDPOINT": web.url}
    return web


def test_a_shared_access_signature_is_enough(commands: Commands, azure: Azure) -> None:
    uri = lay(azure, hugging_face())
    token = azure.sas()
    # The identity of the pod, which the webhook sets, does not go before what the Secret holds.
    identity = {
        "AZURE_CLIENT_ID": "c",
        "AZURE_TENANT_ID": "t",
        "AZURE_FEDERATED_TOKEN_FILE": "/nowhere",
        "AZURE_AUTHORITY_HOST": "http://127.0.0.1:1/",
    }
    resolved = commands.resolve(uri, **NO_KEY, **identity, AZURE_STORAGE_SAS_TOKEN=token)
    assert resolved["ok"], resolved
    assert commands.fetch(resolved["pinned"], **NO_KEY, AZURE_STORAGE_SAS_TOKEN=token)["ok"]
    wrong = token.replace("sig=", "sig=AA")
    report = commands.resolve(uri, **NO_KEY, AZURE_STORAGE_SAS_TOKEN=wrong)
    assert report["reason"] == "Forbidden"
    assert "sig" not in report["message"].partition("Put ")[0].replace("signature", "")


def test_no_such_container_is_said_by_name(commands: Commands) -> None:
    report = commands.resolve("az://no-such-container/x")
    assert (report["reason"], report["permanent"]) == ("NotFound", True)
    assert "ContainerNotFound: The specified container does not exist." in report["message"]
    assert "RequestId" not in report["message"]
    assert "spec.model.uri" in report["message"]


def test_a_wrong_key_names_what_to_give(commands: Commands, azure: Azure) -> None:
    uri = lay(azure, hugging_face())
    report = commands.resolve(uri, AZURE_STORAGE_ACCOUNT_KEY="bm90LXRoZS1rZXk=")
    assert (report["reason"], report["permanent"]) == ("Forbidden", True)
    for words in ("secretRef", "AZURE_STORAGE_ACCOUNT_KEY", "the role Storage Blob Data Reader"):
        assert words in report["message"]
    assert "bm90LXRoZS1rZXk=" not in report["message"]


def test_no_account_named(commands: Commands, azure: Azure) -> None:
    report = commands.resolve(f"{azure.uri}/m", AZURE_STORAGE_ACCOUNT_NAME="")
    assert (report["reason"], report["permanent"]) == ("InvalidURI", True)
    assert f"spec.model.uri as az://ACCOUNT.blob.core.windows.net/{azure.container}/m" in report["message"]
    assert "AZURE_STORAGE_ACCOUNT_NAME" in report["message"]


def test_the_account_by_the_name_that_the_cli_of_azure_gives_it(commands: Commands, azure: Azure) -> None:
    uri = lay(azure, hugging_face())
    key = commands.environ["AZURE_STORAGE_ACCOUNT_KEY"]
    commands.environ |= {"AZURE_STORAGE_ACCOUNT_NAME": "", "AZURE_STORAGE_ACCOUNT_KEY": ""}
    assert commands.resolve(uri, AZURE_STORAGE_ACCOUNT=ACCOUNT, AZURE_STORAGE_KEY=key)["ok"]


def test_two_accounts_named(commands: Commands) -> None:
    report = commands.resolve("az://another.blob.core.windows.net/container/m")
    assert report["reason"] == "InvalidURI"
    assert "another" in report["message"]
    assert ACCOUNT in report["message"]


@pytest.mark.parametrize(
    ("uri", "words"),
    [
        (f"az://{HOST}", "names no container"),
        ("az://account.example.org/container/m", "no host of a storage account"),
    ],
)
def test_a_uri_that_names_too_little(commands: Commands, uri: str, words: str) -> None:
    report = commands.resolve(uri, AZURE_STORAGE_ACCOUNT_NAME="")
    assert report["reason"] == "InvalidURI"
    assert words in report["message"]


def test_a_key_that_is_none(commands: Commands, azure: Azure) -> None:
    report = commands.resolve(f"{azure.uri}/x", AZURE_STORAGE_ACCOUNT_KEY="!")
    assert (report["reason"], report["permanent"]) == ("InvalidURI", True)


def identity(web: WebServer, token_file: str) -> dict[str, str]:
    """What the webhook of Azure's workload identity puts into a container."""
    return {
        "AZURE_CLIENT_ID": "client",
        "AZURE_TENANT_ID": "tenant",
        "AZURE_FEDERATED_TOKEN_FILE": token_file,
        "AZURE_AUTHORITY_HOST": web.url + "/",
    }


def test_workload_identity(commands: Commands, fake: WebServer) -> None:
    listing = (
        b'<?xml version="1.0" encoding="utf-8"?><EnumerationResults><Blobs><Blob><Name>m/model.onnx</Name>'
        b"<Properties><Last-Modified>Mon, 01 Jun 2026 10:00:00 GMT</Last-Modified><Etag>0x1</Etag>"
        b"<Content-Length>3</Content-Length><Content-Type>application/octet-stream</Content-Type>"
        b"<BlobType>BlockBlob</BlobType></Properties></Blob></Blobs><NextMarker/></EnumerationResults>"
    )

    def answer(request: Request) -> Page | None:
        if request.path == "/tenant/oauth2/v2.0/token":
            return Page(b'{"access_token": "of-the-pod", "expires_in": 3600}')
        if request.headers.get("authorization") != "Bearer of-the-pod":
            return Page(b"<Error><Code>NoAuth</Code><Message>No.</Message></Error>", status=403)
        if "comp=list" in request.query:
            return Page(listing)
        modified = "Mon, 01 Jun 2026 10:00:00 GMT"
        return Page(b"net", etag='"0x1"', modified=modified, headers={"x-ms-version": "2021-12-02"})

    fake.answer = answer
    token = commands.home / "token"
    token.write_text("jwt-of-the-service-account")
    resolved = commands.resolve("az://models/m", **identity(fake, str(token)))
    assert resolved["ok"], resolved
    assert commands.fetch(resolved["pinned"], **identity(fake, str(token)))["ok"]
    assert commands.files() == {"model.onnx": b"net"}


def test_an_identity_that_azure_does_not_know(commands: Commands, fake: WebServer) -> None:
    refusal = (
        b'{"error": "invalid_client", "error_description": "AADSTS700213: No matching federated identity"}'
    )
    fake.answer = lambda _request: Page(refusal, status=401)
    token = commands.home / "token"
    token.write_text("jwt-of-the-service-account")
    report = commands.resolve("az://models/m", **identity(fake, str(token)))
    assert (report["reason"], report["permanent"]) == ("Forbidden", True)
    assert "the identity got no token: AADSTS700213: No matching federated identity" in report["message"]
    assert "Storage Blob Data Reader" in report["message"]
    assert "jwt-of-the-service-account" not in report["message"]


def test_an_identity_service_that_is_not_there(commands: Commands, fake: WebServer) -> None:
    token = commands.home / "token"
    token.write_text("jwt-of-the-service-account")
    environ = identity(fake, str(token)) | {"AZURE_AUTHORITY_HOST": "http://127.0.0.1:1/"}
    report = commands.resolve("az://models/m", **environ)
    assert (report["reason"], report["permanent"]) == ("StoreUnreachable", False)
    assert "identity its token for az://models/m can't be reached" in report["message"]
    assert "Connection refused" in report["message"]


def test_a_token_file_that_is_not_there(commands: Commands, fake: WebServer) -> None:
    report = commands.resolve("az://models/m", **identity(fake, "/no/such/token"))
    assert report["reason"] == "InvalidURI"
    assert "AZURE_FEDERATED_TOKEN_FILE" in report["message"]


def test_no_credentials_at_all(commands: Commands, fake: WebServer) -> None:
    fake.answer = lambda _request: Page(b'{"error": "invalid_request"}', status=400)
    report = commands.resolve(
        "az://models/m", AZURE_MSI_ENDPOINT=f"{fake.url}/metadata/identity/oauth2/token"
    )
    assert (report["reason"], report["permanent"]) == ("Forbidden", True)
    assert "no credentials are set" in report["message"]
    assert "AZURE_SKIP_SIGNATURE=true" in report["message"]
