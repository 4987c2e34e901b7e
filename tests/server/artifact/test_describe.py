import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from modelyard_server import contract
from modelyard_server.artifact.describe import describe
from modelyard_server.artifact.manifest import Activation
from modelyard_server.engines.base import TensorSpec
from modelyard_server.model import load_model
from modelyard_server.report import SourceError
from modelyard_server.settings import Settings
from modelyard_server.tasks.classes import read_classes
from modelyard_server.tasks.text_settings import text_settings
from tests.server.models import linear_model, text_model

LOGITS = [TensorSpec("logits", np.dtype(np.float32), (None, 2))]


def manifest(directory: Path, **content: Any) -> None:
    (directory / "modelyard.json").write_text(json.dumps(content))


def refused(source: Path, **settings: Any) -> SourceError:
    with pytest.raises(SourceError) as caught:
        load_model(Settings(model_dir=source, **settings))
    assert caught.value.permanent
    return caught.value


def test_a_hugging_face_layout_says_all_by_itself(tmp_path: Path) -> None:
    artifact = describe(text_model(tmp_path, ["neg", "pos"]))

    assert artifact.task is None
    assert artifact.model_file == tmp_path / "model.onnx"
    assert artifact.variant == "default"
    text = text_settings(artifact)
    assert text.max_length == 16
    assert text.pad_id == 0
    classes = read_classes(artifact, LOGITS)
    assert classes.labels == ("neg", "pos")
    assert classes.activation is Activation.SOFTMAX
    assert artifact.assumed == []


def test_an_onnx_form_that_was_added_later_brings_what_the_root_lacks(tmp_path: Path) -> None:
    text_model(tmp_path, ["neg", "pos"])
    (tmp_path / "onnx").mkdir()
    for name in ("model.onnx", "tokenizer.json"):
        (tmp_path / name).rename(tmp_path / "onnx" / name)
    (tmp_path / "onnx" / "config.json").write_text("{}")

    artifact = describe(tmp_path)
    assert text_settings(artifact).tokenizer_file == tmp_path / "onnx" / "tokenizer.json"
    assert read_classes(artifact, LOGITS).labels == ("neg", "pos"), "the root's config.json comes first"
    assert load_model(Settings(model_dir=tmp_path)).task_name == "text-classification"


def test_the_manifest_goes_before_the_files_and_the_resource_before_the_manifest(tmp_path: Path) -> None:
    text_model(tmp_path)
    (tmp_path / "other.onnx").write_bytes(b"")
    manifest(
        tmp_path,
        task="text-classification",
        file="other.onnx",
        labels=["a", "b"],
        activation="sigmoid",
        maxLength=8,
        threshold=0.5,
        topK=1,
    )
    artifact = describe(tmp_path)
    assert artifact.model_file.name == "other.onnx"
    classes = read_classes(artifact, LOGITS)
    assert classes.labels == ("a", "b")
    assert classes.activation is Activation.SIGMOID
    assert text_settings(artifact).max_length == 8
    assert (classes.threshold, classes.top_k) == (0.5, 1)

    over = describe(tmp_path, task="tensor", variant="model.onnx")
    assert over.task == "tensor"
    assert over.model_file.name == "model.onnx"


@pytest.mark.parametrize("file", ["model.onnx", "onnx/model.onnx", "anything.onnx"])
def test_auto_finds_the_model(tmp_path: Path, file: str) -> None:
    assert describe(text_model(tmp_path, file=file)).model_file == tmp_path / file


def test_a_variant_picks_its_file(tmp_path: Path) -> None:
    text_model(tmp_path, file="onnx/model.onnx")
    text_model(tmp_path, file="onnx/model_int8.onnx")

    assert describe(tmp_path, variant="int8").model_file == tmp_path / "onnx/model_int8.onnx"
    assert describe(tmp_path, variant="int8").variant == "int8"
    assert describe(tmp_path).model_file == tmp_path / "onnx/model.onnx"
    error = refused(tmp_path, variant="q4")
    assert error.reason == contract.REASON_NOT_A_MODEL
    assert "onnx/model_int8.onnx" in error.message


def test_a_bare_onnx_is_a_tensor_model_and_says_what_it_assumed(tmp_path: Path) -> None:
    model = load_model(Settings(model_dir=linear_model(tmp_path)))

    assert model.task_name == "tensor"
    assert any("task: tensor" in assumed for assumed in model.artifact.assumed)


def test_one_file_is_a_source_too(tmp_path: Path) -> None:
    linear_model(tmp_path)

    assert describe(tmp_path / "model.onnx").model_file == tmp_path / "model.onnx"


@pytest.mark.parametrize(
    ("config", "activation"),
    [
        ({"problem_type": "multi_label_classification"}, Activation.SIGMOID),
        ({"problem_type": "single_label_classification"}, Activation.SOFTMAX),
        ({"problem_type": "regression"}, Activation.NONE),
        ({"id2label": {"0": "score"}}, Activation.SIGMOID),
    ],
)
def test_activation_follows_the_problem_type(
    tmp_path: Path, config: dict[str, Any], activation: Activation
) -> None:
    artifact = describe(text_model(tmp_path, **config))
    outputs = [TensorSpec("logits", np.dtype(np.float32), (None, None))]
    assert read_classes(artifact, outputs).activation is activation


@pytest.mark.parametrize(
    ("config", "tokenizer", "length"),
    [
        ({}, {"model_max_length": 10**30}, 512),
        ({}, {"model_max_length": 128}, 128),
        ({"max_position_embeddings": 64}, {"model_max_length": 128}, 64),
        ({"max_position_embeddings": 514, "model_type": "roberta"}, {"model_max_length": 10**30}, 512),
        ({"max_position_embeddings": None}, {"model_max_length": None}, 512),
    ],
)
def test_the_longest_text(
    tmp_path: Path, config: dict[str, Any], tokenizer: dict[str, Any], length: int
) -> None:
    assert text_settings(describe(text_model(tmp_path, tokenizer=tokenizer, **config))).max_length == length


def test_padding_is_the_tokenizers(tmp_path: Path) -> None:
    text_model(tmp_path, tokenizer={"padding_side": "left", "pad_token": "[MASK]"})
    path = tmp_path / "tokenizer.json"
    path.write_text(
        json.dumps({**json.loads(path.read_text()), "added_tokens": [{"id": 9, "content": "[MASK]"}]})
    )
    text = text_settings(describe(tmp_path))

    assert (text.pad_id, text.pad_side) == (9, "left")


def test_what_is_no_model_is_told_what_was_looked_for_and_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("hello")
    error = refused(tmp_path)

    assert error.reason == contract.REASON_NOT_A_MODEL
    assert "model.onnx" in error.message
    assert "README.md" in error.message


def test_a_missing_source(tmp_path: Path) -> None:
    assert refused(tmp_path / "nowhere").reason == contract.REASON_NOT_FOUND


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("modelyard.json", "{", "modelyard.json is not JSON"),
        ("modelyard.json", '{"labes": []}', "labes"),
        ("modelyard.json", '{"topK": 0}', "topK"),
        ("modelyard.json", '{"file": "../../etc/passwd.onnx"}', "inside the artifact"),
        ("modelyard.json", '{"file": "absent.onnx"}', "absent.onnx"),
        ("config.json", "[]", "config.json is not a JSON object"),
        (
            "config.json",
            '{"architectures": ["XForSequenceClassification"], "id2label": {"0": "a", "2": "b"}}',
            "id2label",
        ),
        ("tokenizer.json", "oops", "tokenizer.json is not a JSON object"),
        ("tokenizer.json", None, "needs tokenizer.json"),
    ],
)
def test_a_broken_file_is_named(tmp_path: Path, name: str, content: str | None, says: str) -> None:
    text_model(tmp_path)
    if content is None:
        (tmp_path / name).unlink()
    else:
        (tmp_path / name).write_text(content)
    error = refused(tmp_path)

    assert error.reason == contract.REASON_NOT_A_MODEL
    assert says in error.message
