"""The same answers from every engine, alone and in any batch."""

from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest

from modelyard_server.engines import ENGINES
from modelyard_server.model import Model, load_model
from modelyard_server.settings import Settings
from modelyard_server.tasks import Item
from tests.server.invariance import assert_batch_invariant, same_labels
from tests.server.models import linear_model, text_model

EXAMPLES = Path(__file__).parents[3] / "examples"
TEXTS = [
    "what a great film",
    "boring",
    "the film was bad, the actors were good and the end was boring",
    "a warm up",
    "awesome awesome awesome",
    "",
    "one of the best evenings that I have spent in front of a screen, and I have spent many of them there",
] * 6


def loaded(directory: Path, engine: str) -> Model:
    return load_model(Settings(model_dir=directory, engine=engine, threads=1))


def fragments(model: Model, values: list[Any]) -> list[Any]:
    return [orjson.loads(answer.fragment) for answer in model.run([Item(value) for value in values])]


@pytest.mark.parametrize("name", ["bag of words", "sentiment"])
def test_texts_get_the_same_labels(name: str, tmp_path: Path) -> None:
    directory = text_model(tmp_path) if name == "bag of words" else EXAMPLES / "sentiment/model"
    ours = {engine: fragments(loaded(directory, engine), TEXTS) for engine in ENGINES}

    for one, other in zip(ours["onnxruntime"], ours["openvino"], strict=True):
        if name == "bag of words":
            assert same_labels(one, other)
        else:
            # Four-bit weights with activations that each engine rounds in its own way.
            assert one[0]["label"] == other[0]["label"]
            assert one[0]["score"] == pytest.approx(other[0]["score"], abs=0.05)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", ["bag of words", "sentiment"])
def test_an_answer_never_depends_on_its_batch(engine: str, name: str, tmp_path: Path) -> None:
    directory = text_model(tmp_path) if name == "bag of words" else EXAMPLES / "sentiment/model"
    assert_batch_invariant(loaded(directory, engine), TEXTS, same_labels)


def test_digits_are_the_same() -> None:
    rng = np.random.default_rng(5)
    feeds = {"pixels": rng.integers(0, 17, (40, 64)).astype(np.float32)}
    models = {engine: loaded(EXAMPLES / "digits/model", engine).engine for engine in ENGINES}
    ours = {engine: model.run(feeds) for engine, model in models.items()}

    assert ours["onnxruntime"]["label"].tolist() == ours["openvino"]["label"].tolist()
    np.testing.assert_allclose(
        ours["onnxruntime"]["probabilities"], ours["openvino"]["probabilities"], atol=1e-3
    )


def test_tensors_are_the_same(tmp_path: Path) -> None:
    directory = linear_model(tmp_path)
    feeds = {"x": np.random.default_rng(1).normal(size=(33, 4)).astype(np.float32)}
    ours = [loaded(directory, engine).engine.run(feeds) for engine in ENGINES]

    np.testing.assert_allclose(ours[0]["scores"], ours[1]["scores"], atol=1e-5)
    assert ours[0]["best"].tolist() == ours[1]["best"].tolist()
    assert ours[0]["best"].dtype == ours[1]["best"].dtype == np.int64
