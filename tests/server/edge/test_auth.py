"""Who is admitted, over HTTP: before a body is read, before the model is asked."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.server.conftest import Client, Launch, Serve, eventually
from tests.server.edge.collector import collecting
from tests.server.edge.issuer import issuing

KEY = "k" * 8 + "-0123456789abcdef"
BODY = {"text": ["good film"]}


def edge(**sections: Any) -> str:
    return json.dumps(sections)


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    directory = tmp_path / "keys"
    directory.mkdir()
    (directory / "shop").write_text(KEY)
    return directory


async def ask(client: Client, **headers: str) -> httpx.Response:
    return await client.predict(
        BODY, headers={name.replace("_", "-"): value for name, value in headers.items()}
    )


async def test_a_key_admits_in_its_header_or_as_bearer(serve: Serve, sentiment: Path, keys: Path) -> None:
    async with serve(sentiment, edge=edge(auth={"apiKeys": {}}), api_keys_dir=keys) as client:
        assert (await ask(client, X_API_Key=KEY)).status_code == 200
        assert (await ask(client, Authorization=f"Bearer {KEY}")).status_code == 200
        assert (await ask(client, authorization=f"bearer  {KEY}")).status_code == 200

        refused = await ask(client)
        assert refused.status_code == 401
        assert refused.headers["www-authenticate"] == 'Bearer realm="modelyard"'
        assert refused.headers["content-type"] == "application/problem+json"
        assert refused.headers["x-request-id"]
        assert "x-api-key" in refused.json()["detail"]
        for headers in ({"X_API_Key": "wrong"}, {"Authorization": "Bearer wrong"}, {"X_API_Key": ""}):
            refused = await ask(client, **headers)
            assert refused.status_code == 401
            assert "wrong" not in refused.text


async def test_the_headers_name_is_chosen(serve: Serve, sentiment: Path, keys: Path) -> None:
    settings = edge(auth={"apiKeys": {"header": "X-Shop-Key"}})
    async with serve(sentiment, edge=settings, api_keys_dir=keys) as client:
        assert (await ask(client, X_Shop_Key=KEY)).status_code == 200
        assert (await ask(client, X_API_Key=KEY)).status_code == 401


async def test_keys_change_while_the_pod_runs(serve: Serve, sentiment: Path, keys: Path) -> None:
    async with serve(sentiment, edge=edge(auth={"apiKeys": {}}), api_keys_dir=keys) as client:
        assert (await ask(client, X_API_Key=KEY)).status_code == 200
        (keys / "shop").unlink()
        (keys / "app").write_text("a-new-key-0123456789abcdef")
        gate = client.service.edge.gate
        assert gate is not None
        await eventually(lambda: "app" in gate.clients, "the new key is read")

        assert (await ask(client, X_API_Key="a-new-key-0123456789abcdef")).status_code == 200
        assert (await ask(client, X_API_Key=KEY)).status_code == 401


async def test_without_any_key_nobody_passes(serve: Serve, sentiment: Path, tmp_path: Path) -> None:
    settings = edge(auth={"apiKeys": {}})
    async with serve(sentiment, edge=settings, api_keys_dir=tmp_path / "absent") as client:
        assert (await ask(client, X_API_Key="anything")).status_code == 401


async def test_what_is_no_prediction_stays_open(serve: Serve, sentiment: Path, keys: Path) -> None:
    async with serve(sentiment, edge=edge(auth={"apiKeys": {}}), api_keys_dir=keys) as client:
        for path in ("/health", "/ready", "/metrics", "/docs", "/openapi.json", "/v2/models/sentiment"):
            assert (await client.get(path)).status_code == 200


async def test_nothing_is_done_for_who_is_refused(serve: Serve, sentiment: Path, keys: Path) -> None:
    async with serve(sentiment, edge=edge(auth={"apiKeys": {}}), api_keys_dir=keys) as client:
        messages: list[Any] = []

        async def receive() -> Any:
            raise AssertionError("the body was asked for")

        async def send(message: Any) -> None:
            messages.append(message)

        scope = {
            "type": "http",
            "method": "POST",
            "path": "/predict",
            "headers": [(b"content-length", b"5")],
            "query_string": b"",
            "client": ("127.0.0.1", 1),
        }
        app = client._transport.app  # type: ignore[attr-defined]
        await app(scope, receive, send)

        assert messages[0]["status"] == 401


@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "EdDSA"])
async def test_a_token_of_the_issuer_admits(serve: Serve, sentiment: Path, algorithm: str) -> None:
    with issuing(algorithm) as issuer:
        settings = edge(auth={"jwt": {"issuer": issuer.url, "audiences": ["other", "models"]}})
        async with serve(sentiment, edge=settings) as client:
            for _ in range(3):
                answered = await ask(client, Authorization=f"Bearer {issuer.token()}")
                assert answered.status_code == 200, answered.text

        assert issuer.fetched("/jwks") == 1


async def test_either_kind_admits(serve: Serve, sentiment: Path, keys: Path) -> None:
    with issuing() as issuer:
        settings = edge(auth={"apiKeys": {}, "jwt": {"issuer": issuer.url, "jwksUri": f"{issuer.url}/jwks"}})
        async with serve(sentiment, edge=settings, api_keys_dir=keys) as client:
            assert (await ask(client, X_API_Key=KEY)).status_code == 200
            assert (await ask(client, Authorization=f"Bearer {issuer.token(aud=None)}")).status_code == 200
            refused = await ask(client)

    assert refused.status_code == 401
    assert "token" in refused.json()["detail"]
    assert "API key" in refused.json()["detail"]
    assert issuer.fetched("/.well-known/openid-configuration") == 0


async def test_each_identity_has_its_own_rate(serve: Serve, sentiment: Path, keys: Path) -> None:
    (keys / "app").write_text("another-key-0123456789")
    settings = edge(auth={"apiKeys": {}}, rateLimit={"requestsPerSecond": 0.001, "burst": 2})
    async with serve(sentiment, edge=settings, api_keys_dir=keys) as client:
        codes = [(await ask(client, X_API_Key=KEY)).status_code for _ in range(3)]
        refused = await ask(client, X_API_Key=KEY)
        other = await ask(client, X_API_Key="another-key-0123456789")

    assert codes == [200, 200, 429]
    assert int(refused.headers["retry-after"]) >= 1
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.json()["status"] == 429
    assert other.status_code == 200


async def test_without_auth_the_rate_is_the_connections_address(serve: Serve, sentiment: Path) -> None:
    settings = edge(rateLimit={"requestsPerSecond": 0.001, "burst": 1})
    async with serve(sentiment, edge=settings) as client:
        assert (await ask(client)).status_code == 200
        # A header that names another address does not make another client.
        assert (await ask(client, X_Forwarded_For="10.1.2.3")).status_code == 429


def test_over_the_wire(sentiment: Path, keys: Path, launch: Launch) -> None:
    """The short way of the protocol asks the same gate."""
    server = launch(
        sentiment,
        MODELYARD_EDGE=edge(auth={"apiKeys": {}}, rateLimit={"requestsPerSecond": 0.001, "burst": 2}),
        MODELYARD_API_KEYS_DIR=str(keys),
    )
    url = f"{server.url}/predict"
    with httpx.Client() as client:
        assert client.post(url, json=BODY).status_code == 401
        for code in (200, 200, 429):
            answered = client.post(url, json=BODY, headers={"X-API-Key": KEY, "X-Request-Id": "mine"})
            assert answered.status_code == code
            assert answered.headers["x-request-id"] == "mine"
    server.terminate()
    server.wait()

    assert KEY not in server.logged


def test_credentials_are_told_to_nobody(sentiment: Path, keys: Path, launch: Launch) -> None:
    """Not in answers, records, metrics, spans or logs, whether they admit or not."""
    with issuing() as issuer, collecting() as collector:
        token, forged = issuer.token(), issuer.token(aud="somebody-else")
        server = launch(
            sentiment,
            MODELYARD_EDGE=edge(
                auth={"apiKeys": {}, "jwt": {"issuer": issuer.url, "audiences": ["models"]}},
                log={"sink": "stdout"},
            ),
            MODELYARD_API_KEYS_DIR=str(keys),
            OTEL_EXPORTER_OTLP_ENDPOINT=collector.url,
        )
        wrong = "w" * 30
        said = []
        for path, body in (("/predict", BODY), ("/v1/models/sentiment:predict", {"instances": ["good"]})):
            for credentials, code in (
                ({"X-API-Key": KEY}, 200),
                ({"Authorization": f"Bearer {token}"}, 200),
                ({"X-API-Key": wrong}, 401),
                ({"Authorization": f"Bearer {wrong}"}, 401),
                ({"Authorization": f"Bearer {token}x"}, 401),
                ({"Authorization": f"Bearer {forged}"}, 403),
            ):
                answered = httpx.post(f"{server.url}{path}", json=body, headers=credentials)
                assert answered.status_code == code
                said.append(answered.text + str(answered.headers))
        said.append(httpx.get(f"{server.url}/metrics").text)
        server.terminate()
        server.wait()

    spans = b"".join(body for _, _, body in collector.posts).decode("latin-1")
    assert "/v1/predict" in spans
    assert '"identity":"key:shop"' in server.logged
    for text in (*said, spans, server.logged):
        for secret in (KEY, wrong, token, forged, token.rpartition(".")[2]):
            assert secret not in text


def test_settings_that_cannot_be_used_end_the_start(sentiment: Path, launch: Launch) -> None:
    server = launch(sentiment, ready=False, MODELYARD_EDGE='{"rateLimit": {}}')

    assert server.wait() == 1
    assert "rateLimit.requestsPerSecond" in server.termination_log.read_text()
