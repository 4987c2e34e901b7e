"""OpenVINO on the CPU (https://docs.openvino.ai/2025/openvino-workflow/running-inference.html).

In a variant of the image only. It computes in float32 whatever the CPU could do in bfloat16 (a choice of its
own that changes answers), and holds int64 and float64 as int32 and float32 within.
"""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from modelyard_server.engines.base import (
    Array,
    Engine,
    EngineError,
    EngineOptions,
    Signature,
    Tensors,
    TensorSpec,
)

_DTYPES: Mapping[str, Any] = {
    "f16": np.float16,
    "f32": np.float32,
    "f64": np.float64,
    "i8": np.int8,
    "i16": np.int16,
    "i32": np.int32,
    "i64": np.int64,
    "u8": np.uint8,
    "u16": np.uint16,
    "u32": np.uint32,
    "u64": np.uint64,
    "boolean": np.bool_,
}
_WIDE = (np.dtype(np.int64), np.dtype(np.uint64))
_NARROW = np.iinfo(np.int32)
_METADATA = "framework"
"""Where its reader of ONNX puts the file's metadata, and an IR file keeps it (`rt_info`)."""


class OpenVinoEngine:
    """One compiled model with one request.

    Args:
        compiled: The model.
        signature: What it says of itself.
    """

    def __init__(self, compiled: Any, signature: Signature) -> None:
        self.signature = signature
        self._request = compiled.create_infer_request()
        # By place: an output has any number of names, and may have none.
        self._outputs = list(enumerate(spec.name for spec in signature.outputs))
        self._dtypes = [spec.dtype for spec in signature.outputs]
        self._wide = [spec.name for spec in signature.inputs if spec.dtype in _WIDE]

    def run(self, feeds: Tensors) -> dict[str, Array]:
        """See `Engine.run`."""
        for name in self._wide:
            _check_range(name, feeds.get(name))
        try:
            values = self._request.infer(dict(feeds), share_inputs=True, share_outputs=False)
        except Exception as error:  # OpenVINO's bindings raise RuntimeError, TypeError and others
            raise EngineError(_first_lines(error)) from error
        return {name: np.asarray(values[index], dtype=self._dtypes[index]) for index, name in self._outputs}


def open_engine(path: Path, options: EngineOptions) -> Engine:
    """Load OpenVINO's IR (`.xml` with its `.bin`) or an ONNX file.

    Args:
        path: The file.
        options: How it is to run.

    Raises:
        EngineError: The library is not there, or the file is no model, or one that this engine can't run.
    """
    core = library().Core()
    try:
        model = core.read_model(path)
        signature = Signature(
            inputs=tuple(_spec(port, "input", index) for index, port in enumerate(model.inputs)),
            outputs=tuple(_spec(port, "output", index) for index, port in enumerate(model.outputs)),
            metadata=_metadata(model),
        )
        compiled = core.compile_model(model, "CPU", _settings(options))
    except EngineError:
        raise
    except Exception as error:  # OpenVINO's bindings raise RuntimeError, TypeError and others
        raise EngineError(_first_lines(error)) from error
    return OpenVinoEngine(compiled, signature)


def library() -> Any:
    """Import OpenVINO, and keep it from sending usage data: it does at import, where it finds what sends.

    Raises:
        EngineError: It is not in this image.
    """
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    try:
        import openvino  # noqa: PLC0415 - in a variant of the image only
    except ImportError as error:
        raise EngineError(f"OpenVINO is not installed: {error}") from error
    return openvino


def _settings(options: EngineOptions) -> dict[str, Any]:
    return {
        # One batch at a time, with all the threads there are.
        "PERFORMANCE_HINT": "LATENCY",
        "NUM_STREAMS": 1,
        "INFERENCE_NUM_THREADS": options.threads,
        # A pinned thread stays on its core when the container's share of it is used up.
        "ENABLE_CPU_PINNING": False,
        # Activations rounded by groups at run time: another batch, another answer.
        "DYNAMIC_QUANTIZATION_GROUP_SIZE": 0,
        # Its own choice is bfloat16 where the CPU has it: other answers on another node.
        "INFERENCE_PRECISION_HINT": "f32",
    }


def _check_range(name: str, values: Array | None) -> None:
    # It would take the lower half of a number that int32 can't hold, and answer as if nothing were wrong.
    if values is None or not values.size:
        return
    if values.max() > _NARROW.max or values.min() < _NARROW.min:
        raise EngineError(
            f"input {name!r} holds a number beyond {_NARROW.max}, and OpenVINO computes in int32; "
            "set spec.server.engine to onnxruntime"
        )


def _spec(port: Any, kind: str, index: int) -> TensorSpec:
    names = sorted(port.get_names())
    name = port.get_any_name() if names else f"{kind}_{index}"
    kind_name = port.get_element_type().get_type_name()
    dtype = _DTYPES.get(kind_name)
    if dtype is None:
        raise EngineError(
            f"{kind} {name!r} is of type {kind_name}, which OpenVINO is not served with; "
            "set spec.server.engine to onnxruntime"
        )
    shape = port.get_partial_shape()
    if shape.rank.is_dynamic:
        raise EngineError(f"{kind} {name!r} has no fixed number of dimensions; export the model with them")
    sizes = tuple(size.get_length() if size.is_static else None for size in shape)
    return TensorSpec(name=name, dtype=np.dtype(dtype), shape=sizes)


def _metadata(model: Any) -> dict[str, str]:
    if not model.has_rt_info([_METADATA]):
        return {}
    return {str(name): str(value) for name, value in model.get_rt_info([_METADATA]).value.items()}


def _first_lines(error: Exception) -> str:
    # Its messages are a trace of source files, one a line, that ends with what is wrong.
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    told = [line for line in lines if not line.startswith("Exception from ")]
    return " ".join(told or lines)[:2000]
