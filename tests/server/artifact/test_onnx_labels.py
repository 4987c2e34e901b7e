from pathlib import Path

import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from modelyard_server.artifact.onnx_labels import class_labels
from tests.server import tabular_models as models
from tests.server.models import linear_model


@pytest.mark.parametrize(
    ("model", "labels"),
    [
        (models.logistic_regression(), ("0", "1", "2")),
        (models.logistic_regression(zipmap=True, names=True), ("setosa", "versicolor", "virginica")),
        (models.network(), ("setosa", "versicolor", "virginica")),
        (models.xgboost_classes(binary=True), ("0", "1")),
    ],
)
def test_labels_of_exports(tmp_path: Path, model: models.TableModel, labels: tuple[str, ...]) -> None:
    path = model.save(tmp_path) / "model.onnx"

    assert class_labels(path) == class_labels(path, len(labels)) == labels
    assert class_labels(path, len(labels) + 1) is None


def test_numbers_below_zero_and_large_ones(tmp_path: Path) -> None:
    numbers = [-(2**63), -1, 0, 2**63 - 1]
    node = helper.make_node("ZipMap", ["x"], ["y"], domain="ai.onnx.ml", classlabels_int64s=numbers)
    graph = helper.make_graph([node], "g", [], [])
    onnx.save(helper.make_model(graph), tmp_path / "model.onnx")

    assert class_labels(tmp_path / "model.onnx") == tuple(map(str, numbers))


@pytest.mark.parametrize("raw", [True, False])
def test_labels_that_a_winner_is_picked_from(tmp_path: Path, raw: bool) -> None:
    classes = helper.make_tensor("classes", TensorProto.INT64, [3], [7, -8, 9])
    if raw:
        classes = numpy_helper.from_array(numpy_helper.to_array(classes), "classes")
    node = helper.make_node("ArrayFeatureExtractor", ["classes", "i"], ["y"], domain="ai.onnx.ml")
    onnx.save(helper.make_model(helper.make_graph([node], "g", [], [], [classes])), tmp_path / "model.onnx")

    assert class_labels(tmp_path / "model.onnx") == ("7", "-8", "9")


def test_of_several_classifiers_the_last_is_the_models_own(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("ZipMap", ["x"], [f"y{index}"], domain="ai.onnx.ml", classlabels_strings=labels)
        for index, labels in enumerate((["a", "b"], ["c", "d"], ["e", "f", "g"]))
    ]
    onnx.save(helper.make_model(helper.make_graph(nodes, "g", [], [])), tmp_path / "model.onnx")

    assert class_labels(tmp_path / "model.onnx", 2) == ("c", "d")
    assert class_labels(tmp_path / "model.onnx") == ("e", "f", "g")


@pytest.mark.parametrize("content", [b"", b"<net/>", b"\xff" * 20, b"\x3a\xff\xff\xff\xff\x0f"])
def test_other_files_tell_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "model").write_bytes(content)

    assert class_labels(tmp_path / "model") is None


def test_a_model_without_classes_tells_none(tmp_path: Path) -> None:
    assert class_labels(linear_model(tmp_path) / "model.onnx") is None
