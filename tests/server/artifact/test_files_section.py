import pytest
from pydantic import ValidationError

from modelyard_server.artifact.files_section import ModelFiles
from modelyard_server.artifact.onnx_files import choose_onnx, listed_files

FILES = ModelFiles(
    {
        "openvino": {"int8": "openvino/model_int8.xml", "fp32": "onnx/model.onnx"},
        "onnxruntime": {"fp32": "onnx/model.onnx", "w8": "./onnx/model_w8.onnx"},
    }
)
NAMES = ["onnx/model.onnx", "onnx/model_w8.onnx", "openvino/model_int8.xml", "openvino/model_int8.bin"]


def test_each_file_is_listed_once_in_the_order_written() -> None:
    assert FILES.listed() == ["openvino/model_int8.xml", "onnx/model.onnx", "onnx/model_w8.onnx"]
    assert FILES.listed("fp32") == ["onnx/model.onnx"]
    assert FILES.precisions == {"fp32", "int8", "w8"}


def test_what_every_image_can_run_goes_first() -> None:
    assert FILES.first() == "onnx/model.onnx"
    assert FILES.first("int8") == "openvino/model_int8.xml"


@pytest.mark.parametrize(
    ("variant", "chosen", "kept"),
    [
        ("auto", "onnx/model.onnx", ["openvino/model_int8.xml", "onnx/model.onnx", "onnx/model_w8.onnx"]),
        ("w8", "onnx/model_w8.onnx", ["onnx/model_w8.onnx"]),
        ("int8", "openvino/model_int8.xml", ["openvino/model_int8.xml"]),
        ("onnx/model_w8.onnx", "onnx/model_w8.onnx", []),
    ],
)
def test_a_variant_is_a_precision_before_it_is_a_file(variant: str, chosen: str, kept: list[str]) -> None:
    assert choose_onnx(NAMES, variant, None, FILES) == chosen
    assert listed_files(NAMES, variant, FILES) == kept


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"onnxruntime": {}},
        {"onnxruntime": {"fp32": "/etc/model.onnx"}},
        {"onnxruntime": {"fp32": "../model.onnx"}},
        {"onnxruntime": {"fp32": "model.so"}},
        {"onnxruntime": {"FP 32": "model.onnx"}},
    ],
)
def test_paths_stay_inside_and_names_are_names(files: dict[str, dict[str, str]]) -> None:
    with pytest.raises(ValidationError):
        ModelFiles.model_validate(files)
