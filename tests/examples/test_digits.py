import json

import numpy as np
import onnxruntime
import pytest

from tests.examples.loading import DIGITS, card_module

ZERO = [
    [0, 0, 5, 13, 9, 1, 0, 0],
    [0, 0, 13, 15, 10, 15, 5, 0],
    [0, 3, 15, 2, 0, 11, 8, 0],
    [0, 4, 12, 0, 0, 8, 8, 0],
    [0, 5, 8, 0, 0, 9, 8, 0],
    [0, 4, 11, 0, 1, 12, 7, 0],
    [0, 2, 14, 5, 10, 12, 0, 0],
    [0, 0, 6, 13, 10, 0, 0, 0],
]
ONE = [[0, 0, 0, 12, 13, 5, 0, 0]] + [[0, 0, 0, 11, 16, 9, 0, 0]] * 6 + [[0, 0, 0, 11, 16, 10, 0, 0]]


@pytest.fixture(scope="module")
def session() -> onnxruntime.InferenceSession:
    return onnxruntime.InferenceSession(DIGITS / "model.onnx", providers=["CPUExecutionProvider"])


def pixels(*digits: list[list[int]]) -> np.ndarray:
    return np.array(digits, dtype=np.float32).reshape(len(digits), 64)


def test_reads_digits(session: onnxruntime.InferenceSession) -> None:
    labels, probabilities = session.run(["label", "probabilities"], {"pixels": pixels(ZERO, ONE)})

    assert labels.tolist() == [0, 1]
    assert probabilities.shape == (2, 10)
    assert probabilities.sum(axis=1) == pytest.approx([1, 1], abs=1e-5)


def test_inputs_and_outputs_are_plain_tensors(session: onnxruntime.InferenceSession) -> None:
    assert [(i.name, i.type, i.shape) for i in session.get_inputs()] == [
        ("pixels", "tensor(float)", ["batch", 64])
    ]
    assert [(o.name, o.type, o.shape) for o in session.get_outputs()] == [
        ("label", "tensor(int64)", ["batch"]),
        ("probabilities", "tensor(float)", ["batch", 10]),
    ]


def test_answer_does_not_depend_on_its_batch(session: onnxruntime.InferenceSession) -> None:
    rows = np.random.default_rng(7).integers(0, 17, size=(64, 64)).astype(np.float32)
    order = np.random.default_rng(8).permutation(64)

    alone = np.concatenate([session.run(["probabilities"], {"pixels": row[None]})[0] for row in rows])
    together = session.run(["probabilities"], {"pixels": rows})[0]
    shuffled = np.empty_like(alone)
    shuffled[order] = session.run(["probabilities"], {"pixels": rows[order]})[0]

    for batched in (together, shuffled):
        assert (alone.argmax(axis=1) == batched.argmax(axis=1)).all()
        assert np.abs(alone - batched).max() <= 1e-3


def test_card_says_what_was_measured() -> None:
    metrics = json.loads((DIGITS / "metrics.json").read_text())

    assert (DIGITS / "README.md").read_text() == card_module("digits").render(metrics)
    assert metrics["accuracy"]["this model"]["accuracy"] >= 0.96
