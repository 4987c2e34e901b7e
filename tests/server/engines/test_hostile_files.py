"""Model files that are broken or reach for more than a graph: refused in words, by every engine."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from modelyard_server.engines import ENGINES
from modelyard_server.engines.base import EngineError, EngineOptions
from modelyard_server.fetch.selection import needed_files
from modelyard_server.model import load_model
from modelyard_server.report import SourceError
from modelyard_server.settings import Settings
from tests.server.models import IR_VERSION, OPSET, linear_model

OPTIONS = EngineOptions(threads=1)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_file_that_is_cut_off_anywhere_is_refused(engine: str, tmp_path: Path) -> None:
    whole = (linear_model(tmp_path) / "model.onnx").read_bytes()
    cut = tmp_path / "cut.onnx"
    # A prefix may be a whole message that lacks only its last fields.
    for length in range(len(whole) - 1):
        cut.write_bytes(whole[:length])
        try:
            opened = ENGINES[engine](cut, OPTIONS)
        except EngineError as error:
            assert str(error)
        else:
            assert opened.run({"x": np.ones((1, 4), np.float32)})["best"].tolist() == [2]


@pytest.mark.parametrize("engine", ENGINES)
def test_any_byte_may_be_wrong(engine: str, tmp_path: Path) -> None:
    whole = (linear_model(tmp_path) / "model.onnx").read_bytes()
    wrong = tmp_path / "wrong.onnx"
    for place in range(0, len(whole), 3):
        for value in (0x00, 0x7F, 0xFF):
            wrong.write_bytes(whole[:place] + bytes([value]) + whole[place + 1 :])
            try:
                opened = ENGINES[engine](wrong, OPTIONS)
                opened.run({spec.name: np.ones((1, 4), np.float32) for spec in opened.signature.inputs})
            except EngineError as error:
                assert str(error)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("domain", ["com.example", "ai.onnx.contrib"])
def test_operators_that_need_a_library_are_refused(engine: str, domain: str, tmp_path: Path) -> None:
    graph = helper.make_graph(
        [helper.make_node("Mine", ["x"], ["y"], domain=domain)],
        "custom",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 4])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 4])],
    )
    opsets = [*OPSET, helper.make_opsetid(domain, 1)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION)
    # What would load it, were it asked to.
    (tmp_path / "libcustom_op.so").write_bytes(b"\x7fELF")
    helper.set_model_props(model, {"custom_ops_library": "libcustom_op.so"})
    onnx.save(model, tmp_path / "model.onnx")

    with pytest.raises(EngineError, match=r"Mine|y"):
        ENGINES[engine](tmp_path / "model.onnx", OPTIONS)
    with pytest.raises(SourceError) as refused:
        load_model(Settings(model_dir=tmp_path))
    assert refused.value.permanent


def test_libraries_are_not_even_fetched() -> None:
    names = ["model.onnx", "libcustom_op.so", "custom.dll", "modeling.py", "requirements.txt"]

    assert needed_files(names, "auto", None) == ["model.onnx"]
