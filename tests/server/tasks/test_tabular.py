"""Rows to classes and values, as the libraries that trained the models answer them."""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from modelyard_server.model import load_model
from modelyard_server.settings import Settings
from tests.server import tabular_models as models
from tests.server.conftest import Serve
from tests.server.invariance import assert_batch_invariant, same_labels, same_value
from tests.server.tabular_models import TableModel

CLASSIFIERS: dict[str, Callable[[], TableModel]] = {
    "scikit-learn": models.logistic_regression,
    "scikit-learn, zipmap": lambda: models.logistic_regression(zipmap=True),
    "scikit-learn, zipmap of names": lambda: models.logistic_regression(zipmap=True, names=True),
    "scikit-learn, forest of names": models.forest,
    "scikit-learn, network of names": models.network,
    "XGBoost": models.xgboost_classes,
    "XGBoost, two classes": lambda: models.xgboost_classes(binary=True),
    "LightGBM": models.lightgbm_classes,
    "LightGBM, zipmap": lambda: models.lightgbm_classes(zipmap=True),
    "LightGBM, two classes": lambda: models.lightgbm_classes(binary=True),
}
REGRESSORS: dict[str, Callable[[], TableModel]] = {
    "scikit-learn": models.linear,
    "scikit-learn, two values": lambda: models.linear(2),
    "scikit-learn, forest": models.forest_value,
    "XGBoost": models.xgboost_value,
    "LightGBM": models.lightgbm_value,
}


def manifest(directory: Path, **content: Any) -> None:
    (directory / "modelyard.json").write_text(json.dumps(content))


def as_json(rows: np.ndarray) -> list[list[float | None]]:
    return [[None if math.isnan(value) else value for value in row] for row in rows.tolist()]


async def predictions(serve: Serve, directory: Path, rows: Any) -> Any:
    async with serve(directory) as client:
        response = await client.predict({"rows": rows})
    assert response.status_code == 200, response.text
    return response.json()["predictions"]


@pytest.mark.parametrize("name", CLASSIFIERS)
async def test_classes_are_those_of_the_library(serve: Serve, tmp_path: Path, name: str) -> None:
    model = CLASSIFIERS[name]()
    directory = model.save(tmp_path)
    manifest(directory, tabular={"missing": True})

    answers = await predictions(serve, directory, as_json(model.rows))

    scores = [{entry["label"]: entry["score"] for entry in answer} for answer in answers]
    assert all(tuple(sorted(row)) == model.labels for row in scores)
    found = np.array([[row[label] for label in model.labels] for row in scores])
    np.testing.assert_allclose(found, model.expected, atol=1e-4)
    winners = [answer[0]["label"] for answer in answers]
    assert winners == [model.labels[index] for index in model.expected.argmax(axis=1)]


@pytest.mark.parametrize("name", REGRESSORS)
async def test_values_are_those_of_the_library(serve: Serve, tmp_path: Path, name: str) -> None:
    model = REGRESSORS[name]()

    answers = await predictions(serve, model.save(tmp_path), as_json(model.rows))

    np.testing.assert_allclose([answer["value"] for answer in answers], model.expected, rtol=1e-4)


async def test_columns_of_several_types(serve: Serve, tmp_path: Path) -> None:
    model = models.mixed_columns()
    rows = [{"age": age, "visits": visits, "city": city} for age, visits, city in model.rows.tolist()]

    answers = await predictions(serve, model.save(tmp_path), rows)
    lists = await predictions(serve, tmp_path, model.rows.tolist())

    found = [{entry["label"]: entry["score"] for entry in answer} for answer in answers]
    np.testing.assert_allclose([[row["no"], row["yes"]] for row in found], model.expected, atol=1e-4)
    assert answers == lists


async def test_categories_become_their_places(serve: Serve, tmp_path: Path) -> None:
    model = models.xgboost_classes()
    sizes = ["small", "medium", "large"]
    features = [{"name": name, "categories": sizes} if name == "c" else {"name": name} for name in "abcd"]
    manifest(model.save(tmp_path), tabular={"features": features, "missing": True}, labels=["x", "y", "z"])
    named = [{"a": 5, "b": 3, "c": size, "d": 0.2} for size in sizes]

    answers = await predictions(serve, tmp_path, named)
    manifest(tmp_path, labels=["x", "y", "z"])
    plain = await predictions(serve, tmp_path, [[5, 3, code, 0.2] for code in range(3)])

    assert answers == plain
    assert {entry["label"] for entry in answers[0]} == {"x", "y", "z"}


async def test_other_outputs_come_by_their_names(serve: Serve, tmp_path: Path) -> None:
    model = models.anomalies()

    answers = await predictions(serve, model.save(tmp_path), as_json(model.rows))

    assert [answer["label"] for answer in answers] == model.expected.tolist()
    assert set(answers[0]) == {"label", "scores"}


async def test_the_best_labels_alone(serve: Serve, tmp_path: Path) -> None:
    model = models.logistic_regression(names=True)
    manifest(model.save(tmp_path), tabular={"output": "probabilities"})
    async with serve(tmp_path) as client:
        response = await client.post("/predict?top_k=1", json={"rows": model.rows[:2].tolist()})

    assert [[entry["label"] for entry in row] for row in response.json()["predictions"]] == [["setosa"]] * 2


async def test_rows_with_equal_numbers_share_a_cache_entry(tmp_path: Path) -> None:
    task = load_model(Settings(model_dir=models.logistic_regression().save(tmp_path))).task
    [whole, floats, other] = task._reader.read(
        b'{"rows": [[5, 3, 1, 0], [5.0, 3.0, 1.0, 0.0], [5, 3, 1, 1]]}'
    )

    assert task.canonical(whole) == task.canonical(floats) != task.canonical(other)


async def test_v2_takes_the_matrix_and_gives_labels(serve: Serve, tmp_path: Path) -> None:
    model = models.lightgbm_classes()
    manifest(model.save(tmp_path), tabular={"missing": True})
    matrix = {"name": "input", "shape": [2, 4], "datatype": "FP32", "data": [5, 3, 1, 0.2, 6, 3, 5, 2]}
    async with serve(tmp_path) as client:
        plain = (await client.predict({"rows": [[5, 3, 1, 0.2], [6, 3, 5, 2]]})).json()["predictions"]
        metadata = (await client.get("/v2/models/sentiment")).json()
        response = await client.post("/v2/models/sentiment/infer", json={"inputs": [matrix]})

    labels, scores = response.json()["outputs"]
    assert labels["data"] == [entry["label"] for row in plain for entry in row]
    np.testing.assert_allclose(scores["data"], [entry["score"] for row in plain for entry in row], atol=1e-6)
    assert metadata["inputs"] == [{"name": "input", "datatype": "FP32", "shape": [-1, 4]}]


async def test_v2_takes_a_tensor_a_feature(serve: Serve, tmp_path: Path) -> None:
    model = models.mixed_columns()
    ages, visits, cities = (list(column) for column in zip(*model.rows[:3].tolist(), strict=True))
    tensors = [
        {"name": "city", "shape": [3, 1], "datatype": "BYTES", "data": cities},
        {"name": "age", "shape": [3], "datatype": "FP64", "data": ages},
        {"name": "visits", "shape": [3], "datatype": "INT32", "data": visits},
    ]
    async with serve(model.save(tmp_path)) as client:
        plain = (await client.predict({"rows": model.rows[:3].tolist()})).json()["predictions"]
        metadata = (await client.get("/v2/models/sentiment")).json()
        response = await client.post("/v2/models/sentiment/infer", json={"inputs": tensors})

    assert response.json()["outputs"][0]["data"] == [entry["label"] for row in plain for entry in row]
    assert [(entry["name"], entry["datatype"]) for entry in metadata["inputs"]] == [
        ("age", "FP32"),
        ("visits", "INT64"),
        ("city", "BYTES"),
    ]


async def test_v2_gives_values(serve: Serve, tmp_path: Path) -> None:
    model = models.linear()
    matrix = {"name": "X", "shape": [2, 10], "datatype": "FP32", "data": model.rows[:2].tolist()}
    async with serve(model.save(tmp_path)) as client:
        response = await client.post("/v2/models/sentiment/infer", json={"inputs": [matrix]})

    [value] = response.json()["outputs"]
    assert (value["name"], value["shape"], value["datatype"]) == ("value", [2], "FP32")
    np.testing.assert_allclose(value["data"], model.expected[:2], rtol=1e-4)


@pytest.mark.parametrize("build", [models.mixed_columns, models.linear, models.anomalies])
async def test_the_documentation_has_bodies_that_work(
    serve: Serve, tmp_path: Path, build: Callable[[], TableModel]
) -> None:
    async with serve(build().save(tmp_path)) as client:
        operation = (await client.get("/openapi.json")).json()["paths"]["/predict"]["post"]
        examples = operation["requestBody"]["content"]["application/json"]["examples"]
        responses = [await client.predict(example["value"]) for example in examples.values()]

    assert [response.status_code for response in responses] == [200, 200]
    assert responses[0].json() == responses[1].json()


@pytest.mark.parametrize("name", ["scikit-learn", "scikit-learn, zipmap", "XGBoost", "LightGBM"])
def test_classes_do_not_depend_on_the_batch(tmp_path: Path, name: str) -> None:
    model = CLASSIFIERS[name]()

    rows = [tuple(row) for row in model.rows.tolist()]
    assert_batch_invariant(load_model(Settings(model_dir=model.save(tmp_path))), rows, same_labels)


@pytest.mark.parametrize("name", REGRESSORS)
def test_values_do_not_depend_on_the_batch(tmp_path: Path, name: str) -> None:
    model = REGRESSORS[name]()

    rows = [tuple(row) for row in model.rows[:100].tolist()]
    assert_batch_invariant(load_model(Settings(model_dir=model.save(tmp_path))), rows, same_value)
