"""What every peer that serves the ONNX file runs: tokenize, pad, session, softmax; one thread."""

import json
import os
from pathlib import Path

import numpy as np
import onnxruntime as ort
from tokenizers import Tokenizer

MODEL = Path(os.environ["BENCH_MODEL"])
VARIANT = os.environ["BENCH_VARIANT"]
MAX_BATCH = 32
MAX_DELAY_SECONDS = 0.01


class Classifier:
    """A text classifier; give it many texts at once."""

    def __init__(self) -> None:
        options = ort.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        file = MODEL / "onnx" / f"model_{VARIANT}.onnx"
        self._session = ort.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
        self._tokenizer = Tokenizer.from_file(str(MODEL / "tokenizer.json"))
        self._tokenizer.enable_padding()
        self._tokenizer.enable_truncation(512)
        self._labels = list(json.loads((MODEL / "config.json").read_text())["id2label"].values())

    def __call__(self, texts: list[str]) -> list[dict]:
        """The best label of each text."""
        encodings = self._tokenizer.encode_batch(texts)
        feeds = {
            "input_ids": np.array([encoding.ids for encoding in encodings], dtype=np.int64),
            "attention_mask": np.array([encoding.attention_mask for encoding in encodings], dtype=np.int64),
        }
        logits = self._session.run(["logits"], feeds)[0]
        odds = np.exp(logits - logits.max(axis=1, keepdims=True))
        scores = odds / odds.sum(axis=1, keepdims=True)
        best = scores.argmax(axis=1)
        return [
            {"label": self._labels[index], "score": float(row[index])}
            for index, row in zip(best, scores, strict=True)
        ]
