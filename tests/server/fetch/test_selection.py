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


def test_what_the_root_lacks_is_taken_from_beside_the_model() -> None:
    """As distilbert/distilbert-base-uncased-finetuned-sst-2-english has it."""
    root = ["config.json", "tokenizer_config.json", "vocab.txt", "model.safetensors"]
    beside = [
        "config.json",
        "model.onnx",
        "special_tokens_map.json",
        "tokenizer.json",
        "tokenizer_config.json",
    ]
    names = [*root, *(f"onnx/{name}" for name in [*beside, "vocab.txt"])]
    assert selection.needed_files(names, "auto", None) == [
        "config.json",
        "onnx/model.onnx",
        "onnx/special_tokens_map.json",
        "onnx/tokenizer.json",
        "tokenizer_config.json",
    ]


def test_external_data_comes_with_its_model() -> None:
    names = ["onnx/model.onnx", "onnx/model.onnx_data", "onnx/model_fp16.onnx", "onnx/model_fp16.onnx_data"]
    assert selection.needed_files(names, "fp16", None) == names[2:]


def test_whatever_may_be_chosen_is_probed() -> None:
    probed = selection.probed_names("int8")
    files = {*hugging_face(), "onnx/model_int8.onnx", "modelyard.json"}
    later = {name for name in files if name != "tokenizer.json"} | {"onnx/tokenizer.json"}
    for names in (files, later):
        for variant in ("auto", "int8"):
            assert set(selection.needed_files(sorted(names), variant, None)) <= set(probed)


@pytest.mark.parametrize("text", [b"{", b"[]", b"\xff", b'{"file": "../x.onnx"}', b'{"nonsense": 1}'])
def test_a_broken_description_is_no_model(text: bytes) -> None:
    with pytest.raises(SourceError, match=r"modelyard\.json") as caught:
        selection.read_description(text)
    assert caught.value.reason == "NotAModel"
