"""What runs a model: one line an engine."""

from modelyard_server.engines import onnxruntime
from modelyard_server.engines.base import Engine, EngineOptions, Opener, Signature, TensorSpec

ENGINES: dict[str, Opener] = {
    "onnxruntime": onnxruntime.open_engine,
}

__all__ = ["ENGINES", "Engine", "EngineOptions", "Opener", "Signature", "TensorSpec"]
