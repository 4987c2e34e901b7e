"""Predictions of texts: what is asked, what is answered, and what the model's manifest changes."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.server.conftest import Client, Serve
from tests.server.models import text_model

TEXTS = ["Welcome to the project!", "You are awesome", "what a boring film"]


async def test_labels_by_falling_score_in_the_order_of_the_texts(client: Client) -> None:
    response = await client.predict({"text": TEXTS})

    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    assert response.headers["x-modelyard-model"] == "sentiment"
    assert response.headers["x-modelyard-revision"] == "r1"
    assert response.headers["x-modelyard-cached"] == "0"
    assert "x-modelyard-truncated" not in response.headers
    predictions = response.json()["predictions"]
    assert [entry[0]["label"] for entry in predictions] == ["POSITIVE", "POSITIVE", "NEGATIVE"]
    for entry in predictions:
        assert [label["score"] for label in entry] == sorted(
            (label["score"] for label in entry), reverse=True
        )
        assert sum(label["score"] for label in entry) == pytest.approx(1, abs=1e-5)


async def test_top_k_cuts_the_labels(client: Client) -> None:
    response = await client.post("/predict?top_k=1", json={"text": TEXTS})

    assert [len(entry) for entry in response.json()["predictions"]] == [1, 1, 1]


async def test_truncation_is_said_in_a_header(client: Client) -> None:
    response = await client.predict({"text": ["good", "bad " * 100, "film"]})

    assert response.headers["x-modelyard-truncated"] == "1"


async def test_many_truncations_fit_in_a_header(client: Client) -> None:
    response = await client.predict({"text": ["bad " * 100] * 150})

    listed = response.headers["x-modelyard-truncated"].split(",")
    assert listed == [*map(str, range(100)), "+50"]


async def test_a_body_in_chunks_is_put_together(client: Client) -> None:
    async def chunks() -> Any:
        for part in (b'{"text":', b' ["good"', b"]}"):
            yield part

    response = await client.post("/predict", content=chunks())

    assert response.json()["predictions"][0][0]["label"] == "POSITIVE"


async def test_equal_texts_run_once(client: Client) -> None:
    rows: list[int] = []
    engine = client.service.model.engine
    run = engine.run

    def counting(feeds: Any) -> Any:
        rows.append(len(feeds["input_ids"]))
        return run(feeds)

    engine.run = counting  # type: ignore[method-assign]
    response = await client.predict({"text": ["good", "bad", "good", "good"]})

    assert rows == [2]
    first, other, second, third = response.json()["predictions"]
    assert first == second == third != other
    assert (
        'modelyard_items_total{model_name="sentiment",revision="r1",variant="default"} 4.0'
        in await scrape(client)
    )


async def test_multi_label(serve: Serve, tmp_path: Path) -> None:
    text_model(tmp_path, ["toxic", "kind", "long"], problem_type="multi_label_classification")
    async with serve(tmp_path) as client:
        [entry] = (await client.predict({"text": ["awesome film"]})).json()["predictions"]

    assert {label["label"] for label in entry} == {"toxic", "kind", "long"}
    assert sum(label["score"] for label in entry) != pytest.approx(1, abs=0.01)


async def test_threshold_and_top_k_of_the_manifest(serve: Serve, tmp_path: Path) -> None:
    text_model(tmp_path, ["toxic", "kind", "long"], problem_type="multi_label_classification")
    (tmp_path / "modelyard.json").write_text(json.dumps({"threshold": 0.6, "topK": 2}))
    async with serve(tmp_path) as client:
        [entry] = (await client.predict({"text": ["awesome film"]})).json()["predictions"]

    assert [label["label"] for label in entry] == ["kind"]


async def test_only_predictions_count_as_traffic(client: Client) -> None:
    for path in ("/health", "/ready", "/metrics", "/v2/health/live", "/docs"):
        assert (await client.get(path)).status_code == 200
    await client.predict({"text": ["good"]})
    await client.predict({"text": "good"})

    lines = [
        line for line in (await scrape(client)).splitlines() if line.startswith("modelyard_requests_total")
    ]
    rest = 'model_name="sentiment",revision="r1",route="/predict",variant="default"'
    assert sorted(lines) == [f'modelyard_requests_total{{code="{code}",{rest}}} 1.0' for code in (200, 422)]


async def scrape(client: Client) -> str:
    return (await client.get("/metrics")).text
