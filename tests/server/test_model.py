import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest

from modelyard_server import contract
from modelyard_server.model import load_model, warm_up
from modelyard_server.report import SourceError
from modelyard_server.settings import Settings
from modelyard_server.tasks.base import Item
from tests.server.invariance import assert_batch_invariant, same_labels
from tests.server.models import WORDS, linear_model, text_model


def texts(count: int) -> list[str]:
    rng = random.Random(3)
    return [" ".join(rng.choices(list(WORDS), k=rng.randint(1, 20))) for _ in range(count)]


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"labels": ["a", "b", "c"], "problem_type": "multi_label_classification"},
        {"batch": 1},
        {"batch": 8},
        {"tokens": 16},
        {"batch": 4, "tokens": 12},
        {"token_types": False},
        {"tokenizer": {"padding_side": "left"}},
    ],
)
def test_text_answers_do_not_depend_on_the_batch(tmp_path: Path, form: dict[str, Any]) -> None:
    model = load_model(Settings(model_dir=text_model(tmp_path, **form)))

    assert_batch_invariant(model, texts(70), same_labels)


@pytest.mark.parametrize("batch", ["batch", 1])
def test_tensor_answers_do_not_depend_on_the_batch(tmp_path: Path, batch: int | str) -> None:
    model = load_model(Settings(model_dir=linear_model(tmp_path, batch=batch)))
    rng = np.random.default_rng(5)
    rows = [(rng.normal(size=4).astype(np.float32),) for _ in range(70)]

    def same(first: Any, second: Any) -> bool:
        return first["best"] == second["best"] and np.allclose(first["scores"], second["scores"], atol=1e-3)

    assert_batch_invariant(model, rows, same)


def test_a_classifier_agrees_with_arithmetic(tmp_path: Path) -> None:
    """The whole way: tokenizer, padding, mask, softmax, order."""
    model = load_model(Settings(model_dir=text_model(tmp_path)))
    vector = (np.array(WORDS["awesome"]) + np.array(WORDS["film"])) / 4  # [CLS] and [SEP] are zeros
    rng = np.random.default_rng(7)
    logits = vector @ (np.eye(2) * 4 + rng.normal(0, 0.01, (2, 2)))
    expected = np.exp(logits) / np.exp(logits).sum()
    [short, _] = model.run([Item("Awesome film"), Item("the film the film the film the")])

    entry = orjson.loads(short.fragment)
    assert [label["label"] for label in entry] == ["POSITIVE", "NEGATIVE"]
    assert [label["score"] for label in entry] == pytest.approx([expected[1], expected[0]], abs=1e-5)


def failure(directory: Path, **settings: Any) -> SourceError:
    with pytest.raises(SourceError) as caught:
        warm_up(load_model(Settings(model_dir=directory, **settings)))
    assert caught.value.permanent
    return caught.value


def test_an_unknown_task_names_those_there_are(linear: Path) -> None:
    error = failure(linear, task="poetry")

    assert error.reason == contract.REASON_NOT_A_MODEL
    assert "tensor, text-classification" in error.message


def test_a_tensor_model_is_no_classifier(tmp_path: Path) -> None:
    text_model(tmp_path)
    linear_model(tmp_path)
    error = failure(tmp_path)

    assert error.reason == contract.REASON_NOT_A_MODEL
    assert "it takes ['x']" in error.message


def test_labels_and_outputs_must_agree(tmp_path: Path) -> None:
    text_model(tmp_path, ["a", "b", "c"])
    (tmp_path / "modelyard.json").write_text('{"labels": ["a", "b"]}')

    assert "3 scores and has 2 labels" in failure(tmp_path).message


def test_a_broken_tokenizer_is_named(tmp_path: Path) -> None:
    text_model(tmp_path)
    (tmp_path / "tokenizer.json").write_text("{}")

    assert "tokenizer.json: not a tokenizer" in failure(tmp_path).message


def test_a_model_that_fails_on_its_first_input_is_not_loaded(tmp_path: Path) -> None:
    """A vocabulary that is larger than the embedding is found before the first request."""
    text_model(tmp_path)
    path = tmp_path / "tokenizer.json"
    tokenizer = json.loads(path.read_text())
    tokenizer["model"]["vocab"]["warm"] = 999
    path.write_text(json.dumps(tokenizer))
    error = failure(tmp_path)

    assert error.reason == contract.REASON_LOAD_FAILED
    assert "fails on its first input" in error.message
