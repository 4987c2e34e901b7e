"""The fine-tuned classifier as an ONNX graph, with the storage of its weights left open.

The graph is written out by hand from the weights, not traced: every form of it (see `forms`) then differs in
nothing but how matrices and tables are stored, and it is exact about what the last layer needs, which is the
first token alone. It takes `input_ids` and `attention_mask`, int64 [batch, tokens], and gives `logits`,
float32 [batch, 2]. Architecture: BERT (Devlin et al., https://arxiv.org/abs/1810.04805).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

OPSET = 21
IR_VERSION = 10
HEADS = 12
LAYER_NORM_EPSILON = 1e-12
MASKED = -1e9
"""Added to the score of a padding token: its weight in the softmax is exactly zero."""

Weights = Mapping[str, np.ndarray]


class Graph:
    """Nodes and constants of an ONNX graph under construction; values are named by their strings."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: dict[str, onnx.TensorProto] = {}

    def constant(self, name: str, value: np.ndarray) -> str:
        """Stores a constant under a name, once."""
        if name not in self.constants:
            self.constants[name] = numpy_helper.from_array(np.asarray(value), name)
        return name

    def add(self, op: str, inputs: Sequence[str], domain: str = "", **attributes: object) -> str:
        """Adds a node with one output and gives the output's name."""
        output = f"{op}_{len(self.nodes)}"
        self.nodes.append(
            helper.make_node(op, list(inputs), [output], name=output, domain=domain, **attributes)
        )
        return output

    def integers(self, *values: int) -> str:
        """A constant list of int64."""
        return self.constant("i_" + "_".join(map(str, values)), np.array(values, dtype=np.int64))


class Form(Protocol):
    """How a form of the model stores what is big."""

    def linear(self, graph: Graph, name: str, x: str, weight: np.ndarray) -> str:
        """x [..., in] times weight [in, out], without the bias."""

    def rows(self, graph: Graph, name: str, table: np.ndarray, index: str) -> str:
        """Rows of a table [rows, width] chosen by an int64 tensor, as float32."""


def build(weights: Weights, form: Form) -> onnx.ModelProto:
    """Writes the graph of a BertForSequenceClassification with two labels.

    Args:
        weights: Its state dictionary as numpy arrays.
        form: How to store the matrices and tables.
    """
    graph = Graph()
    _Bert(graph, weights, form).write()
    return _model(graph, "sentiment", "logits", ["batch", 2])


def build_encoder(weights: Weights, form: Form) -> onnx.ModelProto:
    """Writes the graph of a BertModel alone: its output is `last_hidden_state` [batch, tokens, width].

    Args:
        weights: Its state dictionary as numpy arrays, each name beginning with `bert.`.
        form: How to store the matrices and tables.
    """
    graph = Graph()
    encoded = _Bert(graph, weights, form).encode()
    graph.nodes.append(helper.make_node("Identity", [encoded], ["last_hidden_state"]))
    width = len(weights["bert.embeddings.LayerNorm.bias"])
    return _model(graph, "encoder", "last_hidden_state", ["batch", "tokens", width])


@dataclass(frozen=True)
class _Bert:
    """Writes the network's parts into a graph; `x` and what the methods give are names of values."""

    graph: Graph
    weights: Weights
    form: Form

    def write(self) -> None:
        """The whole network, from the inputs to `logits`."""
        graph = self.graph
        x = self.encode(first_token_only=True)
        x = graph.add("Tanh", [self._linear("bert.pooler.dense", x)])
        x = graph.add("MatMul", [x, graph.constant("classifier.weight", self.weights["classifier.weight"].T)])
        bias = graph.constant("classifier.bias", self.weights["classifier.bias"])
        graph.nodes.append(helper.make_node("Add", [x, bias], ["logits"]))

    def encode(self, *, first_token_only: bool = False) -> str:
        """The layers: [batch, tokens, width], or [batch, width] for the first token alone."""
        layers = 1 + max(int(name.split(".")[3]) for name in self.weights if ".encoder.layer." in name)
        x = self._embed()
        padding = self._padding()
        for layer in range(layers):
            x = self._layer(layer, x, padding, first_token_only=first_token_only and layer == layers - 1)
        return x

    def _embed(self) -> str:
        """Word and position embeddings, normalised: [batch, tokens, width].

        Every text is one sentence, so the embedding of token type 0 is added to the positions beforehand.
        """
        graph, weights = self.graph, self.weights
        words = self.form.rows(graph, "words", weights["bert.embeddings.word_embeddings.weight"], "input_ids")
        table = weights["bert.embeddings.position_embeddings.weight"]
        table = table + weights["bert.embeddings.token_type_embeddings.weight"][0]
        zero, one = (graph.constant(f"i{i}", np.int64(i)) for i in range(2))
        tokens = graph.add("Squeeze", [graph.add("Shape", ["input_ids"], start=1, end=2)])
        positions = self.form.rows(graph, "positions", table, graph.add("Range", [zero, tokens, one]))
        return self._normalise("bert.embeddings.LayerNorm", graph.add("Add", [words, positions]))

    def _padding(self) -> str:
        """Added to the attention scores: 0, or `MASKED` where a token is padding: [batch, 1, 1, tokens]."""
        graph = self.graph
        mask = graph.add("Cast", ["attention_mask"], to=TensorProto.FLOAT)
        padding = graph.add("Sub", [graph.constant("one", np.float32(1)), mask])
        padding = graph.add("Mul", [padding, graph.constant("masked", np.float32(MASKED))])
        return graph.add("Unsqueeze", [padding, graph.integers(1, 2)])

    def _layer(self, number: int, x: str, padding: str, *, first_token_only: bool) -> str:
        """One layer; [batch, tokens, width] in and out, or [batch, width] out for the first token alone."""
        graph, prefix = self.graph, f"bert.encoder.layer.{number}"
        context = self._attention(f"{prefix}.attention.self", x, padding)
        if first_token_only:
            first = graph.constant("i0", np.int64(0))
            context, x = (graph.add("Gather", [value, first], axis=1) for value in (context, x))
        context = self._linear(f"{prefix}.attention.output.dense", context)
        x = self._normalise(f"{prefix}.attention.output.LayerNorm", graph.add("Add", [context, x]))
        inner = graph.add("Gelu", [self._linear(f"{prefix}.intermediate.dense", x)])
        inner = self._linear(f"{prefix}.output.dense", inner)
        return self._normalise(f"{prefix}.output.LayerNorm", graph.add("Add", [inner, x]))

    def _attention(self, prefix: str, x: str, padding: str) -> str:
        """Self-attention before its output projection; one matrix makes queries, keys and values."""
        graph = self.graph
        matrices = [self.weights[f"{prefix}.{part}.weight"].T for part in ("query", "key", "value")]
        biases = [self.weights[f"{prefix}.{part}.bias"] for part in ("query", "key", "value")]
        width = matrices[0].shape[0]
        size = width // HEADS
        scale = np.float32(size**-0.5)
        matrices[0], biases[0] = matrices[0] * scale, biases[0] * scale
        x = self.form.linear(graph, f"{prefix}.weight", x, np.concatenate(matrices, axis=1))
        x = graph.add("Add", [x, graph.constant(f"{prefix}.bias", np.concatenate(biases))])
        x = graph.add("Reshape", [x, graph.integers(0, 0, 3, HEADS, size)])
        x = graph.add("Transpose", [x], perm=[2, 0, 3, 1, 4])
        parts = [graph.constant(f"i{i}", np.int64(i)) for i in range(3)]
        query, key, value = (graph.add("Gather", [x, part], axis=0) for part in parts)
        scores = graph.add("MatMul", [query, graph.add("Transpose", [key], perm=[0, 1, 3, 2])])
        shares = graph.add("Softmax", [graph.add("Add", [scores, padding])], axis=-1)
        context = graph.add("Transpose", [graph.add("MatMul", [shares, value])], perm=[0, 2, 1, 3])
        return graph.add("Reshape", [context, graph.integers(0, 0, width)])

    def _linear(self, prefix: str, x: str) -> str:
        weight, bias = self.weights[f"{prefix}.weight"], self.weights[f"{prefix}.bias"]
        x = self.form.linear(self.graph, f"{prefix}.weight", x, weight.T)
        return self.graph.add("Add", [x, self.graph.constant(f"{prefix}.bias", bias)])

    def _normalise(self, prefix: str, x: str) -> str:
        names = [f"{prefix}.weight", f"{prefix}.bias"]
        scale, bias = (self.graph.constant(name, self.weights[name]) for name in names)
        return self.graph.add("LayerNormalization", [x, scale, bias], axis=-1, epsilon=LAYER_NORM_EPSILON)


def _model(graph: Graph, name: str, output: str, shape: Sequence[str | int]) -> onnx.ModelProto:
    """The finished, checked model with one output."""
    inputs = [
        helper.make_tensor_value_info(given, TensorProto.INT64, ["batch", "tokens"])
        for given in ("input_ids", "attention_mask")
    ]
    outputs = [helper.make_tensor_value_info(output, TensorProto.FLOAT, list(shape))]
    domains = {node.domain for node in graph.nodes}
    opsets = [helper.make_opsetid("", OPSET)] + [helper.make_opsetid(d, 1) for d in sorted(domains - {""})]
    model = helper.make_model(
        helper.make_graph(graph.nodes, name, inputs, outputs, list(graph.constants.values())),
        opset_imports=opsets,
        ir_version=IR_VERSION,
        producer_name="modelyard examples",
    )
    onnx.checker.check_model(model)
    return model
