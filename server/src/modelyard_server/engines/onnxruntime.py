"""ONNX Runtime on the CPU (https://onnxruntime.ai/docs/api/python/api_summary.html)."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort

from modelyard_server.artifact.infer import PRODUCER
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
    "tensor(float)": np.float32,
    "tensor(double)": np.float64,
    "tensor(float16)": np.float16,
    "tensor(int8)": np.int8,
    "tensor(int16)": np.int16,
    "tensor(int32)": np.int32,
    "tensor(int64)": np.int64,
    "tensor(uint8)": np.uint8,
    "tensor(uint16)": np.uint16,
    "tensor(uint32)": np.uint32,
    "tensor(uint64)": np.uint64,
    "tensor(bool)": np.bool_,
    "tensor(string)": np.object_,
}
_MAPS = frozenset({"seq(map(int64,tensor(float)))", "seq(map(string,tensor(float)))"})
_SEVERITY_ERROR = 3


class OnnxRuntimeEngine:
    """One inference session."""

    def __init__(self, session: ort.InferenceSession) -> None:
        self._session = session
        self.signature = Signature(
            inputs=tuple(_spec(node, "input") for node in session.get_inputs()),
            outputs=tuple(_spec(node, "output") for node in session.get_outputs()),
            metadata=_metadata(session),
        )
        self._output_names = [output.name for output in self.signature.outputs]

    def run(self, feeds: Tensors) -> dict[str, Array]:
        """See `Engine.run`."""
        try:
            values = self._session.run(self._output_names, dict(feeds))
        except Exception as error:  # ONNX Runtime's exceptions share no base class of their own
            raise EngineError(str(error)) from error
        # A sequence of maps comes as a list of dictionaries.
        arrays = [np.array(value, dtype=object) if isinstance(value, list) else value for value in values]
        return dict(zip(self._output_names, arrays, strict=True))


def open_engine(path: Path, options: EngineOptions) -> Engine:
    """Load an ONNX file.

    Args:
        path: The file; external weights are looked for beside it.
        options: How it is to run.

    Raises:
        EngineError: The file is no ONNX model, or one that this engine can't run.
    """
    session_options = ort.SessionOptions()
    session_options.intra_op_num_threads = options.threads
    session_options.inter_op_num_threads = 1
    session_options.log_severity_level = _SEVERITY_ERROR
    # Spinning threads would burn the container's CPU quota between requests and feign load to the autoscaler.
    session_options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        session = ort.InferenceSession(path, sess_options=session_options, providers=["CPUExecutionProvider"])
        # Names that are no text are seen only when they are read.
        return OnnxRuntimeEngine(session)
    except EngineError:
        raise
    except Exception as error:  # ONNX Runtime's exceptions share no base class of their own
        raise EngineError(str(error)) from error


def _metadata(session: ort.InferenceSession) -> dict[str, str]:
    meta = session.get_modelmeta()
    return {PRODUCER: meta.producer_name, **meta.custom_metadata_map}


def _spec(node: Any, kind: str) -> TensorSpec:
    if kind == "output" and node.type in _MAPS:
        return TensorSpec(name=node.name, dtype=np.dtype(object), shape=(None,), maps=True)
    dtype = _DTYPES.get(node.type)
    if dtype is None:
        raise EngineError(f"{kind} {node.name!r} is of type {node.type}, which is not served")
    shape = tuple(size if isinstance(size, int) else None for size in node.shape or ())
    return TensorSpec(name=node.name, dtype=np.dtype(dtype), shape=shape)
