"""Forms that ONNX Runtime runs, made by its own tools.

https://onnxruntime.ai/docs/performance/model-optimizations/quantization.html
"""

import logging
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from modelyard_server.engines.base import Tensors

_OPERATORS = ("MatMul", "Gemm", "Conv")
"""What computes much. Others cost accuracy and bring nothing."""
_INTEGER_ARITHMETIC = 4
"""MatMulNBits' accuracy level that multiplies in 8-bit integers."""
_BLOCK = 32


def static_int8(source: Path, target: Path, feeds: Sequence[Tensors]) -> None:
    """QDQ with int8 weights a channel and uint8 activations, their scales fixed: no batch changes them."""
    from onnxruntime import quantization  # noqa: PLC0415 - seconds to import
    from onnxruntime.quantization.shape_inference import quant_pre_process  # noqa: PLC0415

    with tempfile.TemporaryDirectory() as folder, _quiet():
        prepared = Path(folder) / "prepared.onnx"
        # Without shapes, inputs of matrices would be taken for constants of them and the reverse.
        quant_pre_process(source, prepared, skip_symbolic_shape=True)
        quantization.quantize_static(
            prepared,
            target,
            _Reader(feeds),
            quant_format=quantization.QuantFormat.QDQ,
            op_types_to_quantize=list(_OPERATORS),
            per_channel=True,
            activation_type=quantization.QuantType.QUInt8,
            weight_type=quantization.QuantType.QInt8,
            extra_options={"MatMulConstBOnly": True},
        )


def weights_8(source: Path, target: Path, feeds: Sequence[Tensors]) -> None:
    """8-bit blocks of weights; activations are rounded row by row, so a row never sees another."""
    del feeds
    _weights(source, target, 8)


def weights_4(source: Path, target: Path, feeds: Sequence[Tensors]) -> None:
    """4-bit blocks of weights."""
    del feeds
    _weights(source, target, 4)


def dynamic_int8(source: Path, target: Path, feeds: Sequence[Tensors]) -> None:
    """int8 weights, and activations whose one scale is told from the whole batch."""
    del feeds
    from onnxruntime import quantization  # noqa: PLC0415

    with _quiet():
        quantization.quantize_dynamic(
            source, target, weight_type=quantization.QuantType.QInt8, per_channel=True
        )


def _weights(source: Path, target: Path, bits: int) -> None:
    import onnx  # noqa: PLC0415
    from onnxruntime.quantization.matmul_nbits_quantizer import MatMulNBitsQuantizer  # noqa: PLC0415

    with _quiet():
        quantizer = MatMulNBitsQuantizer(
            onnx.load(source),
            bits=bits,
            block_size=_BLOCK,
            is_symmetric=bits == 8,
            accuracy_level=_INTEGER_ARITHMETIC,
        )
        quantizer.process()
    quantizer.model.save_model_to_file(str(target), use_external_data_format=False)


class _Reader:
    """Gives the calibrator one set of feeds after the other."""

    def __init__(self, feeds: Sequence[Tensors]) -> None:
        self._left: Iterator[Tensors] = iter(feeds)

    def get_next(self) -> dict[str, Any] | None:
        """The next feeds; None: there are no more."""
        feeds = next(self._left, None)
        return None if feeds is None else dict(feeds)


class _quiet:  # noqa: N801 - read as a word after `with`
    """Holds back what the tools log of each node."""

    def __enter__(self) -> None:
        logging.disable(logging.WARNING)

    def __exit__(self, *error: object) -> None:
        logging.disable(logging.NOTSET)
