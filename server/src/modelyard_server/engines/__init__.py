"""What runs a model: one line an engine."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from modelyard_server.engines.base import Engine, EngineOptions, Opener, Signature, TensorSpec


@dataclass(frozen=True, slots=True)
class EngineKind:
    """An engine that the server knows, whether or not its library is in this image.

    Attributes:
        module: Where its `open_engine` is; imported when a model is opened, so that only the engine in use
            costs memory and start-up time.
        package: The import name of its library.
        suffixes: Of the files that it reads.
    """

    module: str
    package: str
    suffixes: tuple[str, ...]

    @property
    def available(self) -> bool:
        """Whether its library is in this image."""
        return find_spec(self.package) is not None

    def reads(self, file: str) -> bool:
        """Whether it can open such a file."""
        return file.endswith(self.suffixes)

    def __call__(self, path: Path, options: EngineOptions) -> Engine:
        """Open a model's file.

        Raises:
            EngineError: The file is no model, or one that this engine can't run.
        """
        opener: Opener = import_module(self.module).open_engine
        return opener(path, options)


ENGINES: Mapping[str, EngineKind] = {
    "onnxruntime": EngineKind("modelyard_server.engines.onnxruntime", "onnxruntime", (".onnx",)),
    "openvino": EngineKind("modelyard_server.engines.openvino", "openvino", (".xml", ".onnx")),
}
"""In the order of preference where nothing was measured."""

__all__ = ["ENGINES", "Engine", "EngineKind", "EngineOptions", "Opener", "Signature", "TensorSpec"]
