import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from modelyard_server.engines import ENGINES
from modelyard_server.engines.base import EngineError, EngineOptions
from modelyard_server.engines.openvino import library
from tests.server.models import IR_VERSION, OPSET, identity_model, linear_model

open_engine = ENGINES["openvino"]
OPTIONS = EngineOptions(threads=1)


def as_ir(directory: Path) -> Path:
    openvino = library()
    model = openvino.Core().read_model(directory / "model.onnx")
    openvino.save_model(model, directory / "model.xml", compress_to_fp16=False)
    (directory / "model.onnx").unlink()
    return directory / "model.xml"


def with_metadata(directory: Path) -> Path:
    model = onnx.load(directory / "model.onnx")
    helper.set_model_props(model, {"names": "{0: 'plate'}", "task": "detect"})
    onnx.save(model, directory / "model.onnx")
    return directory


@pytest.mark.parametrize("form", ["onnx", "ir"])
def test_it_describes_and_runs_a_model(form: str, tmp_path: Path) -> None:
    directory = with_metadata(linear_model(tmp_path))
    engine = open_engine(directory / "model.onnx" if form == "onnx" else as_ir(directory), OPTIONS)

    [x] = engine.signature.inputs
    assert (x.name, x.dtype, x.shape) == ("x", np.dtype(np.float32), (None, 4))
    assert [(spec.name, spec.dtype.name, spec.shape) for spec in engine.signature.outputs] == [
        ("scores", "float32", (None, 3)),
        ("best", "int64", (None,)),
    ]
    assert engine.signature.metadata == {"names": "{0: 'plate'}", "task": "detect"}
    for count in (2, 7, 1):
        outputs = engine.run({"x": np.ones((count, 4), np.float32)})
        assert outputs["scores"].shape == (count, 3)
        assert outputs["best"].tolist() == [2] * count
        assert outputs["best"].dtype == np.int64


def test_answers_stay_when_the_next_one_is_computed(tmp_path: Path) -> None:
    engine = open_engine(linear_model(tmp_path) / "model.onnx", OPTIONS)
    first = engine.run({"x": np.ones((2, 4), np.float32)})["scores"]
    kept = first.copy()
    engine.run({"x": np.zeros((2, 4), np.float32)})

    np.testing.assert_array_equal(first, kept)


@pytest.mark.parametrize(
    ("kind", "dtype"),
    [
        (TensorProto.FLOAT16, np.float16),
        (TensorProto.DOUBLE, np.float64),
        (TensorProto.INT8, np.int8),
        (TensorProto.INT64, np.int64),
        (TensorProto.UINT8, np.uint8),
        (TensorProto.UINT64, np.uint64),
        (TensorProto.BOOL, np.bool_),
    ],
)
def test_every_type_but_strings_goes_in_and_comes_out(kind: int, dtype: type, tmp_path: Path) -> None:
    engine = open_engine(identity_model(tmp_path, {"x": kind}, ["n", 2]) / "model.onnx", OPTIONS)
    values = np.array([[0, 1], [100, 3]]).astype(dtype)

    out = engine.run({"x": values})["x_out"]
    assert out.dtype == dtype
    np.testing.assert_array_equal(out, values)


def test_strings_are_refused_in_words(tmp_path: Path) -> None:
    identity_model(tmp_path, {"x": TensorProto.STRING}, ["n"])

    with pytest.raises(EngineError, match=r"'x' is of type string.*spec.server.engine to onnxruntime"):
        open_engine(tmp_path / "model.onnx", OPTIONS)


@pytest.mark.parametrize("number", [2**31, -(2**31) - 1])
def test_numbers_that_it_would_cut_are_refused(number: int, tmp_path: Path) -> None:
    engine = open_engine(identity_model(tmp_path, {"x": TensorProto.INT64}, ["n"]) / "model.onnx", OPTIONS)

    with pytest.raises(EngineError, match="int32"):
        engine.run({"x": np.array([number])})


@pytest.mark.parametrize("file", ["model.onnx", "model.xml"])
def test_what_is_no_model_is_an_engine_error(file: str, tmp_path: Path) -> None:
    (tmp_path / file).write_bytes(b"neither protobuf nor XML")

    with pytest.raises(EngineError):
        open_engine(tmp_path / file, OPTIONS)


@pytest.mark.parametrize("feeds", [{"x": np.ones((2, 5), np.float32)}, {"y": np.ones((2, 4), np.float32)}])
def test_feeds_that_do_not_fit_are_an_engine_error(feeds: dict, tmp_path: Path) -> None:
    engine = open_engine(linear_model(tmp_path) / "model.onnx", OPTIONS)

    with pytest.raises(EngineError):
        engine.run(feeds)
    assert engine.run({"x": np.ones((1, 4), np.float32)})["best"].tolist() == [2]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("place", ["../weights.bin", "{outside}"])
def test_weights_outside_the_folder_are_refused(engine: str, place: str, tmp_path: Path) -> None:
    weights = np.ones((4, 3), np.float32)
    outside = tmp_path / "weights.bin"
    outside.write_bytes(weights.tobytes())
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["y"])],
        "outside",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 4])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 3])],
        [numpy_helper.from_array(weights, "w")],
    )
    model = helper.make_model(graph, opset_imports=OPSET, ir_version=IR_VERSION)
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    entry = tensor.external_data.add()
    entry.key, entry.value = "location", place.format(outside=outside)
    (tmp_path / "model").mkdir()
    onnx.save(model, tmp_path / "model/model.onnx")

    with pytest.raises(EngineError):
        ENGINES[engine](tmp_path / "model/model.onnx", OPTIONS)


def test_the_library_is_imported_without_what_sends_usage_data(tmp_path: Path) -> None:
    open_engine(linear_model(tmp_path) / "model.onnx", OPTIONS)

    assert sys.modules.get("openvino_telemetry") is None
