"""Makes a text classifier of DistilBERT's size with random weights: for speed, never for its answers.

Run as a program by `models.py`: `python distilbert.py FOLDER TOKENIZER`, with the sentiment example's `forms`
and `network` on the path. It writes `weights.npz` (in the names of transformers'
DistilBertForSequenceClassification), the configuration and tokenizer of a Hugging Face folder, and in `onnx/`
the forms `fp32`, `int8` (static QDQ) and `nbits8` (8-bit weights in blocks). Architecture:
https://arxiv.org/abs/1910.01108.
"""

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
from forms import Blocks, Float, Static, Watched  # type: ignore[import-not-found]  # the example's own
from network import IR_VERSION, LAYER_NORM_EPSILON, MASKED, OPSET, Graph  # type: ignore[import-not-found]
from onnx import TensorProto, helper

WORDS, POSITIONS, WIDTH, INNER, LAYERS, HEADS, LABELS = 30522, 512, 768, 3072, 6, 12, 2
SEED = 20261121
CALIBRATION = 64
SIZE = WIDTH // HEADS

Weights = dict[str, np.ndarray]


def random_weights() -> Weights:
    """Weights as transformers would draw them: normal, deviation 0.02."""
    chance = np.random.default_rng(SEED)
    weights: Weights = {}

    def linear(name: str, inner: int, outer: int) -> None:
        weights[f"{name}.weight"] = chance.normal(0, 0.02, (outer, inner)).astype(np.float32)
        weights[f"{name}.bias"] = np.zeros(outer, np.float32)

    def norm(name: str) -> None:
        weights[f"{name}.weight"] = np.ones(WIDTH, np.float32)
        weights[f"{name}.bias"] = np.zeros(WIDTH, np.float32)

    root = "distilbert.embeddings"
    for table, rows in (("word", WORDS), ("position", POSITIONS)):
        drawn = chance.normal(0, 0.02, (rows, WIDTH))
        weights[f"{root}.{table}_embeddings.weight"] = drawn.astype(np.float32)
    norm(f"{root}.LayerNorm")
    for layer in range(LAYERS):
        root = f"distilbert.transformer.layer.{layer}"
        for part in ("q_lin", "k_lin", "v_lin", "out_lin"):
            linear(f"{root}.attention.{part}", WIDTH, WIDTH)
        norm(f"{root}.sa_layer_norm")
        linear(f"{root}.ffn.lin1", WIDTH, INNER)
        linear(f"{root}.ffn.lin2", INNER, WIDTH)
        norm(f"{root}.output_layer_norm")
    linear("pre_classifier", WIDTH, WIDTH)
    linear("classifier", WIDTH, LABELS)
    return weights


class Writer:
    """Writes the network in one form of its weights, operation by operation as transformers computes it."""

    def __init__(self, weights: Weights, form: Any) -> None:
        self.graph = Graph()
        self.weights = weights
        self.form = form

    def model(self, name: str) -> onnx.ModelProto:
        """The whole network: `input_ids` and `attention_mask`, int64 [batch, tokens], to `logits`."""
        graph = self.graph
        x, padding = self._embed(), self._padding()
        for layer in range(LAYERS):
            x = self._layer(f"distilbert.transformer.layer.{layer}", x, padding)
        x = graph.add("Gather", [x, graph.constant("i0", np.int64(0))], axis=1)
        x = graph.add("Relu", [self._linear("pre_classifier", x)])
        x = graph.add("MatMul", [x, graph.constant("classifier.weight", self.weights["classifier.weight"].T)])
        bias = graph.constant("classifier.bias", self.weights["classifier.bias"])
        graph.nodes.append(helper.make_node("Add", [x, bias], ["logits"]))
        inputs = [
            helper.make_tensor_value_info(value, TensorProto.INT64, ["batch", "tokens"])
            for value in ("input_ids", "attention_mask")
        ]
        outputs = [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", LABELS])]
        made = helper.make_graph(graph.nodes, name, inputs, outputs, list(graph.constants.values()))
        domains = {node.domain for node in graph.nodes} - {""}
        opsets = [helper.make_opsetid("", OPSET), *(helper.make_opsetid(domain, 1) for domain in domains)]
        return helper.make_model(made, opset_imports=opsets, ir_version=IR_VERSION)

    def _embed(self) -> str:
        graph, root = self.graph, "distilbert.embeddings"
        table = self.weights[f"{root}.word_embeddings.weight"]
        words = self.form.rows(graph, "words", table, "input_ids")
        zero, one = (graph.constant(f"i{i}", np.int64(i)) for i in range(2))
        tokens = graph.add("Squeeze", [graph.add("Shape", ["input_ids"], start=1, end=2)])
        order = graph.add("Range", [zero, tokens, one])
        table = self.weights[f"{root}.position_embeddings.weight"]
        positions = self.form.rows(graph, "positions", table, order)
        return self._normalise(f"{root}.LayerNorm", graph.add("Add", [words, positions]))

    def _padding(self) -> str:
        graph = self.graph
        mask = graph.add("Cast", ["attention_mask"], to=TensorProto.FLOAT)
        padding = graph.add("Sub", [graph.constant("one", np.float32(1)), mask])
        padding = graph.add("Mul", [padding, graph.constant("masked", np.float32(MASKED))])
        return str(graph.add("Unsqueeze", [padding, graph.integers(1, 2)]))

    def _layer(self, root: str, x: str, padding: str) -> str:
        graph = self.graph
        query, key, value = (self._heads(f"{root}.attention.{part}_lin", x) for part in "qkv")
        query = graph.add("Mul", [query, graph.constant("scale", np.float32(SIZE**-0.5))])
        scores = graph.add("MatMul", [query, graph.add("Transpose", [key], perm=[0, 1, 3, 2])])
        shares = graph.add("Softmax", [graph.add("Add", [scores, padding])], axis=-1)
        context = graph.add("Transpose", [graph.add("MatMul", [shares, value])], perm=[0, 2, 1, 3])
        context = graph.add("Reshape", [context, graph.integers(0, 0, WIDTH)])
        context = self._linear(f"{root}.attention.out_lin", context)
        x = self._normalise(f"{root}.sa_layer_norm", graph.add("Add", [context, x]))
        inner = graph.add("Gelu", [self._linear(f"{root}.ffn.lin1", x)])
        inner = self._linear(f"{root}.ffn.lin2", inner)
        return self._normalise(f"{root}.output_layer_norm", graph.add("Add", [inner, x]))

    def _heads(self, name: str, x: str) -> str:
        split = self.graph.add("Reshape", [self._linear(name, x), self.graph.integers(0, 0, HEADS, SIZE)])
        return str(self.graph.add("Transpose", [split], perm=[0, 2, 1, 3]))

    def _linear(self, name: str, x: str) -> str:
        weight = self.weights[f"{name}.weight"].T
        product = self.form.linear(self.graph, f"{name}.weight", x, weight)
        bias = self.graph.constant(f"{name}.bias", self.weights[f"{name}.bias"])
        return str(self.graph.add("Add", [product, bias]))

    def _normalise(self, name: str, x: str) -> str:
        names = [f"{name}.weight", f"{name}.bias"]
        scale, bias = (self.graph.constant(part, self.weights[part]) for part in names)
        return str(
            self.graph.add("LayerNormalization", [x, scale, bias], axis=-1, epsilon=LAYER_NORM_EPSILON)
        )


def ranges(weights: Weights) -> dict[str, tuple[float, float]]:
    """The range of each matrix' input over random texts: what the static form's scales are fixed by."""
    watched = Watched()
    model = Writer(weights, watched).model("watched")
    names = sorted(set(watched.inputs.values()))
    model.graph.output.extend(onnx.ValueInfoProto(name=name) for name in names)
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    chance = np.random.default_rng(SEED)
    seen = dict.fromkeys(names, (0.0, 0.0))
    for _ in range(CALIBRATION):
        ids = chance.integers(1000, WORDS, (1, 16))
        feeds = {"input_ids": ids, "attention_mask": np.ones_like(ids)}
        for name, value in zip(names, session.run(names, feeds), strict=True):
            low, high = seen[name]
            seen[name] = min(low, float(value.min())), max(high, float(value.max()))
    return {matrix: seen[value] for matrix, value in watched.inputs.items()}


def main(folder: Path, tokenizer: Path) -> None:
    """Write everything."""
    weights = random_weights()
    np.savez(folder / "weights.npz", **weights)  # type: ignore[arg-type]  # numpy's stub takes a keyword for one
    (folder / "onnx").mkdir()
    forms = {"fp32": Float(), "int8": Static(ranges=ranges(weights)), "nbits8": Blocks(bits=8, block=64)}
    for name, form in forms.items():
        onnx.save(Writer(weights, form).model(name), folder / "onnx" / f"model_{name}.onnx")
    shutil.copy(tokenizer, folder / "tokenizer.json")
    config = {
        "architectures": ["DistilBertForSequenceClassification"],
        "model_type": "distilbert",
        "activation": "gelu",
        "vocab_size": WORDS,
        "max_position_embeddings": POSITIONS,
        "dim": WIDTH,
        "hidden_dim": INNER,
        "n_layers": LAYERS,
        "n_heads": HEADS,
        "pad_token_id": 0,
        "id2label": {"0": "NEGATIVE", "1": "POSITIVE"},
        "label2id": {"NEGATIVE": 0, "POSITIVE": 1},
        "problem_type": "single_label_classification",
    }
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    tokenizing = {
        "tokenizer_class": "DistilBertTokenizer",
        "do_lower_case": True,
        "model_max_length": POSITIONS,
        "pad_token": "[PAD]",
        "unk_token": "[UNK]",
        "cls_token": "[CLS]",
        "sep_token": "[SEP]",
        "mask_token": "[MASK]",
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(tokenizing, indent=2) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
