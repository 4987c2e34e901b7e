"""Where the example artifacts lie, and the classifier loaded with what the server's image holds: no torch."""

import importlib.util
import json
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

import numpy as np
import onnxruntime
from tokenizers import Tokenizer

EXAMPLES = Path(__file__).parents[2] / "examples"
SENTIMENT = EXAMPLES / "sentiment/model"
DIGITS = EXAMPLES / "digits/model"
EMBEDDING = EXAMPLES / "embedding/model"
TABULAR = EXAMPLES / "tabular/model"
DIGITS_IMAGE = EXAMPLES / "digits-image/model"
SIGNS = EXAMPLES / "signs/model"


class Sentiment:
    """The sentiment artifact, read as any server of the Hugging Face layout would."""

    def __init__(self) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(
            SENTIMENT / "onnx/model.onnx", options, providers=["CPUExecutionProvider"]
        )
        self.tokenizer = Tokenizer.from_file(str(SENTIMENT / "tokenizer.json"))
        self.tokenizer.enable_padding()
        config = json.loads((SENTIMENT / "config.json").read_text())
        self.labels = {int(index): label for index, label in config["id2label"].items()}

    def scores(self, texts: Sequence[str], batch: int = 32) -> np.ndarray:
        """Scores of the labels, float64 [texts, labels]."""
        parts = []
        for start in range(0, len(texts), batch):
            encoded = self.tokenizer.encode_batch(list(texts[start : start + batch]))
            logits = self.session.run(
                ["logits"],
                {
                    "input_ids": np.array([encoding.ids for encoding in encoded], dtype=np.int64),
                    "attention_mask": np.array([e.attention_mask for e in encoded], dtype=np.int64),
                },
            )[0].astype(np.float64)
            exponents = np.exp(logits - logits.max(axis=1, keepdims=True))
            parts.append(exponents / exponents.sum(axis=1, keepdims=True))
        return np.concatenate(parts)

    def label(self, text: str) -> str:
        """The likeliest label of one text."""
        return self.labels[int(self.scores([text])[0].argmax())]


def card_module(example: str) -> ModuleType:
    """The module that writes an example's model card; it needs nothing of the training environment."""
    return module(example, "card")


def module(example: str, name: str) -> ModuleType:
    """One of an example's modules."""
    path = EXAMPLES / example / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"{example}_{name}", path)
    assert spec is not None
    assert spec.loader is not None
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded
