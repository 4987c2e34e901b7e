"""SageMaker's contract, as the clients of its containers use it."""

import base64
from pathlib import Path
from typing import Any

import pytest

from tests.server import tabular_models
from tests.server.conftest import Client, Serve
from tests.server.image_models import detector_model, encoded, plain
from tests.server.task_models import colours

POSITIVE = {"label": "POSITIVE", "score": pytest.approx(1, abs=0.01)}
NEGATIVE = {"label": "NEGATIVE", "score": pytest.approx(1, abs=0.01)}


async def invoke(client: Client, content: Any, **headers: str) -> Any:
    how = {"json": content} if not isinstance(content, str | bytes) else {"content": content}
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    response = await client.post("/invocations", headers=names, **how)
    assert response.status_code == 200, response.text
    return response.text if response.headers["content-type"].startswith("text/csv") else response.json()


async def test_ping_is_the_probe(serve: Serve, sentiment: Path) -> None:
    async with serve(sentiment, start=False) as client:
        assert (await client.get("/ping")).status_code == 503
        await client.service.start()
        assert (await client.get("/ping")).status_code == 200


async def test_texts_as_the_hugging_face_container(client: Client) -> None:
    assert await invoke(client, {"inputs": "awesome awesome"}) == [POSITIVE]
    assert await invoke(client, {"inputs": ["awesome awesome", "bad boring"]}) == [POSITIVE, NEGATIVE]
    both = await invoke(client, {"inputs": "awesome", "parameters": {"top_k": None, "truncation": True}})
    assert [entry["label"] for entry in both] == ["POSITIVE", "NEGATIVE"]
    each = await invoke(client, {"inputs": ["awesome", "bad"], "parameters": {"return_all_scores": True}})
    assert [[entry["label"] for entry in entries] for entries in each] == [
        ["POSITIVE", "NEGATIVE"],
        ["NEGATIVE", "POSITIVE"],
    ]
    assert await invoke(client, "awesome awesome", content_type="text/plain") == [POSITIVE]
    table = 'inputs\nawesome awesome\n"bad, boring"\n'
    assert await invoke(client, table, content_type="text/csv") == [POSITIVE, NEGATIVE]


async def test_the_body_of_predict_passes_through(client: Client) -> None:
    same = (await client.predict({"text": ["awesome"]})).json()

    assert await invoke(client, {"text": ["awesome"]}) == same
    assert await invoke(client, {"instances": [{"text": "awesome"}]}) == same
    assert await invoke(client, ["awesome"]) == same["predictions"]


async def test_tensors_as_rows(serve: Serve, linear: Path) -> None:
    async with serve(linear) as client:
        array = await invoke(client, [[1, 2, 3, 4]])
        table = await invoke(client, "1,2,3,4\n4,3,2,1\n", content_type="text/csv", accept="application/json")
        named = await invoke(client, {"inputs": {"x": [[1, 2, 3, 4]]}})

    assert [entry["best"] for entry in array] == [2]
    assert [entry["best"] for entry in table] == [2, 2]
    assert named == {"predictions": array}


@pytest.mark.parametrize(
    ("content", "content_type", "status", "says"),
    [
        (b"{", "application/json", 400, "not JSON"),
        (b"7", "application/json", 400, "must be an object"),
        (b'{"inputs": ["a", 7]}', "application/json", 400, "body.inputs.1"),
        (b'{"inputs": []}', "application/json", 400, "body.inputs"),
        (b'{"inputs": "a", "parameters": 7}', "application/json", 400, "body.parameters: must be an object"),
        (b'{"inputs": "a", "parameters": {"k": 1}}', "application/json", 400, "no parameter 'k'"),
        (b"\xff", "text/plain", 400, "not UTF-8"),
        (b"\xff", "text/csv", 400, "not UTF-8"),
        (b'"', "text/csv", 400, "not CSV"),
        (b"", "text/csv", 400, "body.csv"),
        (b"x", "application/x-npy", 415, "application/x-npy"),
    ],
)
async def test_what_does_not_fit_is_refused(
    client: Client, content: bytes, content_type: str, status: int, says: str
) -> None:
    response = await client.post("/invocations", content=content, headers={"content-type": content_type})

    assert response.status_code == status
    assert response.json()["code"] == status
    assert says in response.json()["message"]


async def test_a_table_as_the_containers_of_tables(serve: Serve, tmp_path: Path) -> None:
    classes = tabular_models.logistic_regression(names=True)
    values = tabular_models.linear()
    lines = "".join(",".join(str(float(value)) for value in row) + "\n" for row in classes.rows[:2])
    best = [classes.labels[index] for index in classes.expected[:2].argmax(axis=1)]
    async with serve(classes.save(tmp_path / "classes")) as client:
        assert await invoke(client, lines, content_type="text/csv") == ",".join(best)
        assert await invoke(client, lines, content_type="text/csv", accept="application/json") == best
        rows = [[float(value) for value in row] for row in classes.rows[:2]]
        assert await invoke(client, rows) == best
        features = {"instances": [{"features": row} for row in rows]}
        assert await invoke(client, features) == {"predictions": best}
    line = ",".join(str(float(value)) for value in values.rows[0])
    async with serve(values.save(tmp_path / "values")) as client:
        answered = await invoke(client, line, content_type="text/csv; charset=utf-8")
    assert float(answered) == pytest.approx(float(values.expected[0]), rel=1e-4)


async def test_pictures_as_the_hugging_face_container(serve: Serve, tmp_path: Path) -> None:
    red = encoded(plain("red"), "JPEG")
    text = base64.b64encode(red).decode()
    async with serve(colours(tmp_path / "colours")) as client:
        same = (await client.predict({"image": [text]})).json()["predictions"][0]
        assert await invoke(client, red, content_type="image/jpeg") == same[:5]
        assert await invoke(client, red, content_type="application/x-image") == same[:5]
        assert await invoke(client, {"inputs": text}) == same[:5]
        assert await invoke(client, {"inputs": [text, text]}) == [same[:5]] * 2
    async with serve(detector_model(tmp_path / "detector")) as client:
        [found] = (await client.predict({"image": [text]})).json()["predictions"]
        boxes = await invoke(client, red, content_type="image/jpeg")
        wrong = await client.post("/invocations", content=red[:40], headers={"content-type": "image/jpeg"})
    assert [list(box["box"].values()) for box in boxes] == [box["box"] for box in found["boxes"]]
    assert boxes[0]["label"] == found["boxes"][0]["label"]
    assert wrong.status_code == 400
