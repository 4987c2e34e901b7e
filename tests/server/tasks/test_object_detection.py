import base64
import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from PIL import Image

from modelyard_server.model import load_model
from modelyard_server.report import SourceError
from modelyard_server.settings import Settings
from modelyard_server.tasks.base import Item
from tests.server.conftest import Serve
from tests.server.image_models import chosen_graph, detector_graph, detector_model, drawn, encoded
from tests.server.invariance import TOLERANCE, assert_batch_invariant

# Cells have 8 pixels of a frame of 64, so these are whole cells of a picture of 128 by 64.
RED = ("red", (16, 16, 32, 32))
BLUE = ("blue", (96, 32, 112, 48))
PICTURE = encoded(drawn((128, 64), [RED, BLUE]))


def text(content: bytes) -> str:
    return base64.b64encode(content).decode()


@pytest.fixture
def detector(tmp_path: Path) -> Path:
    return detector_model(tmp_path)


async def boxes(directory: Path, serve: Serve, content: bytes = PICTURE, **query: Any) -> dict[str, Any]:
    async with serve(directory) as client:
        response = await client.predict({"image": [text(content)]}, params=query)
    assert response.status_code == 200, response.text
    (entry,) = response.json()["predictions"]
    answer: dict[str, Any] = entry
    return answer


async def test_things_are_found_in_pixels_of_the_original(detector: Path, serve: Serve) -> None:
    answer = await boxes(detector, serve)

    # Each box is a fifth larger than its thing.
    assert answer == {
        "boxes": [
            {"label": "red", "score": 1.0, "box": [14.4, 14.4, 33.6, 33.6]},
            {"label": "blue", "score": 1.0, "box": [94.4, 30.4, 113.6, 49.6]},
        ],
        "width": 128,
        "height": 64,
    }


async def test_a_picture_that_lies_on_its_side_is_answered_upright(detector: Path, serve: Serve) -> None:
    lying = drawn((128, 64), [RED, BLUE]).transpose(Image.Transpose.ROTATE_90)
    exif = Image.Exif()
    exif[0x0112] = 6

    assert await boxes(detector, serve, encoded(lying, exif=exif)) == await boxes(detector, serve)


async def test_boxes_end_at_the_pictures_edge(detector: Path, serve: Serve) -> None:
    answer = await boxes(detector, serve, encoded(drawn((64, 64), [("green", (0, 56, 8, 64))])))

    assert [entry["box"] for entry in answer["boxes"]] == [[0.0, 55.2, 8.8, 64.0]]


async def test_a_request_chooses_among_the_boxes(detector: Path, serve: Serve) -> None:
    # Two cells beside each other overlap by 1/11; one is half dark.
    pair = encoded(
        drawn((64, 64), [("red", (8, 8, 16, 16)), ("red", (16, 8, 20, 16)), ("green", (40, 40, 48, 48))])
    )

    async def labels(**query: Any) -> list[str]:
        return [entry["label"] for entry in (await boxes(detector, serve, pair, **query))["boxes"]]

    assert await labels() == ["red", "green", "red"]
    assert await labels(conf=0.6) == ["red", "green"]
    assert await labels(iou=0.05) == ["red", "green"]
    assert await labels(max_det=1) == ["red"]


async def test_the_artifact_has_thresholds_of_its_own(detector: Path, serve: Serve) -> None:
    (detector / "modelyard.json").write_text(
        json.dumps({"detection": {"confidence": 0.1, "maxDetections": 1}, "labels": ["r", "g", "b"]})
    )

    assert [entry["label"] for entry in (await boxes(detector, serve))["boxes"]] == ["r"]
    assert len((await boxes(detector, serve, max_det=5))["boxes"]) == 2


@pytest.mark.parametrize(
    ("name", "value", "kind"),
    [
        ("conf", "2", "float_parsing"),
        ("conf", "nan", "float_parsing"),
        ("iou", "-0.1", "float_parsing"),
        ("max_det", "0", "int_parsing"),
        ("max_det", "100000", "int_parsing"),
        ("top_k", "1", "extra_forbidden"),
    ],
)
async def test_parameters_are_checked(name: str, value: str, kind: str, detector: Path, serve: Serve) -> None:
    async with serve(detector) as client:
        response = await client.predict({"image": [text(PICTURE)]}, params={name: value})

    assert response.status_code == 422
    assert response.json()["detail"][0]["loc"] == ["query", name]
    assert response.json()["detail"][0]["type"] == kind


async def test_suppression_may_be_built_in(tmp_path: Path, serve: Serve) -> None:
    directory = detector_model(tmp_path, chosen_graph(), args="{'nms': True}")
    red = encoded(drawn((128, 128), [("red", (0, 0, 128, 128))]))

    answer = await boxes(directory, serve, red)
    assert answer["boxes"] == [{"label": "red", "score": 1.0, "box": [16.0, 32.0, 80.0, 96.0]}]
    assert (await boxes(directory, serve, encoded(drawn((64, 64), []))))["boxes"] == []
    async with serve(directory) as client:
        refused = await client.predict({"image": [text(red)]}, params={"iou": 0.5})
    assert "the model itself decides" in refused.json()["detail"][0]["msg"]


async def test_the_protocol_gives_boxes_as_tensors(detector: Path, serve: Serve) -> None:
    empty = encoded(drawn((50, 40), []))
    tensor = {"name": "image", "datatype": "BYTES", "shape": [2], "data": [text(PICTURE), text(empty)]}
    async with serve(detector) as client:
        response = await client.post("/v2/models/sentiment/infer", json={"inputs": [tensor]})
        nothing = await client.post(
            "/v2/models/sentiment/infer", json={"inputs": [{**tensor, "shape": [1], "data": [text(empty)]}]}
        )

    outputs = {output["name"]: output for output in response.json()["outputs"]}
    assert outputs["boxes"]["shape"] == [2, 2, 4]
    assert outputs["boxes"]["data"][4:8] == pytest.approx([94.4, 30.4, 113.6, 49.6])
    assert outputs["boxes"]["data"][8:] == [0.0] * 8
    assert outputs["labels"]["data"] == ["red", "blue", "", ""]
    assert outputs["count"]["data"] == [2, 0]
    assert outputs["size"]["data"] == [128, 64, 50, 40]
    assert {output["name"]: output["shape"] for output in nothing.json()["outputs"]}["boxes"] == [1, 0, 4]


def same_boxes(first: dict[str, Any], second: dict[str, Any]) -> bool:
    return [entry["label"] for entry in first["boxes"]] == [
        entry["label"] for entry in second["boxes"]
    ] and all(
        abs(one["score"] - other["score"]) <= TOLERANCE and np.allclose(one["box"], other["box"], atol=0.02)
        for one, other in zip(first["boxes"], second["boxes"], strict=True)
    )


@pytest.mark.parametrize(("batch", "free"), [(1, False), ("batch", False), ("batch", True), (3, False)])
def test_answers_do_not_depend_on_the_batch(batch: Any, free: bool, tmp_path: Path) -> None:
    model = load_model(
        Settings(model_dir=detector_model(tmp_path, detector_graph(batch=batch, free=free), stride="16"))
    )
    wanted = model.task.warm_up()[0].parameters
    rng = np.random.default_rng(5)
    pictures = []
    for _ in range(40):
        left, top = (int(value) for value in rng.integers(0, 40, 2))
        size = (int(rng.integers(64, 160)), int(rng.integers(64, 160)))
        pictures.append(encoded(drawn(size, [("red", (left, top, left + 24, top + 24))])))
    assert len({answer.fragment for answer in model.run([Item(one, wanted) for one in pictures])}) > 30

    assert_batch_invariant(model, pictures, same_boxes, wanted)


def test_a_free_frame_is_as_small_as_the_stride_lets_it(tmp_path: Path) -> None:
    model = load_model(
        Settings(model_dir=detector_model(tmp_path, detector_graph(batch="batch", free=True), stride="16"))
    )
    prepared = model.task.prepare([Item(PICTURE, model.task.warm_up()[0].parameters)])

    assert prepared[0].payload.pixels.shape == (32, 64, 3)
    assert prepared[0].nbytes == 4 * 3 * 32 * 64
    assert prepared[0].group == (64, 32)


@pytest.mark.parametrize(
    ("metadata", "graph", "words"),
    [
        ({"task": "segment"}, detector_graph(), "segment"),
        ({"names": "{0: 'a', 1: 'b'}"}, detector_graph(), "with 2 labels"),
        ({"imgsz": ""}, detector_graph(free=True), "imgsz"),
        ({"imgsz": "__import__('os')"}, detector_graph(free=True), "imgsz"),
    ],
)
def test_another_model_is_refused(
    metadata: dict[str, str], graph: onnx.GraphProto, words: str, tmp_path: Path
) -> None:
    detector_model(tmp_path, graph, **metadata)

    with pytest.raises(SourceError, match=words):
        load_model(Settings(model_dir=tmp_path, task="object-detection"))


def test_a_bare_detector_gets_labels_that_say_so(tmp_path: Path) -> None:
    model = load_model(
        Settings(model_dir=detector_model(tmp_path, names="", task=""), task="object-detection")
    )

    answer = model.run([Item(PICTURE, model.task.warm_up()[0].parameters)])[0]

    assert {entry["label"] for entry in json.loads(answer.fragment)["boxes"]} == {"class_0", "class_2"}
    assert "class_0 to class_2" in " ".join(model.artifact.assumed)
