import asyncio
import json
import threading
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from modelyard_server.engines.base import EngineError
from tests.server.conftest import Client, Serve, eventually
from tests.server.models import linear_model, text_model

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


@pytest.mark.parametrize(
    ("body", "loc", "says"),
    [
        (b"text=hello", ["body"], "not JSON"),
        (b"\xff\xfe", ["body"], "not JSON"),
        (b"", ["body"], "not JSON"),
        (b'["a"]', ["body"], "must be an object"),
        (b"{}", ["body", "text"], "missing"),
        (b'{"text": "one"}', ["body", "text"], "must be a list, also for one string"),
        (b'{"text": {"a": 1}}', ["body", "text"], "must be a list of strings"),
        (b'{"text": []}', ["body", "text"], "the list is empty"),
        (b'{"text": ["a", ""]}', ["body", "text", 1], "the text is empty"),
        (b'{"text": ["a", "b", "c", 4]}', ["body", "text", 3], "must be a string, not a number"),
        (b'{"text": ["a", null]}', ["body", "text", 1], "must be a string, not null"),
        (b'{"text": ["a"], "top_k": 1}', ["body", "top_k"], "?top_k="),
        (b'{"text": ["a"], "texts": []}', ["body", "texts"], "no such field"),
        (b'{"text": ["\\ud800"]}', ["body"], "not JSON"),
    ],
)
async def test_a_wrong_body_is_told_where_and_how_to_mend_it(
    client: Client, body: bytes, loc: list[Any], says: str
) -> None:
    response = await client.post("/predict", content=body)

    assert response.status_code == 422
    [detail] = response.json()["detail"]
    assert detail["loc"] == loc
    assert says in detail["msg"]
    assert detail["type"]


@pytest.mark.parametrize(
    "query", ["top_k=0", "top_k=-1", "top_k=x", "top_k=1.5", "top_k=" + "9" * 5000, "k=1"]
)
async def test_a_wrong_parameter(client: Client, query: str) -> None:
    response = await client.post(f"/predict?{query}", json={"text": ["a"]})

    assert response.status_code == 422
    assert response.json()["detail"][0]["loc"][0] == "query"


async def test_ten_thousand_texts_are_too_many(client: Client) -> None:
    response = await client.predict({"text": ["a"] * 10_000})

    assert response.status_code == 422
    assert "10,000 texts are too many: send at most 1,000" in response.json()["detail"][0]["msg"]


async def test_a_text_of_5_mb_is_too_long(client: Client) -> None:
    response = await client.predict({"text": ["good", "x" * 5_000_000]})

    assert response.status_code == 422
    assert response.json()["detail"][0]["loc"] == ["body", "text", 1]
    assert "5,000,000 bytes" in response.json()["detail"][0]["msg"]


async def test_long_texts_are_measured_in_bytes(serve: Serve, sentiment: Path) -> None:
    async with serve(sentiment, max_item_bytes=100) as client:
        assert (await client.predict({"text": ["ä" * 50]})).status_code == 200
        assert (await client.predict({"text": ["ä" * 51]})).status_code == 422


async def test_a_body_over_the_limit_is_not_parsed(client: Client) -> None:
    response = await client.predict({"text": ["x" * 9_000_000]})

    assert response.status_code == 413
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["connection"] == "close"
    assert response.json()["status"] == 413
    assert "8,388,608 bytes" in response.json()["detail"]


async def test_a_body_in_chunks_is_put_together(client: Client) -> None:
    async def chunks() -> Any:
        for part in (b'{"text":', b' ["good"', b"]}"):
            yield part

    response = await client.post("/predict", content=chunks())

    assert response.json()["predictions"][0][0]["label"] == "POSITIVE"


async def test_get_says_to_post(client: Client) -> None:
    response = await client.get("/predict")

    assert response.status_code == 405
    assert response.headers["allow"] == "POST"


async def test_before_the_model_is_up_there_is_a_503(serve: Serve, sentiment: Path) -> None:
    async with serve(sentiment, start=False) as client:
        response = await client.predict({"text": ["good"]})

        assert response.status_code == 503
        assert response.headers["retry-after"] == "1"
        assert response.headers["content-type"] == "application/problem+json"


async def test_a_full_queue_is_a_503_with_a_time_to_come_back(serve: Serve, sentiment: Path) -> None:
    async with serve(sentiment, max_queue=3) as client:
        gate = Gate(client)
        first = asyncio.create_task(client.predict({"text": ["good"]}))
        await eventually(lambda: gate.entered, "the first request runs")
        second = asyncio.create_task(client.predict({"text": ["good film", "bad film"]}))
        await eventually(lambda: client.service.plane.batcher.waiting == 2, "the second request waits")

        refused = await client.predict({"text": ["a", "the"]})
        gate.open()

        assert refused.status_code == 503
        assert int(refused.headers["retry-after"]) >= 1
        assert "2 items wait" in refused.json()["detail"]
        assert (await first).status_code == (await second).status_code == 200


async def test_a_model_that_fails_answers_500_and_the_next_request_is_served(client: Client) -> None:
    model = client.service.model
    engine_run = model.engine.run

    def fail(feeds: Any) -> Any:
        raise EngineError("out of luck")

    model.engine.run = fail  # type: ignore[method-assign]
    failed = await client.predict({"text": ["good"]})
    model.engine.run = engine_run  # type: ignore[method-assign]

    assert failed.status_code == 500
    assert failed.headers["content-type"] == "application/problem+json"
    assert "out of luck" in failed.json()["detail"]
    assert (await client.predict({"text": ["good"]})).status_code == 200


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
    assert 'modelyard_items_total{model_name="sentiment",revision="r1"} 4.0' in await scrape(client)


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


async def test_tensors_by_name_and_by_instance(serve: Serve, linear: Path) -> None:
    rows = [[1, 2, 3, 4], [0.5, 0, 0, -1]]
    expected = np.array(rows) @ (np.arange(12).reshape(4, 3) / 10)
    async with serve(linear) as client:
        by_name = (await client.predict({"inputs": {"x": rows}})).json()["predictions"]
        by_instance = (await client.predict({"instances": rows})).json()["predictions"]
        by_object = (await client.predict({"instances": [{"x": row} for row in rows]})).json()["predictions"]

    assert by_name == by_instance == by_object
    np.testing.assert_allclose([entry["scores"] for entry in by_name], expected, rtol=1e-5)
    assert [entry["best"] for entry in by_name] == expected.argmax(axis=1).tolist()


@pytest.mark.parametrize(
    ("content", "loc", "says"),
    [
        ({"inputs": {"x": [[1, 2, 3]]}}, ["body", "inputs", "x"], "takes ['any', 4]"),
        ({"inputs": {"y": [[1, 2, 3, 4]]}}, ["body", "inputs", "x"], "missing"),
        ({"inputs": {"x": [[1, 2, 3, 4]], "y": 1}}, ["body", "inputs", "y"], "no such input"),
        ({"inputs": {"x": [[1, 2, 3, "4"]]}}, ["body", "inputs", "x"], "numbers only"),
        ({"inputs": {"x": [[1, 2, 3, None]]}}, ["body", "inputs", "x"], "numbers only"),
        ({"inputs": {"x": [[1, 2], [1, 2, 3, 4]]}}, ["body", "inputs", "x"], "same length"),
        ({"inputs": {"x": []}}, ["body", "inputs", "x"], "empty"),
        ({"inputs": {"x": [[1, 2, 3, 1e300]]}}, ["body", "inputs", "x"], "too large for float32"),
        ({"inputs": [[1, 2, 3, 4]]}, ["body", "inputs"], "must be an object by input name"),
        ({"instances": []}, ["body", "instances"], "not an empty one"),
        ({"instances": [[1, 2, 3, 4], [1, 2]]}, ["body", "instances", 1], "takes [4]"),
        ({"instances": [[1, 2, 3, 4]] * 1001}, ["body", "instances"], "too many"),
        ({"rows": [[1, 2, 3, 4]]}, ["body", "rows"], "no such field"),
        ([[1, 2, 3, 4]], ["body"], "must be an object"),
    ],
)
async def test_wrong_tensors(serve: Serve, linear: Path, content: Any, loc: list[Any], says: str) -> None:
    async with serve(linear) as client:
        response = await client.predict(content)

    assert response.status_code == 422
    assert response.json()["detail"][0]["loc"] == loc
    assert says in response.json()["detail"][0]["msg"]


async def test_a_model_of_one_row_serves_many(serve: Serve, tmp_path: Path) -> None:
    async with serve(linear_model(tmp_path, batch=1)) as client:
        response = await client.predict({"instances": [[1, 2, 3, 4], [4, 3, 2, 1]]})

    assert len(response.json()["predictions"]) == 2


async def test_a_model_without_batch_dimension_runs_whole(serve: Serve, tmp_path: Path) -> None:
    async with serve(linear_model(tmp_path, batch=None)) as client:
        whole = await client.predict({"inputs": {"x": [1, 2, 3, 4]}})
        several = await client.predict({"instances": [[1, 2, 3, 4], [4, 3, 2, 1]]})

    assert len(whole.json()["predictions"]) == 1
    assert len(several.json()["predictions"]) == 2
    assert whole.json()["predictions"][0] == several.json()["predictions"][0]


async def test_only_predictions_count_as_traffic(client: Client) -> None:
    for path in ("/health", "/ready", "/metrics", "/v2/health/live", "/docs"):
        assert (await client.get(path)).status_code == 200
    await client.predict({"text": ["good"]})
    await client.predict({"text": "good"})

    lines = [
        line for line in (await scrape(client)).splitlines() if line.startswith("modelyard_requests_total")
    ]
    assert sorted(lines) == [
        'modelyard_requests_total{code="200",model_name="sentiment",revision="r1",route="/predict"} 1.0',
        'modelyard_requests_total{code="422",model_name="sentiment",revision="r1",route="/predict"} 1.0',
    ]


class Gate:
    """Holds the engine until it is opened."""

    def __init__(self, client: Client) -> None:
        self._event = threading.Event()
        self.entered = 0
        engine = client.service.model.engine
        run = engine.run

        def held(feeds: Any) -> Any:
            self.entered += 1
            assert self._event.wait(30)
            return run(feeds)

        engine.run = held  # type: ignore[method-assign]

    def open(self) -> None:
        self._event.set()


async def scrape(client: httpx.AsyncClient) -> str:
    return (await client.get("/metrics")).text
