"""What a table model refuses, and which row and feature it names."""

import json
from pathlib import Path
from typing import Any

import pytest

from modelyard_server.model import load_model
from modelyard_server.report import SourceError
from modelyard_server.settings import Settings
from tests.server import tabular_models as models
from tests.server.conftest import Serve
from tests.server.models import identity_model

FEATURES = [
    {"name": "age"},
    {"name": "visits"},
    {"name": "city", "categories": ["Bonn", "Oslo", "Rome"]},
]
ROW = {"age": 44.5, "visits": 2, "city": "Oslo"}


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = models.mixed_columns().save(tmp_path_factory.mktemp("people"))
    (directory / "modelyard.json").write_text(json.dumps({"tabular": {"features": FEATURES}}))
    return directory


@pytest.mark.parametrize(
    ("content", "loc", "says"),
    [
        (
            {"rows": [ROW, {**ROW, "age": "old"}]},
            ["rows", 1, "age"],
            "'age' must be a number, not the text 'old'",
        ),
        ({"rows": [{**ROW, "age": True}]}, ["rows", 0, "age"], "must be a number, not true"),
        ({"rows": [{**ROW, "age": [1]}]}, ["rows", 0, "age"], "must be a number, not a list"),
        ({"rows": [{**ROW, "age": 1e39}]}, ["rows", 0, "age"], "too large for float32"),
        ({"rows": [{**ROW, "age": None}]}, ["rows", 0, "age"], "'age' is missing"),
        ({"rows": [{"visits": 2, "city": "Oslo"}]}, ["rows", 0, "age"], "'age' is missing"),
        ({"rows": [{**ROW, "visits": 1.5}]}, ["rows", 0, "visits"], "must be a whole number, not 1.5"),
        (
            {"rows": [{**ROW, "visits": 2**63}]},
            ["rows", 0, "visits"],
            "whole number from -9223372036854775808",
        ),
        ({"rows": [{**ROW, "city": "Paris"}]}, ["rows", 0, "city"], "one of 'Bonn', 'Oslo', 'Rome', not"),
        ({"rows": [{**ROW, "city": True}]}, ["rows", 0, "city"], "one of 'Bonn', 'Oslo', 'Rome', not true"),
        (
            {"rows": [{**ROW, "town": "Oslo"}]},
            ["rows", 0, "town"],
            "no feature 'town': there is age, visits, city",
        ),
        ({"rows": [ROW, [44.5, 2]]}, ["rows", 1], "the row has 2 values, the model takes 3"),
        ({"rows": [[44.5, "two", "Oslo"]]}, ["rows", 0, 1], "feature 'visits' must be a number"),
        ({"rows": [ROW, 7]}, ["rows", 1], "a row is an object by feature"),
        ({"rows": []}, ["rows"], "not an empty one"),
        ({"rows": ROW}, ["rows"], "must be a list of rows"),
        ({"rows": [ROW] * 1001}, ["rows"], "1,001 rows are too many"),
        ({"rows": [ROW], "top_k": 1}, ["top_k"], "no such field"),
        ({"instances": [ROW]}, ["rows"], "the field is missing: send {"),
    ],
)
async def test_wrong_rows(serve: Serve, people: Path, content: Any, loc: list[Any], says: str) -> None:
    async with serve(people) as client:
        response = await client.predict(content)

    assert response.status_code == 422
    [detail] = response.json()["detail"]
    assert detail["loc"] == ["body", *loc]
    assert says in detail["msg"]


async def test_long_texts_and_parameters(serve: Serve, tmp_path: Path) -> None:
    async with serve(models.mixed_columns().save(tmp_path), max_item_bytes=10) as client:
        long = await client.predict({"rows": [{**ROW, "city": "x" * 11}]})
        parameter = await client.post("/predict?top=1", json={"rows": [ROW]})

    assert long.json()["detail"][0]["loc"] == ["body", "rows", 0]
    assert parameter.json()["detail"][0]["loc"] == ["query", "top"]


async def test_a_regressor_has_no_parameters(serve: Serve, tmp_path: Path) -> None:
    async with serve(models.linear().save(tmp_path)) as client:
        response = await client.post("/predict?top_k=1", json={"rows": [[0] * 10]})

    assert response.json()["detail"][0]["loc"] == ["query", "top_k"]


@pytest.mark.parametrize(
    ("tensors", "says"),
    [
        ([("age", [2], "FP32", [1, 2])], "the tensor of feature 'visits' is missing"),
        ([("age", [1], "FP32", [1]), ("town", [1], "FP32", [1])], "there is no feature 'town'"),
        (
            [("age", [2], "FP32", [1, 2]), ("visits", [1], "INT64", [1]), ("city", [1], "BYTES", ["Oslo"])],
            "one number of rows",
        ),
        (
            [
                ("age", [1, 2], "FP32", [1, 2]),
                ("visits", [1], "INT64", [1]),
                ("city", [1], "BYTES", ["Oslo"]),
            ],
            "the shape of 'age' must be",
        ),
        (
            [("age", [1], "FP32", [1]), ("visits", [1], "INT64", [1]), ("city", [1], "BYTES", ["Paris"])],
            "feature 'city' must be one of",
        ),
    ],
)
async def test_wrong_tensors(serve: Serve, people: Path, tensors: list[Any], says: str) -> None:
    inputs = [
        {"name": name, "shape": shape, "datatype": datatype, "data": data}
        for name, shape, datatype, data in tensors
    ]
    async with serve(people) as client:
        response = await client.post("/v2/models/sentiment/infer", json={"inputs": inputs})

    assert response.status_code == 400
    assert says in response.json()["error"]


@pytest.mark.parametrize(
    ("section", "says"),
    [
        ({"features": FEATURES[:2]}, "takes 3 columns, and tabular.features of modelyard.json names 2"),
        ({"features": [*FEATURES[:2], FEATURES[0]]}, "features named more than once: age"),
        (
            {"output": "logits"},
            r"names the output 'logits' in tabular.output; the model has \['label', 'prob",
        ),
        (
            {"features": [{"name": "age", "type": "text"}, *FEATURES[1:]]},
            "'age' of modelyard.json is a text, and the model's input 'age' is float32",
        ),
        ({"features": [*FEATURES[:2], {"name": "city", "type": "number"}]}, "'city' is texts"),
        (
            {"features": [{"name": "age", "type": "category"}, *FEATURES[1:]]},
            "takes a number for it: list its categories",
        ),
        (
            {"features": [FEATURES[0], {"name": "visits", "missing": True}, FEATURES[2]]},
            "needs an input of floats",
        ),
        ({"features": [{"name": "age", "kind": "number"}]}, "Extra inputs are not permitted"),
    ],
)
def test_a_description_that_does_not_fit(tmp_path: Path, section: dict[str, Any], says: str) -> None:
    directory = models.mixed_columns().save(tmp_path)
    (directory / "modelyard.json").write_text(json.dumps({"tabular": section}))

    with pytest.raises(SourceError, match=says) as caught:
        load_model(Settings(model_dir=directory))
    assert caught.value.permanent


def test_labels_that_do_not_fit(tmp_path: Path) -> None:
    directory = models.logistic_regression(zipmap=True).save(tmp_path)
    (directory / "modelyard.json").write_text(json.dumps({"labels": ["a", "b"]}))

    with pytest.raises(SourceError, match=r"gives 3 scores, and modelyard\.json names 2 labels"):
        load_model(Settings(model_dir=directory))


def test_inputs_that_are_no_columns(tmp_path: Path) -> None:
    identity_model(tmp_path, {"x": 1}, ["batch", 2, 2])

    with pytest.raises(SourceError, match="no tabular model that can be served"):
        load_model(Settings(model_dir=tmp_path, task="tabular"))


def test_maps_are_no_tensors(tmp_path: Path) -> None:
    directory = models.logistic_regression(zipmap=True).save(tmp_path)

    with pytest.raises(SourceError, match=r"set spec\.model\.task to tabular"):
        load_model(Settings(model_dir=directory, task="tensor"))
