"""A small real encoder in sentence-transformers' layout."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from tests.server.models import IR_VERSION, OPSET, SPECIAL, WORDS, write_tokenizer

WIDTH = 4
VECTORS = np.random.default_rng(3).normal(size=(len(SPECIAL) + len(WORDS), WIDTH)).astype(np.float32)
"""The vector of each token; a text's other tokens change nothing, so its vector is known by hand."""
IDS = {word: index for index, word in enumerate([*SPECIAL, *WORDS])}


def vectors(text: str) -> np.ndarray:
    """The vectors of a text's tokens, special ones included."""
    words = ["[CLS]", *text.lower().split(), "[SEP]"]
    return VECTORS[[IDS.get(word, IDS["[UNK]"]) for word in words]]


def embedding_model(
    directory: Path,
    modules: list[str] | None = None,
    pooling: dict[str, Any] | None = None,
    pooled: bool = False,
    files: dict[str, Any] | None = None,
    tokenizer: dict[str, Any] | None = None,
) -> Path:
    """An encoder with the files of sentence-transformers.

    Args:
        directory: Where to.
        modules: Layers of `modules.json`; None: no such file.
        pooling: The pooling layer's `config.json`.
        pooled: Whether the model averages by itself (padding included) and gives `sentence_embedding` too.
        files: More files of JSON by name.
        tokenizer: What `tokenizer_config.json` holds besides.
    """
    directory.mkdir(parents=True, exist_ok=True)
    shape = ["batch", "tokens", WIDTH]
    nodes = [helper.make_node("Gather", ["vectors", "input_ids"], ["last_hidden_state"])]
    outputs = [helper.make_tensor_value_info("last_hidden_state", TensorProto.FLOAT, shape)]
    if pooled:
        nodes.append(
            helper.make_node("ReduceMean", ["last_hidden_state", "one"], ["sentence_embedding"], keepdims=0)
        )
        outputs.append(
            helper.make_tensor_value_info("sentence_embedding", TensorProto.FLOAT, ["batch", WIDTH])
        )
    graph = helper.make_graph(
        nodes,
        "encoder",
        [
            helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "tokens"])
            for name in ("input_ids", "attention_mask")
        ],
        outputs,
        [numpy_helper.from_array(VECTORS, "vectors"), numpy_helper.from_array(np.array([1]), "one")],
    )
    (directory / "onnx").mkdir(exist_ok=True)
    onnx.save(
        helper.make_model(graph, opset_imports=OPSET, ir_version=IR_VERSION), directory / "onnx/model.onnx"
    )
    write_tokenizer(directory, **(tokenizer or {}))
    content = {"config.json": {"architectures": ["BertModel"], "model_type": "bert"}, **(files or {})}
    if modules is not None:
        content["modules.json"] = [
            {
                "idx": index,
                "name": str(index),
                "path": f"{index}_{kind}" if index else "",
                "type": f"x.{kind}",
            }
            for index, kind in enumerate(modules)
        ]
        if "Pooling" in modules:
            content[f"{modules.index('Pooling')}_Pooling/config.json"] = pooling or {}
    for name, value in content.items():
        path = directory / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(value))
    return directory
