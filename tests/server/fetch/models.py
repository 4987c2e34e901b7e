"""Small artifacts for the tests; their ONNX files are bytes that nothing here looks into."""

import json

CONFIG = json.dumps({"architectures": ["BertForSequenceClassification"]}).encode()


def hugging_face(weights: bytes = b"weights" * 1000) -> dict[str, bytes]:
    """A repository as exporters leave it, with files that nobody needs."""
    return {
        "README.md": b"# a model",
        "config.json": CONFIG,
        "tokenizer.json": b"{}",
        "tokenizer_config.json": b"{}",
        "vocab.txt": b"[PAD]",
        "model.safetensors": b"not needed" * 100,
        "onnx/model.onnx": weights,
        "onnx/model_quantized.onnx": b"small",
    }


NEEDED = ("config.json", "onnx/model.onnx", "tokenizer.json", "tokenizer_config.json")


def needed(files: dict[str, bytes]) -> dict[str, bytes]:
    """Of a Hugging Face layout, what is fetched."""
    return {name: files[name] for name in NEEDED}
