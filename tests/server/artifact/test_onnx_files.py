import pytest

from modelyard_server.artifact.onnx_files import choose_onnx, external_data, listing
from modelyard_server.report import SourceError


@pytest.mark.parametrize(
    ("names", "variant", "declared", "expected"),
    [
        (["config.json", "onnx/model.onnx", "model.onnx"], "auto", None, "onnx/model.onnx"),
        (["model.onnx", "model_quantized.onnx"], "auto", None, "model.onnx"),
        (["best.onnx", "README.md"], "auto", None, "best.onnx"),
        (["model.onnx", "weights/int8.onnx"], "auto", "weights/int8.onnx", "weights/int8.onnx"),
        (["model.onnx", "int8.onnx"], "auto", "./int8.onnx", "int8.onnx"),
        (["onnx/model.onnx", "onnx/model_fp16.onnx"], "fp16", None, "onnx/model_fp16.onnx"),
        (["model.onnx", "model_int8.onnx"], "int8", "model.onnx", "model_int8.onnx"),
        (["a.onnx", "b.onnx"], "b", None, "b.onnx"),
        (["a/x.onnx", "b.onnx"], "a/x.onnx", None, "a/x.onnx"),
    ],
)
def test_choice(names: list[str], variant: str, declared: str | None, expected: str) -> None:
    assert choose_onnx(names, variant, declared) == expected


@pytest.mark.parametrize(
    ("names", "variant", "declared", "words"),
    [
        (
            ["model.safetensors", "README.md"],
            "auto",
            None,
            ["README.md, model.safetensors", "Export the model"],
        ),
        ([], "auto", None, ["no files"]),
        (["a.onnx", "b.onnx"], "auto", None, ["a.onnx, b.onnx", "spec.model.variant"]),
        (["model.onnx"], "fp16", None, ["onnx/model_fp16.onnx", "model.onnx", "'fp16'"]),
        (["model.onnx"], "auto", "other.onnx", ["other.onnx", "modelyard.json"]),
    ],
)
def test_refusal_names_what_is_there(
    names: list[str], variant: str, declared: str | None, words: list[str]
) -> None:
    with pytest.raises(SourceError) as caught:
        choose_onnx(names, variant, declared)
    assert caught.value.reason == "NotAModel"
    assert caught.value.permanent
    for word in words:
        assert word in caught.value.message


def test_external_data_belongs_to_the_chosen_file_alone() -> None:
    names = ["model.onnx", "model.onnx_data", "model.onnx_data_1", "model.onnx.data", "other.onnx_data"]
    assert external_data(names, "model.onnx") == ["model.onnx.data", "model.onnx_data", "model.onnx_data_1"]


def test_listing_is_short() -> None:
    assert listing([f"f{i:02}" for i in range(20)]).endswith("f07 and 12 more")
