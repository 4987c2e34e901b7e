"""Small real models, made where they are needed."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

WORDS = {
    "good": (0.0, 1.5),
    "great": (-0.5, 2.0),
    "awesome": (-1.0, 3.0),
    "boring": (2.0, -1.0),
    "bad": (2.5, -0.5),
    "film": (0.1, 0.2),
    "the": (0.0, 0.05),
    "a": (0.02, 0.0),
    "what": (0.3, 0.1),
    "warm": (0.1, 0.1),
    "up": (0.0, 0.1),
}
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
IR_VERSION = 10
OPSET = [helper.make_opsetid("", 20)]


def write_tokenizer(directory: Path, **config: Any) -> None:
    vocabulary = {word: index for index, word in enumerate([*SPECIAL, *WORDS])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    tokenizer.save(str(directory / "tokenizer.json"))
    (directory / "tokenizer_config.json").write_text(
        json.dumps({"model_max_length": 16, "pad_token": "[PAD]", **config})
    )


def classifier_graph(
    width: int = 2, batch: int | str = "batch", tokens: int | str = "tokens", token_types: bool = True
) -> onnx.ModelProto:
    """Mean of word vectors under the mask, then a linear layer: a bag-of-words classifier."""
    rng = np.random.default_rng(7)
    vectors = np.zeros((len(SPECIAL) + len(WORDS), 2), dtype=np.float32)
    for index, weights in enumerate(WORDS.values()):
        vectors[len(SPECIAL) + index] = weights
    layer = np.eye(2, width, dtype=np.float32) * 4 + rng.normal(0, 0.01, (2, width)).astype(np.float32)
    names = ["input_ids", "attention_mask"] + (["token_type_ids"] if token_types else [])
    nodes = [
        helper.make_node("Gather", ["vectors", "input_ids"], ["words"]),
        helper.make_node("Cast", ["attention_mask"], ["mask"], to=TensorProto.FLOAT),
        helper.make_node("Unsqueeze", ["mask", "last"], ["mask3"]),
        helper.make_node("Mul", ["words", "mask3"], ["masked"]),
        helper.make_node("ReduceSum", ["masked", "one"], ["sum"], keepdims=0),
        helper.make_node("ReduceSum", ["mask", "one"], ["count"], keepdims=1),
        helper.make_node("Div", ["sum", "count"], ["mean"]),
        helper.make_node("MatMul", ["mean", "layer"], ["logits"]),
    ]
    graph = helper.make_graph(
        nodes,
        "classifier",
        [helper.make_tensor_value_info(name, TensorProto.INT64, [batch, tokens]) for name in names],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, [batch, width])],
        [
            numpy_helper.from_array(vectors, "vectors"),
            numpy_helper.from_array(layer, "layer"),
            numpy_helper.from_array(np.array([-1]), "last"),
            numpy_helper.from_array(np.array([1]), "one"),
        ],
    )
    return helper.make_model(graph, opset_imports=OPSET, ir_version=IR_VERSION)


def text_model(
    directory: Path, labels: list[str] | None = None, file: str = "model.onnx", **config: Any
) -> Path:
    """A Hugging Face layout with a bag-of-words classifier."""
    labels = labels or ["NEGATIVE", "POSITIVE"]
    path = directory / file
    path.parent.mkdir(parents=True, exist_ok=True)
    graph = {key: config.pop(key) for key in ("batch", "tokens", "token_types") if key in config}
    onnx.save(classifier_graph(len(labels), **graph), path)
    tokenizer = config.pop("tokenizer", {})
    (directory / "config.json").write_text(
        json.dumps(
            {
                "architectures": ["BertForSequenceClassification"],
                "model_type": "bert",
                "id2label": {str(index): label for index, label in enumerate(labels)},
                "max_position_embeddings": 512,
                **config,
            }
        )
    )
    write_tokenizer(directory, **tokenizer)
    return directory


def linear_model(directory: Path, batch: int | str | None = "batch", width: int = 3) -> Path:
    """`scores` = x @ W, `best` = its argmax: two outputs of two types."""
    weights = np.arange(4 * width, dtype=np.float32).reshape(4, width) / 10
    lead = [] if batch is None else [batch]
    graph = helper.make_graph(
        [
            helper.make_node("MatMul", ["x", "weights"], ["scores"]),
            helper.make_node("ArgMax", ["scores"], ["best"], axis=-1, keepdims=0),
        ],
        "linear",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [*lead, 4])],
        [
            helper.make_tensor_value_info("scores", TensorProto.FLOAT, [*lead, width]),
            helper.make_tensor_value_info("best", TensorProto.INT64, lead),
        ],
        [numpy_helper.from_array(weights, "weights")],
    )
    return save(directory, graph)


def identity_model(directory: Path, types: dict[str, int], shape: list[int | str]) -> Path:
    """Each input comes out again under `NAME_out`; any number of inputs of any type."""
    graph = helper.make_graph(
        [helper.make_node("Identity", [name], [f"{name}_out"]) for name in types],
        "identity",
        [helper.make_tensor_value_info(name, kind, shape) for name, kind in types.items()],
        [helper.make_tensor_value_info(f"{name}_out", kind, shape) for name, kind in types.items()],
    )
    return save(directory, graph)


def table_model(directory: Path, rows: int = 10) -> Path:
    """Looks up the row of its table that is asked for, `[n, -n]`; it fails on one that is not there."""
    numbers = np.arange(rows, dtype=np.float32)
    graph = helper.make_graph(
        [helper.make_node("Gather", ["table", "id"], ["row"])],
        "table",
        [helper.make_tensor_value_info("id", TensorProto.INT64, ["batch"])],
        [helper.make_tensor_value_info("row", TensorProto.FLOAT, ["batch", 2])],
        [numpy_helper.from_array(np.stack([numbers, -numbers], axis=1), "table")],
    )
    return save(directory, graph)


def save(directory: Path, graph: onnx.GraphProto) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    model = helper.make_model(graph, opset_imports=OPSET, ir_version=IR_VERSION)
    onnx.checker.check_model(model)
    onnx.save(model, directory / "model.onnx")
    return directory
