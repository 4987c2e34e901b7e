"""The forms that a float32 ONNX model can be made into: one line a form."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from modelyard_cli.forms import onnx_forms, openvino_form
from modelyard_server.engines.base import Tensors

Maker = Callable[[Path, Path, Sequence[Tensors]], None]
"""Makes a form: (float32 ONNX file, file to write, calibration feeds)."""


@dataclass(frozen=True, slots=True)
class FormKind:
    """A form.

    Attributes:
        engine: What runs it.
        precision: What `files` of `modelyard.json` calls it.
        suffix: Of its file.
        make: Makes it.
        summary: One line for a person.
        by_default: Whether it is made unless others are named.
    """

    engine: str
    precision: str
    suffix: str
    make: Maker
    summary: str
    by_default: bool = True


FORMS = {
    "int8": FormKind(
        "onnxruntime",
        "int8",
        ".onnx",
        onnx_forms.static_int8,
        "weights and activations in 8 bits, with scales fixed on the samples (QDQ)",
    ),
    "w8": FormKind(
        "onnxruntime",
        "w8",
        ".onnx",
        onnx_forms.weights_8,
        "weights of matrices in 8 bits, in blocks (MatMulNBits)",
    ),
    "w4": FormKind(
        "onnxruntime",
        "w4",
        ".onnx",
        onnx_forms.weights_4,
        "weights of matrices in 4 bits, in blocks (MatMulNBits)",
    ),
    "openvino-int8": FormKind(
        "openvino",
        "int8",
        ".xml",
        openvino_form.int8,
        "OpenVINO's own 8 bits, calibrated on the samples by NNCF",
    ),
    "dynamic": FormKind(
        "onnxruntime",
        "dynamic",
        ".onnx",
        onnx_forms.dynamic_int8,
        "8 bits with scales told from each batch: an answer depends on what it is batched with",
        by_default=False,
    ),
}
