"""Predictions of tensors, by input name and by instance."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.server.conftest import Serve
from tests.server.models import linear_model


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
