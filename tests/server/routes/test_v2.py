from pathlib import Path
from typing import Any

import pytest
from onnx import TensorProto

from tests.server.conftest import Client, Serve
from tests.server.models import identity_model, linear_model

TEXT = {"name": "text", "shape": [2], "datatype": "BYTES", "data": ["awesome", "boring film"]}


async def test_metadata_and_health(client: Client) -> None:
    assert (await client.get("/v2")).json()["name"] == "modelyard"
    assert (await client.get("/v2/health/live")).json() == {"live": True}
    assert (await client.get("/v2/health/ready")).json() == {"ready": True}
    for path in ("/v2/models/sentiment/ready", "/v2/models/sentiment/versions/r1/ready"):
        assert (await client.get(path)).json() == {"name": "sentiment", "ready": True}
    for path in ("/v2/models/sentiment", "/v2/models/sentiment/versions/r1"):
        metadata = (await client.get(path)).json()
        assert metadata["name"] == "sentiment"
        assert metadata["versions"] == ["r1"]
        assert metadata["inputs"] == [{"name": "text", "datatype": "BYTES", "shape": [-1]}]
        assert [output["name"] for output in metadata["outputs"]] == ["labels", "scores"]


async def test_before_the_model_is_up(serve: Serve, sentiment: Path) -> None:
    async with serve(sentiment, start=False) as client:
        assert (await client.get("/v2/health/live")).status_code == 200
        assert (await client.get("/v2/health/ready")).status_code == 503
        assert (await client.get("/v2/models/sentiment")).status_code == 503
        response = await client.post("/v2/models/sentiment/infer", json={"inputs": [TEXT]})
        assert response.status_code == 503
        assert response.headers["retry-after"] == "1"
        assert "not ready" in response.json()["error"]


@pytest.mark.parametrize("path", ["/v2/models/sentiment/infer", "/v2/models/sentiment/versions/r1/infer"])
async def test_texts(client: Client, path: str) -> None:
    response = await client.post(path, json={"id": "42", "inputs": [TEXT]})

    assert response.status_code == 200
    content = response.json()
    assert content["id"] == "42"
    assert content["model_name"] == "sentiment"
    assert content["model_version"] == "r1"
    labels, scores = content["outputs"]
    assert labels["shape"] == scores["shape"] == [2, 2]
    assert labels["data"] == ["POSITIVE", "NEGATIVE", "NEGATIVE", "POSITIVE"]
    same = (await client.predict({"text": TEXT["data"]})).json()["predictions"]
    assert scores["data"] == [entry["score"] for row in same for entry in row]


async def test_parameters_and_requested_outputs(client: Client) -> None:
    response = await client.post(
        "/v2/models/sentiment/infer",
        json={"inputs": [TEXT], "parameters": {"top_k": 1}, "outputs": [{"name": "labels"}]},
    )

    [labels] = response.json()["outputs"]
    assert labels == {
        "name": "labels",
        "shape": [2, 1],
        "datatype": "BYTES",
        "data": ["POSITIVE", "NEGATIVE"],
    }


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("[]", "an object"),
        ({}, "body.inputs: give a list of tensors"),
        ({"inputs": [{**TEXT, "name": "texts"}]}, "called 'text'"),
        ({"inputs": [{**TEXT, "datatype": "FP32", "data": [1, 2]}]}, "must be BYTES"),
        ({"inputs": [{**TEXT, "shape": [3]}]}, "asks for 3 values, the data has 2"),
        ({"inputs": [{**TEXT, "shape": [1, 2]}]}, "[N] or [N, 1]"),
        ({"inputs": [{**TEXT, "shape": [-2]}]}, "whole numbers"),
        ({"inputs": [{**TEXT, "data": ["a", 1]}]}, "must hold strings only"),
        ({"inputs": [{**TEXT, "data": ["a", ""]}]}, "the text is empty"),
        ({"inputs": [TEXT, TEXT]}, "same name"),
        ({"inputs": ["text"]}, "a tensor is an object"),
        ({"inputs": [{"name": "text"}]}, "'datatype'"),
        ({"inputs": [TEXT], "outputs": [{"name": "nothing"}]}, "no output 'nothing'"),
        ({"inputs": [TEXT], "parameters": {"k": 1}}, "no parameter 'k'"),
        ({"inputs": [TEXT], "id": 7}, "body.id"),
    ],
)
async def test_a_wrong_request_is_a_400_in_the_protocols_shape(
    client: Client, content: Any, says: str
) -> None:
    response = await client.post("/v2/models/sentiment/infer", json=content)

    assert response.status_code == 400
    assert says in response.json()["error"]


async def test_what_is_not_json(client: Client) -> None:
    response = await client.post("/v2/models/sentiment/infer", content=b"nope")

    assert response.status_code == 400
    assert "not JSON" in response.json()["error"]


@pytest.mark.parametrize("path", ["/v2/models/other/infer", "/v2/models/sentiment/versions/r9/infer"])
async def test_another_model_or_version(client: Client, path: str) -> None:
    response = await client.post(path, json={"inputs": [TEXT]})

    assert response.status_code == 404
    assert "this server has" in response.json()["error"]


async def test_tensors(serve: Serve, linear: Path) -> None:
    tensor = {"name": "x", "shape": [2, 4], "datatype": "FP32", "data": [[1, 2, 3, 4], [4, 3, 2, 1]]}
    async with serve(linear) as client:
        metadata = (await client.get("/v2/models/sentiment")).json()
        nested = await client.post("/v2/models/sentiment/infer", json={"inputs": [tensor]})
        flat = await client.post(
            "/v2/models/sentiment/infer", json={"inputs": [{**tensor, "data": [1, 2, 3, 4, 4, 3, 2, 1]}]}
        )
        wrong = await client.post(
            "/v2/models/sentiment/infer", json={"inputs": [{**tensor, "datatype": "INT64"}]}
        )

    assert metadata["inputs"] == [{"name": "x", "datatype": "FP32", "shape": [-1, 4]}]
    assert [(out["name"], out["datatype"], out["shape"]) for out in metadata["outputs"]] == [
        ("scores", "FP32", [-1, 3]),
        ("best", "INT64", [-1]),
    ]
    scores, best = nested.json()["outputs"]
    assert nested.json()["outputs"] == flat.json()["outputs"]
    assert (scores["shape"], scores["datatype"]) == ([2, 3], "FP32")
    assert best == {"name": "best", "shape": [2], "datatype": "INT64", "data": [2, 2]}
    assert wrong.status_code == 400
    assert "FP32, not INT64" in wrong.json()["error"]


TYPES = {
    "FP32": (TensorProto.FLOAT, [1.5, -2.0]),
    "FP64": (TensorProto.DOUBLE, [1e300, -2.0]),
    "FP16": (TensorProto.FLOAT16, [0.5, 2.0]),
    "INT8": (TensorProto.INT8, [-128, 127]),
    "INT32": (TensorProto.INT32, [-5, 5]),
    "INT64": (TensorProto.INT64, [-(2**63), 2**63 - 1]),
    "UINT8": (TensorProto.UINT8, [0, 255]),
    "UINT64": (TensorProto.UINT64, [0, 2**63 - 1]),
    "BOOL": (TensorProto.BOOL, [True, False]),
    "BYTES": (TensorProto.STRING, ["ä", "b"]),
}


@pytest.mark.parametrize("shape", [["batch"], ["batch", 2], [2]])
async def test_any_type_and_several_inputs(serve: Serve, tmp_path: Path, shape: list[int | str]) -> None:
    identity_model(tmp_path, {f"in_{name}": kind for name, (kind, _) in TYPES.items()}, shape)
    rows = 1 if shape == ["batch", 2] else 2
    sizes = [1, 2] if len(shape) == 2 else [2]
    inputs = [
        {"name": f"in_{name}", "shape": sizes, "datatype": name, "data": data}
        for name, (_, data) in TYPES.items()
    ]
    async with serve(tmp_path) as client:
        response = await client.post("/v2/models/sentiment/infer", json={"inputs": inputs})
        plain = await client.predict(
            {
                "inputs": {
                    tensor["name"]: [tensor["data"]] if len(shape) == 2 else tensor["data"]
                    for tensor in inputs
                }
            }
        )

    assert response.status_code == 200, response.text
    for sent, got in zip(inputs, response.json()["outputs"], strict=True):
        assert got == {**sent, "name": f"{sent['name']}_out"}
    assert plain.status_code == 200, plain.text
    assert len(plain.json()["predictions"]) == (1 if shape == [2] else rows)


async def test_a_model_of_one_row_has_a_free_batch(serve: Serve, tmp_path: Path) -> None:
    async with serve(linear_model(tmp_path, batch=1)) as client:
        metadata = (await client.get("/v2/models/sentiment")).json()

    assert metadata["inputs"][0]["shape"] == [-1, 4]
