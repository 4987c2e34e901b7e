"""A further engine, as docs/engines.md says to add one: ONNX's reference implementation, on numpy."""

from pathlib import Path

import numpy as np
from onnx import ModelProto, TypeProto, helper, load
from onnx.reference import ReferenceEvaluator

from modelyard_server.engines.base import (
    Array,
    Engine,
    EngineError,
    EngineOptions,
    Signature,
    Tensors,
    TensorSpec,
)


class ReferenceEngine:
    def __init__(self, model: ModelProto) -> None:
        self._model = ReferenceEvaluator(model)
        self.signature = Signature(
            inputs=tuple(_spec(one.name, one.type) for one in model.graph.input),
            outputs=tuple(_spec(one.name, one.type) for one in model.graph.output),
            metadata={},
        )

    def run(self, feeds: Tensors) -> dict[str, Array]:
        try:
            values = self._model.run(None, dict(feeds))
        except (RuntimeError, ValueError, TypeError) as error:
            raise EngineError(str(error)) from error
        return dict(zip(self._model.output_names, values, strict=True))


def open_engine(path: Path, options: EngineOptions) -> Engine:
    del options
    return ReferenceEngine(load(path))


def _spec(name: str, kind: TypeProto) -> TensorSpec:
    tensor = kind.tensor_type
    sizes = (size.dim_value if size.HasField("dim_value") else None for size in tensor.shape.dim)
    return TensorSpec(name, np.dtype(helper.tensor_dtype_to_np_dtype(tensor.elem_type)), tuple(sizes))
