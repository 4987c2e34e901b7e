import base64
import json
from pathlib import Path
from typing import Any

import pytest

from modelyard_server.model import load_model
from modelyard_server.settings import Settings
from tests.server.conftest import Serve
from tests.server.image_models import COLOURS, colour_model, encoded, plain, textured
from tests.server.invariance import assert_batch_invariant, same_labels

LABELS = {"image": {"resize": "stretch"}, "labels": list(COLOURS)}
RED, BLUE = encoded(plain("red")), encoded(plain("blue"), "JPEG")


def text(content: bytes) -> str:
    return base64.b64encode(content).decode()


@pytest.fixture
def colours(tmp_path: Path) -> Path:
    return colour_model(tmp_path, modelyard=LABELS)


async def test_pictures_are_classified_whichever_way_they_come(colours: Path, serve: Serve) -> None:
    async with serve(colours) as client:
        listed = await client.predict({"image": [text(RED), text(BLUE)]}, params={"top_k": 1})
        alone = await client.post("/predict?top_k=1", content=BLUE, headers={"Content-Type": "image/jpeg"})
        form = await client.post(
            "/predict?top_k=1", files=[("image", ("a.png", RED)), ("image", ("b.jpg", BLUE))]
        )

    assert listed.status_code == 200, listed.text
    labels = [[entry["label"] for entry in entries] for entries in listed.json()["predictions"]]
    assert labels == [["red"], ["blue"]]
    assert form.json() == listed.json()
    assert alone.json()["predictions"] == listed.json()["predictions"][1:]


async def test_a_picture_that_is_broken_is_told_by_its_place(colours: Path, serve: Serve) -> None:
    async with serve(colours) as client:
        response = await client.predict({"image": [text(RED), text(RED[:60])]})
        after = await client.predict({"image": [text(RED)]})

    assert response.status_code == 422, response.text
    (detail,) = response.json()["detail"]
    assert (detail["loc"], detail["type"]) == (["body", "image", 1], "picture_invalid")
    assert "cut off" in detail["msg"]
    assert after.status_code == 200


async def test_the_protocol_takes_pictures(colours: Path, serve: Serve) -> None:
    tensor = {"name": "image", "datatype": "BYTES", "shape": [2], "data": [text(RED), text(BLUE)]}
    async with serve(colours) as client:
        metadata = await client.get("/v2/models/sentiment")
        response = await client.post("/v2/models/sentiment/infer", json={"inputs": [tensor]})

    assert metadata.json()["inputs"] == [{"name": "image", "datatype": "BYTES", "shape": [-1]}]
    outputs = {output["name"]: output for output in response.json()["outputs"]}
    assert outputs["labels"]["shape"] == [2, 3]
    assert outputs["labels"]["data"][::3] == ["red", "blue"]


async def test_the_documentations_example_works(colours: Path, serve: Serve) -> None:
    async with serve(colours) as client:
        operation = (await client.get("/openapi.json")).json()["paths"]["/predict"]["post"]
        content = operation["requestBody"]["content"]
        response = await client.predict(content["application/json"]["examples"]["pictures"]["value"])

    assert set(content) == {"application/json", "multipart/form-data", "image/*"}
    assert response.status_code == 200


@pytest.mark.parametrize("batch", ["batch", 1, 3])
def test_answers_do_not_depend_on_the_batch(batch: Any, tmp_path: Path) -> None:
    model = load_model(Settings(model_dir=colour_model(tmp_path, batch=batch, modelyard=LABELS)))
    pictures = [encoded(textured((20 + seed, 30), seed)) for seed in range(40)]

    assert_batch_invariant(model, pictures, same_labels)


def test_a_repository_of_hugging_faces_is_told_by_its_architecture(tmp_path: Path) -> None:
    config = {
        "architectures": ["ResNetForImageClassification"],
        "id2label": {str(index): label for index, label in enumerate(COLOURS)},
    }
    processor = {
        "image_processor_type": "ConvNextImageProcessor",
        "size": {"shortest_edge": 8},
        "crop_pct": 0.875,
        "resample": 3,
        "image_mean": [0.5, 0.5, 0.5],
        "image_std": [0.5, 0.5, 0.5],
    }
    model = load_model(
        Settings(model_dir=colour_model(tmp_path, config=config, preprocessor_config=processor))
    )

    answer = model.run(list(model.task.warm_up()))[0]

    assert model.task_name == "image-classification"
    assert {entry["label"] for entry in json.loads(answer.fragment)} == set(COLOURS)


def test_ultralytics_classifiers_bring_their_labels_and_scores(tmp_path: Path) -> None:
    metadata = {"task": "classify", "names": str(dict(enumerate(COLOURS)))}
    model = load_model(Settings(model_dir=colour_model(tmp_path, metadata=metadata)))

    answer = model.run(list(model.task.warm_up()))[0]

    # Its output is the score: ten times the mean of a channel here.
    assert model.task_name == "image-classification"
    assert json.loads(answer.fragment)[0] == {
        "label": "blue",
        "score": pytest.approx(10 * 140 / 255, abs=1e-4),
    }
