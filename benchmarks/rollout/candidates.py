"""The example's model, made worse: what a rollout is there to notice."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

WORD = "however"
"""Every request of the benchmarks has it, and no text that a server warms up with."""


def failing(model: Path, to: Path) -> Path:
    """A copy whose tokenizer has a word more than the model has rows for: it loads, warms up and fails.

    Args:
        model: A sentiment model's folder.
        to: The folder to make.

    Returns:
        `to`.
    """
    shutil.copytree(model, to)
    tokenizer: dict[str, Any] = json.loads((to / "tokenizer.json").read_text())
    vocabulary: dict[str, int] = tokenizer["model"]["vocab"]
    rows = len(vocabulary)
    vocabulary[WORD] = rows
    (to / "tokenizer.json").write_text(json.dumps(tokenizer))
    look_up(to / "onnx/model.onnx", rows)
    return to


def look_up(path: Path, rows: int) -> None:
    """Have the model look each token up in a table of zeros too, so that one beyond the table is an error.

    The example's own lookup is quantized and takes whatever it finds there.
    """
    model = onnx.load(path)
    graph, logits = model.graph, model.graph.output[0].name
    for node in graph.node:
        node.output[:] = ["logits.before" if name == logits else name for name in node.output]
    zeros = numpy_helper.from_array(np.zeros(rows, dtype=np.float32), "table")
    graph.initializer.append(zeros)
    graph.node.extend(
        [
            helper.make_node("Gather", ["table", "input_ids"], ["table.found"]),
            helper.make_node("ReduceSum", ["table.found"], ["table.sum"], keepdims=0),
            helper.make_node("Cast", ["table.sum"], ["table.cast"], to=_kind(graph)),
            helper.make_node("Add", ["logits.before", "table.cast"], [logits]),
        ]
    )
    onnx.save(model, path)


def _kind(graph: onnx.GraphProto) -> int:
    kind: int = graph.output[0].type.tensor_type.elem_type
    return kind or TensorProto.FLOAT
