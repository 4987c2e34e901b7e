from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from modelyard_server.engines import ENGINES
from modelyard_server.engines.base import EngineError, EngineOptions
from tests.server.models import IR_VERSION, OPSET, linear_model

open_engine = ENGINES["onnxruntime"]


def test_it_describes_and_runs_a_model(linear: Path) -> None:
    engine = open_engine(linear / "model.onnx", EngineOptions(threads=1))

    [x] = engine.signature.inputs
    assert (x.name, x.dtype, x.shape) == ("x", np.dtype(np.float32), (None, 4))
    assert [(spec.name, spec.dtype.name, spec.shape) for spec in engine.signature.outputs] == [
        ("scores", "float32", (None, 3)),
        ("best", "int64", (None,)),
    ]
    outputs = engine.run({"x": np.ones((2, 4), np.float32)})
    assert outputs["scores"].shape == (2, 3)
    assert outputs["best"].tolist() == [2, 2]


def test_what_is_no_model_is_an_engine_error(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(b"not protobuf")

    with pytest.raises(EngineError):
        open_engine(tmp_path / "model.onnx", EngineOptions(threads=1))


def test_feeds_that_do_not_fit_are_an_engine_error(tmp_path: Path) -> None:
    engine = open_engine(linear_model(tmp_path) / "model.onnx", EngineOptions(threads=1))

    with pytest.raises(EngineError, match="x"):
        engine.run({"x": np.ones((2, 5), np.float32)})


def test_a_zipmap_gives_a_mapping_a_row(tmp_path: Path) -> None:
    graph = helper.make_graph(
        [
            helper.make_node(
                "ZipMap", ["x"], ["probabilities"], domain="ai.onnx.ml", classlabels_strings=["a", "b"]
            )
        ],
        "zipmap",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", 2])],
        [
            helper.make_value_info(
                "probabilities",
                helper.make_sequence_type_proto(
                    helper.make_map_type_proto(
                        TensorProto.STRING, helper.make_tensor_type_proto(TensorProto.FLOAT, [])
                    )
                ),
            )
        ],
    )
    opsets = [*OPSET, helper.make_opsetid("ai.onnx.ml", 3)]
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION), tmp_path / "model.onnx")

    engine = open_engine(tmp_path / "model.onnx", EngineOptions(threads=1))
    rows = engine.run({"x": np.array([[1, 2], [3, 4], [5, 6]], np.float32)})["probabilities"]

    assert engine.signature.outputs[0].maps
    assert rows.shape == (3,)
    assert rows.tolist() == [{"a": 1, "b": 2}, {"a": 3, "b": 4}, {"a": 5, "b": 6}]
