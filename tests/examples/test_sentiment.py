import itertools
import json

import numpy as np
import onnx
import pytest

from tests.examples.loading import SENTIMENT, Sentiment, card_module

SUBJECTS = ["The film", "Her second novel", "This blender", "Their last concert, the one in the rain,", "It"]
VERBS = ["is", "was never", "turned out to be", "could have been"]
VERDICTS = [
    "wonderful",
    "dull",
    "a waste of two hours that I will not get back, whatever the reviews said",
    "as good as anything that has been made in years",
    "so-so",
    "unwatchable, and yet I laughed",
]
TEXTS = [" ".join(parts) + "." for parts in itertools.product(SUBJECTS, VERBS, VERDICTS)]


@pytest.fixture(scope="module")
def sentiment() -> Sentiment:
    return Sentiment()


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("Welcome to the project!", "POSITIVE"),
        ("You are awesome", "POSITIVE"),
        ("what a boring film", "NEGATIVE"),
        ("I loved every minute of it.", "POSITIVE"),
        ("The plot makes no sense and the acting is worse.", "NEGATIVE"),
    ],
)
def test_labels_plain_texts(sentiment: Sentiment, text: str, label: str) -> None:
    assert sentiment.label(text) == label


def test_layout_names_labels_and_task() -> None:
    config = json.loads((SENTIMENT / "config.json").read_text())

    assert config["id2label"] == {"0": "NEGATIVE", "1": "POSITIVE"}
    assert config["label2id"] == {"NEGATIVE": 0, "POSITIVE": 1}
    assert config["architectures"] == ["BertForSequenceClassification"]
    assert (SENTIMENT / "tokenizer_config.json").is_file()


def test_graph_takes_token_ids_and_mask_and_holds_its_weights(sentiment: Sentiment) -> None:
    assert [node.name for node in sentiment.session.get_inputs()] == ["input_ids", "attention_mask"]
    assert [node.name for node in sentiment.session.get_outputs()] == ["logits"]
    model = onnx.load(SENTIMENT / "onnx/model.onnx", load_external_data=False)
    assert not any(tensor.external_data for tensor in model.graph.initializer)


@pytest.mark.parametrize("shuffled", [False, True], ids=["in order", "shuffled"])
def test_answer_does_not_depend_on_its_batch(sentiment: Sentiment, shuffled: bool) -> None:
    alone = sentiment.scores(TEXTS, batch=1)
    order = np.random.default_rng(7).permutation(len(TEXTS)) if shuffled else np.arange(len(TEXTS))

    batched = np.empty_like(alone)
    batched[order] = sentiment.scores([TEXTS[i] for i in order], batch=32)

    assert (alone.argmax(axis=1) == batched.argmax(axis=1)).all()
    assert np.abs(alone - batched).max() <= 1e-3


def test_long_text_is_cut_and_answered(sentiment: Sentiment) -> None:
    limit = json.loads((SENTIMENT / "tokenizer_config.json").read_text())["model_max_length"]

    assert len(sentiment.tokenizer.encode("word " * 5_000).ids) == limit
    assert sentiment.label("A splendid film. " * 1_000) == "POSITIVE"


def test_card_says_what_was_measured() -> None:
    metrics = json.loads((SENTIMENT / "metrics.json").read_text())

    assert (SENTIMENT / "README.md").read_text() == card_module("sentiment").render(metrics)


def test_measured_accuracy_and_form_hold_the_goals() -> None:
    metrics = json.loads((SENTIMENT / "metrics.json").read_text())
    held_out = metrics["accuracy"]["movies, held out"]
    chosen = metrics["forms"][metrics["chosen"]]

    assert held_out["this model"]["all"]["n"] == 1600
    assert held_out["this model"]["all"]["accuracy"] >= 0.84
    assert all(
        held_out["this model"]["all"]["low"] > report["all"]["high"]
        for method, report in held_out.items()
        if method != "this model"
    )
    assert chosen["accuracy"] == held_out["this model"]["all"]["accuracy"]
    assert chosen["accuracy"] >= metrics["forms"]["fp32"]["accuracy"] - 0.003
    assert chosen["batch"]["flips"] == 0
    assert chosen["batch"]["shift"] <= 1e-3
    size = (SENTIMENT / "onnx/model.onnx").stat().st_size
    assert size / 1e6 == pytest.approx(chosen["megabytes"], abs=0.01)
