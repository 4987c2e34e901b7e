"""KServe's V1 protocol, as its clients use it."""

import base64
from pathlib import Path
from typing import Any

import pytest

from tests.server import tabular_models
from tests.server.conftest import Client, Serve
from tests.server.image_models import encoded, plain
from tests.server.task_models import colours

PATH = "/v1/models/sentiment:predict"


async def test_models_and_readiness(serve: Serve, sentiment: Path) -> None:
    async with serve(sentiment, start=False) as client:
        assert (await client.get("/v1/models")).json() == {"models": ["sentiment"]}
        loading = await client.get("/v1/models/sentiment")
        early = await client.post(PATH, json={"instances": ["awesome"]})
        await client.service.start()
        ready = await client.get("/v1/models/sentiment")
        other = await client.get("/v1/models/other")

    assert (loading.status_code, loading.json()) == (503, {"name": "sentiment", "ready": False})
    assert early.status_code == 503
    assert early.headers["retry-after"] == "1"
    assert (ready.status_code, ready.json()) == (200, {"name": "sentiment", "ready": True})
    assert other.status_code == 404


@pytest.mark.parametrize(
    "instances",
    [
        ["awesome", "boring film"],
        [{"text": "awesome"}, {"data": "boring film"}],
        [{"inputs": "awesome"}, {"input": {"text": "boring film"}}],
    ],
)
async def test_texts_in_their_wrappers(client: Client, instances: Any) -> None:
    response = await client.post(PATH, json={"instances": instances, "signature_name": "serving_default"})

    assert response.status_code == 200, response.text
    assert response.json() == (await client.predict({"text": ["awesome", "boring film"]})).json()
    assert response.headers["x-modelyard-cached"] == "0"


async def test_parameters_stand_in_the_address(client: Client) -> None:
    response = await client.post(f"{PATH}?top_k=1", json={"instances": ["awesome"]})

    [[entry]] = response.json()["predictions"]
    assert entry["label"] == "POSITIVE"


async def test_rows_and_columns_of_tensors(serve: Serve, linear: Path) -> None:
    async with serve(linear) as client:
        rows = await client.post(PATH, json={"instances": [[1, 2, 3, 4], {"x": [4, 3, 2, 1]}]})
        columns = await client.post(PATH, json={"inputs": {"x": [[1, 2, 3, 4], [4, 3, 2, 1]]}})

    assert rows.status_code == 200, rows.text
    assert [entry["best"] for entry in rows.json()["predictions"]] == [2, 2]
    assert columns.json() == rows.json()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("nope", "must be an object"),
        ({}, "body.instances: must be a list"),
        ({"instances": "a"}, "body.instances: must be a list"),
        ({"instances": []}, "body.instances"),
        ({"instances": ["a", 7]}, "body.instances.1"),
        ({"instances": [{"x": 1}]}, "body.instances.0"),
        ({"inputs": {"text": ["a"]}}, "inputs"),
    ],
)
async def test_a_wrong_request_is_a_400(client: Client, content: Any, says: str) -> None:
    response = await client.post(PATH, json=content)

    assert response.status_code == 400
    assert says in response.json()["error"]


async def test_another_model(client: Client) -> None:
    response = await client.post("/v1/models/other:predict", json={"instances": ["a"]})

    assert response.status_code == 404
    assert "this server has 'sentiment'" in response.json()["error"]


async def test_a_table_as_the_scikit_learn_server(serve: Serve, tmp_path: Path) -> None:
    model = tabular_models.logistic_regression()
    rows = [[float(value) for value in row] for row in model.rows[:3]]
    async with serve(model.save(tmp_path)) as client:
        response = await client.post(PATH, json={"instances": rows})
        wrong = await client.post(PATH, json={"instances": [rows[0], rows[1][:2]]})

    best = model.expected[:3].argmax(axis=1)
    assert response.json() == {"predictions": [int(model.labels[index]) for index in best]}
    assert wrong.status_code == 400
    assert wrong.json()["error"].startswith("body.instances.1: ")


async def test_pictures_in_their_wrappers(serve: Serve, tmp_path: Path) -> None:
    text = base64.b64encode(encoded(plain("red"))).decode()
    async with serve(colours(tmp_path)) as client:
        same = (await client.predict({"image": [text]})).json()["predictions"]
        for instance in (text, {"b64": text}, {"image_bytes": {"b64": text}}, {"data": text}):
            response = await client.post(PATH, json={"instances": [instance]})
            assert response.json() == {"predictions": same}
