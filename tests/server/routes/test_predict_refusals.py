"""Predictions that are refused: what is wrong with the request, and what the server cannot do just now."""

import asyncio
import threading
from pathlib import Path
from typing import Any

import pytest

from modelyard_server.engines.base import EngineError
from tests.server.conftest import Client, Serve, eventually


@pytest.mark.parametrize(
    ("body", "loc", "says"),
    [
        (b"text=hello", ["body", 0], 'Expecting value): send {"text":'),
        (b"\xff\xfe", ["body", 0], "Expecting value"),
        (b"", ["body"], 'Field required: send {"text":'),
        (b'["a"]', ["body"], 'a valid dictionary or object to extract fields from: send {"text":'),
        (b"{}", ["body", "text"], 'Field required: send {"text":'),
        (b'{"text": "one"}', ["body", "text"], "a valid list: also for one string"),
        (b'{"text": {"a": 1}}', ["body", "text"], "a valid list"),
        (b'{"text": []}', ["body", "text"], "give at least one text"),
        (b'{"text": ["a", ""]}', ["body", "text", 1], "leave the empty text out"),
        (b'{"text": ["a", "b", "c", 4]}', ["body", "text", 3], "a valid string: write it in quotes"),
        (b'{"text": ["a", null]}', ["body", "text", 1], "a valid string: write it in quotes, or leave it"),
        (b'{"text": ["a"], "top_k": 1}', ["body", "top_k"], "?top_k="),
        (b'{"text": ["a"], "texts": []}', ["body", "texts"], "not permitted: leave it out"),
        (b'{"text": ["\\ud800"]}', ["body", "text", 0], "half a character"),
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
    assert (
        "at most 1000 items after validation, not 10000: send them in several"
        in response.json()["detail"][0]["msg"]
    )


async def test_a_text_of_5_mb_is_too_long(client: Client) -> None:
    response = await client.predict({"text": ["good", "x" * 5_000_000]})

    assert response.status_code == 422
    assert response.json()["detail"][0]["loc"] == ["body", "text", 1]
    assert "at most 100000 bytes" in response.json()["detail"][0]["msg"]


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
