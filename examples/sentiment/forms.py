"""The forms in which the model's weights can be stored; `network.build` writes a graph of any of them.

All of them give a text the same answer whatever it is batched with. ONNX Runtime's dynamic INT8 does not (one
scale for all the activations of a batch), which is why it is not among them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from network import Graph
from onnx import TensorProto

MICROSOFT = "com.microsoft"
FEW_ROWS = 1000


@dataclass(frozen=True)
class Float:
    """float32 throughout: what the others are compared with."""

    def linear(self, graph: Graph, name: str, x: str, weight: np.ndarray) -> str:
        """One MatMul."""
        return graph.add("MatMul", [x, graph.constant(name, weight)])

    def rows(self, graph: Graph, name: str, table: np.ndarray, index: str) -> str:
        """One Gather."""
        return graph.add("Gather", [graph.constant(name, table), index])


@dataclass(frozen=True)
class HalfStored(Float):
    """float16 on disk, float32 in memory: the casts of constants are folded when the model is loaded."""

    def linear(self, graph: Graph, name: str, x: str, weight: np.ndarray) -> str:
        """The matrix is cast at load."""
        stored = graph.constant(name, weight.astype(np.float16))
        return graph.add("MatMul", [x, graph.add("Cast", [stored], to=TensorProto.FLOAT)])

    def rows(self, graph: Graph, name: str, table: np.ndarray, index: str) -> str:
        """Only the rows that are looked up are cast."""
        stored = graph.constant(name, table.astype(np.float16))
        return graph.add("Cast", [graph.add("Gather", [stored, index])], to=TensorProto.FLOAT)


@dataclass(frozen=True)
class ByteTables(Float):
    """Tables as int8 with one scale a row, float32 matrices."""

    def rows(self, graph: Graph, name: str, table: np.ndarray, index: str) -> str:
        """Looks up a row's bytes and its scale, and multiplies them."""
        scale = np.maximum(np.abs(table).max(axis=1, keepdims=True), 1e-12) / 127
        stored = graph.constant(name, np.rint(table / scale).astype(np.int8))
        scales = graph.constant(f"{name}.scale", scale.astype(np.float32))
        value = graph.add("Cast", [graph.add("Gather", [stored, index])], to=TensorProto.FLOAT)
        return graph.add("Mul", [value, graph.add("Gather", [scales, index])])


@dataclass(frozen=True)
class ByteStored(ByteTables):
    """int8 on disk with one scale an output column, float32 in memory and arithmetic."""

    def linear(self, graph: Graph, name: str, x: str, weight: np.ndarray) -> str:
        """The matrix is multiplied out once, when the model is loaded."""
        stored, scale = _columns(weight)
        matrix = graph.add("Cast", [graph.constant(name, stored)], to=TensorProto.FLOAT)
        matrix = graph.add("Mul", [matrix, graph.constant(f"{name}.scale", scale)])
        return graph.add("MatMul", [x, matrix])


@dataclass(frozen=True)
class Blocks(ByteTables):
    """Matrices in blocks along their input, each with a scale of its own (ONNX Runtime's MatMulNBits).

    At accuracy level 4 the multiplication is in integers; activations are quantized row by row and block by
    block, so a text's arithmetic never sees another's.
    """

    bits: int = 8
    """8 or 4."""
    block: int = 64
    """Neighbours that share a scale; divides every matrix's input width."""

    def linear(self, graph: Graph, name: str, x: str, weight: np.ndarray) -> str:
        """One MatMulNBits; symmetric for 8 bits, with zero points for 4."""
        inner, outer = weight.shape
        if self.bits == 8:
            blocks = weight.T.reshape(outer, inner // self.block, self.block)
            scale = np.maximum(np.abs(blocks).max(axis=2, keepdims=True), 1e-12) / 127
            stored = (np.rint(blocks / scale) + 128).clip(0, 255).astype(np.uint8)
            constants = {"": stored, ".scale": scale[:, :, 0].astype(np.float32)}
        else:
            constants = _four_bits(weight.T, self.block)
        return graph.add(
            "MatMulNBits",
            [x, *(graph.constant(name + suffix, value) for suffix, value in constants.items())],
            domain=MICROSOFT,
            K=inner,
            N=outer,
            bits=self.bits,
            block_size=self.block,
            accuracy_level=4,
        )


@dataclass(frozen=True)
class Nibbles(Blocks):
    """Four bits for the matrices and for the table of words (ONNX Runtime's GatherBlockQuantized)."""

    bits: int = 4
    block: int = 32

    def rows(self, graph: Graph, name: str, table: np.ndarray, index: str) -> str:
        """Looks rows up and multiplies them out; a table of few rows is not worth the loss and stays int8."""
        if len(table) < FEW_ROWS:
            return super().rows(graph, name, table, index)
        constants = _four_bits(table, self.block)
        stored = constants[""].reshape(len(table), -1)
        return graph.add(
            "GatherBlockQuantized",
            [
                graph.constant(name, stored),
                index,
                graph.constant(f"{name}.scale", constants[".scale"]),
                graph.constant(f"{name}.zero", constants[".zero"]),
            ],
            domain=MICROSOFT,
            bits=4,
            block_size=self.block,
            gather_axis=0,
            quantize_axis=1,
        )


@dataclass(frozen=True)
class Static(ByteTables):
    """Matrices and their inputs as int8 and uint8, with scales fixed by calibration (QDQ).

    A fixed scale makes an answer independent of its batch, and cuts off what lies beyond what was calibrated.
    """

    ranges: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    """(low, high) of the input of each matrix, by the matrix's name."""

    def linear(self, graph: Graph, name: str, x: str, weight: np.ndarray) -> str:
        """QuantizeLinear, DequantizeLinear, MatMul: the engine fuses them into one integer operation."""
        low, high = self.ranges[name]
        low, high = min(low, 0.0), max(high, 0.0)
        scale = (high - low) / 255
        fixed = [
            graph.constant(f"{name}.input.scale", np.float32(scale)),
            graph.constant(f"{name}.input.zero", np.uint8(round(-low / scale))),
        ]
        x = graph.add("DequantizeLinear", [graph.add("QuantizeLinear", [x, *fixed]), *fixed])
        stored, columns = _columns(weight)
        zero = graph.constant(f"{name}.zero", np.zeros(weight.shape[1], dtype=np.int8))
        matrix = [graph.constant(name, stored), graph.constant(f"{name}.scale", columns), zero]
        return graph.add("MatMul", [x, graph.add("DequantizeLinear", matrix, axis=1)])


@dataclass(frozen=True)
class Watched(Float):
    """float32, remembering which value enters which matrix: for calibration."""

    inputs: dict[str, str] = field(default_factory=dict)
    """Name of the matrix -> name of the value."""

    def linear(self, graph: Graph, name: str, x: str, weight: np.ndarray) -> str:
        """One MatMul."""
        self.inputs[name] = x
        return super().linear(graph, name, x, weight)


def _columns(weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(int8 matrix, float32 scale of each output column)."""
    scale = np.maximum(np.abs(weight).max(axis=0), 1e-12) / 127
    return np.rint(weight / scale).astype(np.int8), scale.astype(np.float32)


def _four_bits(rows: np.ndarray, block: int) -> dict[str, np.ndarray]:
    """Four bits a value with a scale and a zero point for each block of a row.

    Gives the values as "" (uint8 [rows, blocks, block / 2]), ".scale" (float32 [rows, blocks]) and ".zero"
    (uint8 [rows, blocks / 2]).
    """
    blocks = rows.reshape(len(rows), -1, block)
    low = np.minimum(blocks.min(axis=2, keepdims=True), 0)
    high = np.maximum(blocks.max(axis=2, keepdims=True), 0)
    scale = np.maximum(high - low, 1e-12) / 15
    zero = np.rint(-low / scale).clip(0, 15)
    return {
        "": _nibbles((np.rint(blocks / scale) + zero).clip(0, 15)),
        ".scale": scale[:, :, 0].astype(np.float32),
        ".zero": _nibbles(zero[:, :, 0]),
    }


def _nibbles(values: np.ndarray) -> np.ndarray:
    """Packs whole values below 16 along the last axis, two a byte, the first in the low half."""
    values = values.astype(np.uint8)
    if values.shape[-1] % 2:
        values = np.concatenate([values, np.zeros_like(values[..., :1])], axis=-1)
    return values[..., 0::2] | (values[..., 1::2] << 4)
