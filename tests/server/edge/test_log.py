"""The request log, from requests to each sink."""

import gzip
import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.server.conftest import Launch, Serve, eventually
from tests.server.edge.collector import collecting

SERVED = {"namespace": "default", "model": "sentiment", "revision": "r1"}
TRACE = "0af7651916cd43dd8448eb211c80319c"


def log(**settings: Any) -> str:
    return json.dumps({"log": settings})


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


async def test_a_record_says_what_was_asked_and_answered(
    serve: Serve, sentiment: Path, tmp_path: Path
) -> None:
    path = tmp_path / "requests.log"
    async with serve(sentiment, edge=log(sink="file", path=str(path))) as client:
        answered = await client.predict(
            {"text": ["good"]},
            headers={"X-Request-Id": "mine", "traceparent": f"00-{TRACE}-b7ad6b7169203331-01"},
        )
        await client.predict({"text": "good"})
        await eventually(lambda: len(lines(path)) == 2, "both records are written")

    first, second = lines(path)
    assert first.pop("time").endswith("+00:00")
    assert 0 < first.pop("seconds") < 30
    assert first == {
        "requestId": "mine",
        "traceId": TRACE,
        "route": "/predict",
        "status": 200,
        **SERVED,
        "items": 1,
        "cached": 0,
        "inputs": {"text": ["good"]},
        "predictions": answered.json()["predictions"],
    }
    assert second["status"] == 422
    assert second["error"]["detail"][0]["type"] == "list_type"
    assert "predictions" not in second


async def test_who_asked_is_noted_and_their_key_is_not(serve: Serve, sentiment: Path, tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    keys.mkdir()
    (keys / "shop").write_text("a-long-secret-key-0123")
    path = tmp_path / "requests.log"
    sections = {"rateLimit": {"requestsPerSecond": 0.001, "burst": 1}, "auth": {"apiKeys": {}}}
    edge = json.dumps({**sections, "log": {"sink": "file", "path": str(path)}})
    async with serve(sentiment, edge=edge, api_keys_dir=keys) as client:
        for key in ("a-long-secret-key-0123", "a-wrong-secret-key-0123", "a-long-secret-key-0123"):
            await client.predict({"text": ["good"]}, headers={"X-API-Key": key})

    known, unknown, too_often = lines(path)
    assert (too_often["status"], too_often["identity"]) == (429, "key:shop")
    assert known["identity"] == "key:shop"
    assert (unknown["status"], "identity" in unknown) == (401, False)
    assert "secret" not in path.read_text()


async def test_what_is_redacted_reaches_no_sink(serve: Serve, sentiment: Path, tmp_path: Path) -> None:
    path = tmp_path / "requests.log"
    edge = log(sink="file", path=str(path), redact=["text", "/film/"])
    async with serve(sentiment, edge=edge) as client:
        for route, content, _ in PROTOCOLS:
            assert (await client.post(route, json=content)).status_code == 200
        await client.predict({"text": "good film"})

    assert len(lines(path)) == 5
    assert "film" not in path.read_text()


TENSOR = {"name": "text", "shape": [1], "datatype": "BYTES", "data": ["good film"]}
PROTOCOLS = [
    ("/predict", {"text": ["good film"]}, "/predict"),
    ("/v2/models/sentiment/infer", {"inputs": [TENSOR]}, "/v2/infer"),
    ("/v1/models/sentiment:predict", {"instances": ["good film"]}, "/v1/predict"),
    ("/invocations", {"inputs": "good film"}, "/invocations"),
]


@pytest.mark.parametrize(("path", "content", "route"), PROTOCOLS)
async def test_every_protocol_is_noted(
    serve: Serve, sentiment: Path, tmp_path: Path, path: str, content: Any, route: str
) -> None:
    kept = tmp_path / "requests.log"
    headers = {"X-Request-Id": "mine", "traceparent": f"00-{TRACE}-b7ad6b7169203331-01"}
    packed = {**headers, "Content-Type": "application/json", "Content-Encoding": "gzip"}
    async with serve(sentiment, edge=log(sink="file", path=str(kept))) as client:
        plain = await client.post(path, json=content, headers=headers)
        await client.post(path, content=gzip.compress(json.dumps(content).encode()), headers=packed)
        refused = await client.post(path, json=[{}], headers=headers)

    assert all(TRACE in answer.headers["traceresponse"] for answer in (plain, refused))
    assert {answer.headers["x-request-id"] for answer in (plain, refused)} == {"mine"}
    first, second, third = lines(kept)
    for each in (first, second):
        assert (each["route"], each["inputs"], each["items"]) == (route, content, 1)
        predictions = plain.json()
        if isinstance(predictions, dict) and predictions.keys() == {"predictions"}:
            predictions = predictions["predictions"]
        assert each["predictions"] == predictions
    assert third["status"] == refused.status_code
    assert third["error"] == refused.json()


@pytest.mark.parametrize(("sampling", "noted"), [(0.0, 0), (1.0, 20)])
async def test_sampling(serve: Serve, sentiment: Path, tmp_path: Path, sampling: float, noted: int) -> None:
    path = tmp_path / "requests.log"
    async with serve(sentiment, edge=log(sink="file", path=str(path), sampling=sampling)) as client:
        for _ in range(20):
            await client.predict({"text": ["good"]})

    assert len(lines(path)) == noted


async def test_what_is_no_prediction_is_not_noted(serve: Serve, sentiment: Path, tmp_path: Path) -> None:
    path = tmp_path / "requests.log"
    async with serve(sentiment, edge=log(sink="file", path=str(path))) as client:
        for probe in ("/health", "/ready", "/metrics"):
            await client.get(probe)

    assert lines(path) == []


async def test_a_log_that_cannot_be_written_costs_no_request(
    serve: Serve, sentiment: Path, tmp_path: Path
) -> None:
    async with serve(sentiment, edge=log(sink="file", path=str(tmp_path / "absent" / "log"))) as client:
        for _ in range(3):
            assert (await client.predict({"text": ["good"]})).status_code == 200

        def lost() -> float | None:
            labels = {"model_name": "sentiment", "revision": "r1", "variant": "default", "result": "failed"}
            return client.service.metrics.registry.get_sample_value("modelyard_log_records_total", labels)

        await eventually(lambda: lost() == 3, "the records are counted as lost")


def test_on_standard_output_over_the_wire(sentiment: Path, launch: Launch) -> None:
    server = launch(sentiment, MODELYARD_EDGE=log(sink="stdout"))
    with httpx.Client() as client:
        for _ in range(5):
            assert client.post(f"{server.url}/predict", json={"text": ["good"]}).status_code == 200
    server.terminate()
    server.wait()

    records = [json.loads(line) for line in server.logged.splitlines()]
    records = [record for record in records if record["event"] == "request"]
    assert [record["inputs"] for record in records] == [{"text": ["good"]}] * 5


async def test_an_http_sink_that_hangs_costs_no_request(serve: Serve, sentiment: Path) -> None:
    with collecting() as collector:
        collector.hold.clear()
        async with serve(sentiment, edge=log(sink="http", url=collector.url)) as client:
            for _ in range(50):
                assert (await client.predict({"text": ["good"]})).status_code == 200
            collector.hold.set()

    noted = [each for _, _, body in collector.posts for each in json.loads(body)]
    assert len({each["id"] for each in noted}) == 50
