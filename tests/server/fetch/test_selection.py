import pytest

from modelyard_server.fetch import selection
from modelyard_server.report import SourceError
from tests.server.fetch.models import NEEDED, hugging_face


def test_of_a_repository_only_what_serving_needs() -> None:
    assert selection.needed_files(list(hugging_face()), "auto", None) == list(NEEDED)


def test_a_vocabulary_is_needed_only_without_tokenizer_json() -> None:
    names = ["model.onnx", "config.json", "vocab.txt", "merges.txt", "vocab.json", "training_args.bin"]
    expected = ["config.json", "merges.txt", "model.onnx", "vocab.json", "vocab.txt"]
    assert selection.needed_files(names, "auto", None) == expected


def test_external_data_comes_with_its_model() -> None:
    names = ["onnx/model.onnx", "onnx/model.onnx_data", "onnx/model_fp16.onnx", "onnx/model_fp16.onnx_data"]
    assert selection.needed_files(names, "fp16", None) == names[2:]


def test_whatever_may_be_chosen_is_probed() -> None:
    probed = selection.probed_names("int8")
    files = dict.fromkeys((*hugging_face(), "onnx/model_int8.onnx", "modelyard.json"), b"")
    for variant in ("auto", "int8"):
        assert set(selection.needed_files(list(files), variant, None)) <= set(probed)


@pytest.mark.parametrize("text", [b"{", b"[]", b"\xff", b'{"file": "../x.onnx"}', b'{"nonsense": 1}'])
def test_a_broken_description_is_no_model(text: bytes) -> None:
    with pytest.raises(SourceError, match=r"modelyard\.json") as caught:
        selection.read_description(text)
    assert caught.value.reason == "NotAModel"
