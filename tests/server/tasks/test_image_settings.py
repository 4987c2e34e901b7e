import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto

from modelyard_server.artifact.describe import describe
from modelyard_server.artifact.huggingface import HuggingFaceFileError
from modelyard_server.engines import EngineOptions
from modelyard_server.engines.onnxruntime import open_engine
from modelyard_server.report import SourceError
from modelyard_server.tasks.image_processors import read_processor
from modelyard_server.tasks.image_settings import PictureEncoder, image_settings
from modelyard_server.tasks.pictures.formats import PictureError
from tests.server.image_models import colour_model, encoded, plain, textured
from tests.server.tasks.parity.cases import picture, samples

RECORDED = json.loads((Path(__file__).parent / "parity" / "processors.json").read_text())


def encoder(directory: Path, **options: Any) -> PictureEncoder:
    colour_model(directory, **options)
    artifact = describe(directory)
    signature = open_engine(artifact.model_file, EngineOptions(1)).signature
    return PictureEncoder(image_settings(artifact, signature), 10**6)


def tensor_of(made: PictureEncoder, content: bytes) -> Any:
    return made.settings.numbers.tensor([made.encode(content)])[0]


@pytest.mark.parametrize(
    "case", RECORDED, ids=lambda case: f"{case['config']['image_processor_type']}-{case['picture']}"
)
def test_tensors_are_those_of_transformers(case: dict[str, Any], tmp_path: Path) -> None:
    pixels = encoder(tmp_path, size="side", preprocessor_config=case["config"])

    tensor = tensor_of(pixels, encoded(picture(tuple(case["picture"]))))

    assert list(tensor.shape) == case["shape"]
    assert tensor.dtype == np.float32
    # A step of 255 in any channel is at least so much; Pillow and its users round alike.
    assert np.abs(np.array(samples(tensor)) - np.array(case["samples"])).max() <= 2e-4


def test_the_recorded_tensors_differ_from_each_other() -> None:
    assert len({json.dumps(case["samples"]) for case in RECORDED}) == len(RECORDED)


PICTURE = textured((50, 34))


def reference(image: Any, scale: float, mean: list[float], std: list[float]) -> Any:
    return ((np.asarray(image).astype(float) * scale - mean) / std).transpose(2, 0, 1)


def test_modelyard_json_says_how_pictures_become_tensors(tmp_path: Path) -> None:
    section = {
        "size": [8, 8],
        "resize": "crop",
        "resizeTo": 10,
        "interpolation": "bicubic",
        "mean": [0.1, 0.2, 0.3],
        "std": [0.5, 0.6, 0.7],
        "channels": "BGR",
    }
    made = encoder(tmp_path, modelyard={"image": section})

    resized = PICTURE.resize((14, 10), 3).crop((3, 1, 11, 9))
    expected = reference(np.asarray(resized)[:, :, ::-1], 1 / 255, [0.1, 0.2, 0.3], [0.5, 0.6, 0.7])
    assert np.allclose(tensor_of(made, encoded(PICTURE)), expected, atol=1e-5)


def test_a_section_changes_only_what_it_says(tmp_path: Path) -> None:
    config = RECORDED[0]["config"] | {"size": {"height": 8, "width": 8}}
    made = encoder(tmp_path, modelyard={"image": {"mean": [0.25]}}, preprocessor_config=config)

    expected = reference(PICTURE.resize((8, 8), 2), 1 / 255, [0.25] * 3, [0.5] * 3)
    assert np.allclose(tensor_of(made, encoded(PICTURE)), expected, atol=1e-5)


@pytest.mark.parametrize(
    ("resize", "expected"),
    [
        ("stretch", PICTURE.resize((8, 8), 2)),
        ("crop", PICTURE.resize((11, 8), 2).crop((1, 0, 9, 8))),
    ],
)
def test_the_ways_to_resize(resize: str, expected: Any, tmp_path: Path) -> None:
    made = encoder(tmp_path, modelyard={"image": {"resize": resize}})

    assert np.allclose(
        tensor_of(made, encoded(PICTURE)), reference(expected, 1 / 255, [0] * 3, [1] * 3), atol=1e-5
    )


def test_a_picture_may_be_padded(tmp_path: Path) -> None:
    made = encoder(tmp_path, modelyard={"image": {"resize": "pad", "fill": 51}})

    tensor = tensor_of(made, encoded(plain("red", (40, 20))))

    assert np.allclose(tensor[:, :2], 0.2) and np.allclose(tensor[:, 6:], 0.2)
    assert np.allclose(tensor[0, 2:6], 1) and np.allclose(tensor[1:, 2:6], 0)


def test_a_picture_may_have_to_have_the_models_size(tmp_path: Path) -> None:
    made = encoder(tmp_path, modelyard={"image": {"resize": "none"}})

    assert tensor_of(made, encoded(plain("red", (8, 8)))).shape == (3, 8, 8)
    with pytest.raises(PictureError, match="8 x 8"):
        tensor_of(made, encoded(plain("red", (8, 9))))


def test_models_may_take_gray_pictures(tmp_path: Path) -> None:
    made = encoder(tmp_path, channels=1, modelyard={"image": {"resize": "stretch"}})

    assert np.allclose(tensor_of(made, encoded(plain("red"))), 76 / 255, atol=1e-6)


@pytest.mark.parametrize(
    ("kind", "dtype"),
    [(TensorProto.UINT8, np.uint8), (TensorProto.FLOAT16, np.float16), (TensorProto.FLOAT, np.float32)],
)
def test_the_models_input_says_layout_and_type(kind: int, dtype: Any, tmp_path: Path) -> None:
    made = encoder(tmp_path, kind=kind, nhwc=True, modelyard={"image": {"resize": "stretch"}})

    tensor = tensor_of(made, encoded(plain((255, 51, 0))))

    assert tensor.shape == (8, 8, 3)
    assert tensor.dtype == dtype
    assert tensor[0, 0].tolist() == pytest.approx(
        [255, 51, 0] if dtype is np.uint8 else [1, 0.2, 0], abs=1e-3
    )


def test_what_nothing_says_is_said_in_the_log(tmp_path: Path) -> None:
    colour_model(tmp_path)
    artifact = describe(tmp_path)
    signature = open_engine(artifact.model_file, EngineOptions(1)).signature

    settings = image_settings(artifact, signature)

    assert "ImageNet" in " ".join(artifact.assumed)
    tensor = tensor_of(PictureEncoder(settings, 10**6), encoded(plain("white")))
    assert tensor[:, 0, 0].tolist() == pytest.approx(
        [(1 - 0.485) / 0.229, (1 - 0.456) / 0.224, (1 - 0.406) / 0.225]
    )


def test_ultralytics_classifiers_take_plain_values(tmp_path: Path) -> None:
    made = encoder(tmp_path, metadata={"task": "classify", "names": "{0: 'a', 1: 'b', 2: 'c'}"})

    assert np.allclose(tensor_of(made, encoded(plain("white"))), 1)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"modelyard": {"image": {"size": 9}}}, "8 x 8"),
        ({"size": "side"}, '"size": 224'),
        ({"channels": 5}, "5 channels"),
        ({"modelyard": {"image": {"channels": "gray"}}}, "image.channels"),
        ({"kind": TensorProto.UINT8, "modelyard": {"image": {"mean": [0.5]}}}, "image.mean"),
        ({"kind": TensorProto.INT64}, "takes no pictures"),
    ],
)
def test_files_that_do_not_fit_the_model_are_refused(
    options: dict[str, Any], words: str, tmp_path: Path
) -> None:
    with pytest.raises(SourceError, match=words):
        encoder(tmp_path, **options)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"do_pad": True}, "do_pad"),
        ({"size": {"shortest_edge": 8, "longest_edge": 20}}, "size"),
        ({"size": "large"}, "size"),
        ({"size": {"height": 0, "width": 8}}, "size"),
        ({"resample": 9}, "resample"),
        ({"rescale_factor": "a"}, "rescale_factor"),
        ({"image_mean": [1, 2]}, "image_mean"),
        ({"image_std": [0, 1, 1]}, "image_std"),
    ],
)
def test_what_can_not_be_done_names_its_field(change: dict[str, Any], field: str) -> None:
    with pytest.raises(HuggingFaceFileError, match=f"{field}: .*modelyard.json"):
        read_processor(RECORDED[0]["config"] | change)


def test_a_model_may_take_more_pixels_than_a_picture_may_have(tmp_path: Path) -> None:
    section = {"size": 64, "resize": "crop", "resizeTo": 72}
    colour_model(tmp_path, size="side", modelyard={"image": section})
    artifact = describe(tmp_path)
    signature = open_engine(artifact.model_file, EngineOptions(1)).signature
    made = PictureEncoder(image_settings(artifact, signature), max_pixels=100)

    assert made.encode(encoded(plain("red", (10, 10)))).shape == (64, 64, 3)


def test_old_files_with_plain_numbers_are_understood() -> None:
    config = {"image_mean": 0.5, "image_std": 0.5, "size": 32}

    square = read_processor(config | {"feature_extractor_type": "ViTFeatureExtractor"})
    shorter = read_processor(config | {"feature_extractor_type": "CLIPFeatureExtractor"})

    assert square.resizing is not None and square.resizing((50, 100)) == (32, 32)
    assert shorter.resizing is not None and shorter.resizing((50, 100)) == (32, 64)
    assert shorter == replace(square, resizing=shorter.resizing, size=(32, 32))
