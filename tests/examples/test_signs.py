import json
import sys

import httpx
import numpy as np
import onnx
import onnxruntime
import pytest
from sklearn.datasets import load_sample_image

from modelyard_server.model import load_model
from modelyard_server.settings import Settings
from tests.examples.loading import EXAMPLES, SIGNS, card_module, module
from tests.server.conftest import served
from tests.server.invariance import assert_batch_invariant, same_labels

METRICS = json.loads((SIGNS / "metrics.json").read_text())


def drawn(count: int, monkeypatch: pytest.MonkeyPatch) -> tuple[list[bytes], list[str]]:
    """JPEGs before the photograph that was held out, by a seed of the test's own."""
    monkeypatch.syspath_prepend(EXAMPLES / "signs")
    monkeypatch.setitem(sys.modules, "signs", module("signs", "signs"))
    pictures = module("signs", "pictures")
    photograph, rng = load_sample_image("flower.jpg"), np.random.default_rng(3)
    labels = [pictures.LABELS[index % len(pictures.LABELS)] for index in range(count)]
    return [pictures.picture(label, photograph, rng) for label in labels], labels


async def test_tells_signs_apart_that_it_has_not_learned_from(monkeypatch: pytest.MonkeyPatch) -> None:
    files, labels = drawn(200, monkeypatch)
    found: list[str] = []
    async with served(SIGNS) as client:
        for start in range(0, len(files), 20):
            form = [("image", ("sign.jpg", file)) for file in files[start : start + 20]]
            answer = await client.post("/predict", files=form)
            assert answer.status_code == httpx.codes.OK, answer.text
            found += [entry[0]["label"] for entry in answer.json()["predictions"]]

    right = np.mean([one == other for one, other in zip(found, labels, strict=True)])
    # Four deviations of 200 pictures about what was measured on 2,000.
    share = METRICS["accuracy"]["as learned"]["accuracy"]
    assert right >= share - 4 * np.sqrt(share * (1 - share) / len(files)) - 0.005


def test_answers_do_not_depend_on_the_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    files, _ = drawn(40, monkeypatch)

    assert_batch_invariant(load_model(Settings(model_dir=SIGNS)), files, same_labels)


def test_one_file_of_five_to_six_megabytes_takes_any_batch_and_tells_nothing_of_its_maker() -> None:
    path = SIGNS / "onnx/model.onnx"
    model = onnx.load(path, load_external_data=False)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])

    [pixels] = session.get_inputs()
    assert isinstance(pixels.shape[0], str)
    assert pixels.shape[1:] == [3, 96, 96]
    assert not any(tensor.external_data for tensor in model.graph.initializer)
    assert 5e6 <= path.stat().st_size <= 6e6
    assert path.stat().st_size / 1e6 == pytest.approx(METRICS["megabytes"], abs=0.001)
    assert b"site-packages" not in path.read_bytes()


def test_labels_are_those_that_are_drawn() -> None:
    config = json.loads((SIGNS / "config.json").read_text())

    assert list(config["id2label"].values()) == sorted(module("signs", "signs").SIGNS)


def test_card_says_what_was_measured() -> None:
    assert (SIGNS / "README.md").read_text() == card_module("signs").render(METRICS)
    assert METRICS["accuracy"]["as learned"]["low"] >= 0.9
    assert METRICS["session_p50_us"] <= 400
