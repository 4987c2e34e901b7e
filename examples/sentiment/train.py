"""Makes the example model `sentiment`: trains, exports, measures, and writes the model card.

Run it with `make -C examples sentiment`. It takes a few minutes on two cores and writes `model/`: a Hugging
Face layout with ONNX inside, `metrics.json`, and the card `README.md`.
"""

import argparse
import json
import shutil
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import card
import corpus
import forms
import measure
import network
import numpy as np
import onnx
from corpus import Snippet
from finetune import MODEL_DIR, Settings, fine_tune, logits
from tokenizers import Tokenizer

HERE = Path(__file__).parent
SEED = 20261121
HELD_OUT = 1600
MINIMUM_RATING = 0.5
"""Training leaves out sentences rated nearer to zero than this: people do not agree on their sign."""
MAX_TOKENS = 256
TOLERANCE = 0.003
"""How much accuracy a smaller form may cost against float32."""
MAX_SHIFT = 1e-3
"""How far a score may depend on the batch."""
CALIBRATION = 512
"""Training sentences that the static form's scales are measured on."""


def main() -> None:
    """Trains, exports and measures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--cache",
        type=Path,
        default=Path.home() / ".cache/modelyard/examples",
        help="where fetched data and the trained weights are kept",
    )
    parser.add_argument("--output", type=Path, default=HERE / "model", help="where the artifact is written")
    parser.add_argument(
        "--reuse", action="store_true", help="take the weights of the last run: only export and measure"
    )
    arguments = parser.parse_args()

    data = corpus.load(arguments.cache)
    train, held_out = corpus.split(data.movies, HELD_OUT, SEED)
    train = [snippet for snippet in train if abs(snippet.rating) > MINIMUM_RATING]
    settings = Settings(seed=SEED)
    tokenizer = Tokenizer.from_file(str(MODEL_DIR / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(MAX_TOKENS)

    kept = arguments.cache / "sentiment-weights.npz"
    if not arguments.reuse:
        trained = fine_tune(train, tokenizer, settings)
        arrays = {name: tensor.detach().numpy() for name, tensor in trained.state_dict().items()}
        texts = [snippet.text for snippet in train[: measure.BATCH]]
        check_export(arrays, tokenizer, texts, logits(trained, tokenizer, texts))
        np.savez(kept, **arrays)
    weights = dict(np.load(kept))

    report, models = compare_forms(weights, tokenizer, train, held_out)
    chosen = choose(report)
    classifier = measure.Classifier(models[chosen], tokenizer)
    methods = {
        "this model": classifier.judge,
        "TF-IDF + logistic regression": measure.bag_of_words(train, SEED),
        "VADER": measure.vader(),
    }
    metrics = {
        "accuracy": {
            name: {method: measure.accuracy(judge, snippets) for method, judge in methods.items()}
            for name, snippets in {"movies, held out": held_out, "Amazon": data.amazon}.items()
        },
        "chosen": chosen,
        "forms": report,
        "data": {
            "train": len(train),
            "held_out": len(held_out),
            "unlabelled": data.unlabelled,
            "seed": SEED,
            "minimum_rating": MINIMUM_RATING,
        },
        "settings": asdict(settings),
        "max_tokens": MAX_TOKENS,
    }
    write(arguments.output, models[chosen], tokenizer, metrics)
    print((arguments.output / "README.md").read_text())


def check_export(
    weights: network.Weights, tokenizer: Tokenizer, texts: Sequence[str], expected: np.ndarray
) -> None:
    """Holds the float32 graph against the network that it was written from.

    Raises:
        RuntimeError: Their logits differ.
    """
    found = measure.Classifier(network.build(weights, forms.Float()), tokenizer).run(texts)[0]
    difference = float(np.abs(found - expected).max())
    if difference > MAX_SHIFT:
        raise RuntimeError(f"the ONNX graph's logits are off by {difference:.2g} from the trained network's")


def compare_forms(
    weights: network.Weights, tokenizer: Tokenizer, train: Sequence[Snippet], held_out: Sequence[Snippet]
) -> tuple[dict[str, dict], dict[str, onnx.ModelProto]]:
    """Builds every form and measures it on the held-out sentences: (report by name, model by name)."""
    candidates: dict[str, network.Form] = {
        "fp32": forms.Float(),
        "fp16 stored": forms.HalfStored(),
        "int8 stored": forms.ByteStored(),
        "MatMulNBits 8": forms.Blocks(bits=8, block=64),
        "MatMulNBits 4": forms.Blocks(bits=4, block=32),
        "MatMulNBits 4, 4-bit words": forms.Nibbles(),
        "static QDQ int8": forms.Static(ranges=calibrate(weights, tokenizer, train)),
    }
    texts = [snippet.text for snippet in held_out]
    labels = np.array([snippet.positive for snippet in held_out])
    report: dict[str, dict] = {}
    models: dict[str, onnx.ModelProto] = {}
    reference = None
    for name, form in candidates.items():
        models[name] = network.build(weights, form)
        classifier = measure.Classifier(models[name], tokenizer)
        answers = classifier.judge(texts)
        reference = answers if reference is None else reference
        report[name] = {
            "megabytes": round(models[name].ByteSize() / 1e6, 2),
            "accuracy": round(float((answers == labels).mean()), 4),
            "flips_fp32": int((answers != reference).sum()),
            "batch": measure.batch_dependence(classifier, texts, SEED),
            "speed": measure.speed(classifier, texts),
        }
        print(name, json.dumps(report[name]), flush=True)
    return report, models


def calibrate(
    weights: network.Weights, tokenizer: Tokenizer, train: Sequence[Snippet]
) -> dict[str, tuple[float, float]]:
    """The range of each matrix's input over some training sentences: its matrix's name -> (low, high)."""
    watched = forms.Watched()
    model = network.build(weights, watched)
    names = sorted(set(watched.inputs.values()))
    model.graph.output.extend(onnx.ValueInfoProto(name=name) for name in names)
    classifier = measure.Classifier(model, tokenizer)
    seen: dict[str, tuple[float, float]] = dict.fromkeys(names, (0.0, 0.0))
    for snippet in train[:CALIBRATION]:
        for name, value in zip(names, classifier.run([snippet.text], names), strict=True):
            low, high = seen[name]
            seen[name] = min(low, float(value.min())), max(high, float(value.max()))
    return {matrix: seen[value] for matrix, value in watched.inputs.items()}


def choose(report: dict[str, dict]) -> str:
    """The smallest form whose answers do not depend on the batch and that costs no more than `TOLERANCE`."""
    least = report["fp32"]["accuracy"] - TOLERANCE
    fit = {
        name: form["megabytes"]
        for name, form in report.items()
        if form["batch"]["flips"] == 0 and form["batch"]["shift"] <= MAX_SHIFT and form["accuracy"] >= least
    }
    return min(fit, key=fit.__getitem__)


def write(output: Path, model: onnx.ModelProto, tokenizer: Tokenizer, metrics: dict) -> None:
    """Writes the Hugging Face layout, the metrics and the card."""
    (output / "onnx").mkdir(parents=True, exist_ok=True)
    (output / "onnx/model.onnx").write_bytes(model.SerializeToString())
    tokenizer.save(str(output / "tokenizer.json"))
    shutil.copy(MODEL_DIR / "special_tokens_map.json", output)
    config = json.loads((MODEL_DIR / "config.json").read_text())
    config.pop("transformers_version")
    config |= {
        "_name_or_path": "modelyard/sentiment",
        "architectures": ["BertForSequenceClassification"],
        "id2label": {"0": "NEGATIVE", "1": "POSITIVE"},
        "label2id": {"NEGATIVE": 0, "POSITIVE": 1},
        "problem_type": "single_label_classification",
    }
    tokenizing = json.loads((MODEL_DIR / "tokenizer_config.json").read_text())
    tokenizing |= {"model_max_length": MAX_TOKENS}
    tokenizing.pop("name_or_path")
    for name, content in {
        "config.json": config,
        "tokenizer_config.json": tokenizing,
        "metrics.json": metrics,
    }.items():
        (output / name).write_text(json.dumps(content, indent=2) + "\n")
    (output / "README.md").write_text(card.render(metrics))


if __name__ == "__main__":
    main()
