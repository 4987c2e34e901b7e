import json

import numpy as np
import onnx
import onnxruntime
import pytest
from tokenizers import Tokenizer

from tests.examples.loading import EMBEDDING, EXAMPLES, card_module

REFERENCE = json.loads((EXAMPLES / "embedding/reference.json").read_text())


def test_layout_is_that_of_sentence_transformers() -> None:
    modules = json.loads((EMBEDDING / "modules.json").read_text())
    pooling = json.loads((EMBEDDING / "1_Pooling/config.json").read_text())

    assert [entry["type"].rpartition(".")[2] for entry in modules] == ["Transformer", "Pooling", "Normalize"]
    assert pooling["pooling_mode_mean_tokens"]


def test_graph_holds_its_weights() -> None:
    model = onnx.load(EMBEDDING / "onnx/model.onnx", load_external_data=False)

    assert not any(tensor.external_data for tensor in model.graph.initializer)
    assert [output.name for output in model.graph.output] == ["last_hidden_state"]


def test_near_texts_are_near() -> None:
    session = onnxruntime.InferenceSession(EMBEDDING / "onnx/model.onnx", providers=["CPUExecutionProvider"])
    tokenizer = Tokenizer.from_file(str(EMBEDDING / "tokenizer.json"))
    tokenizer.no_padding()
    vectors = []
    for entry in REFERENCE[:6]:
        ids = np.array([tokenizer.encode(entry["text"]).ids])
        [tokens] = session.run(None, {"input_ids": ids, "attention_mask": np.ones_like(ids)})
        mean = tokens[0].mean(axis=0)
        vectors.append(mean / np.linalg.norm(mean))
    likeness = np.array(vectors) @ np.array(vectors).T

    np.fill_diagonal(likeness, -1)
    assert likeness.argmax(axis=1).tolist() == [1, 0, 3, 2, 5, 4]


def test_card_says_what_was_measured() -> None:
    metrics = json.loads((EMBEDDING / "metrics.json").read_text())

    assert (EMBEDDING / "README.md").read_text() == card_module("embedding").render(metrics)


def test_measured_form_holds_the_goals() -> None:
    metrics = json.loads((EMBEDDING / "metrics.json").read_text())
    chosen = metrics["forms"][metrics["chosen"]]
    size = (EMBEDDING / "onnx/model.onnx").stat().st_size

    assert metrics["forms"]["fp32"]["cosine"]["least"] >= 0.9999
    assert chosen["cosine"]["least"] >= 0.99
    assert chosen["shift"] <= 1e-3
    assert abs(chosen["probe"] - metrics["probe"]["sentence-transformers"]) <= 0.005
    assert size <= 20e6
    assert size / 1e6 == pytest.approx(chosen["megabytes"], abs=0.01)
