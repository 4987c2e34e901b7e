"""Servers for a client that is not ours."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from onnx import TensorProto

from tests.ports import free_port
from tests.server.conftest import ServerProcess
from tests.server.models import identity_model
from tests.server.task_models import TASKS

TYPES = {
    "BOOL": TensorProto.BOOL,
    "UINT8": TensorProto.UINT8,
    "UINT16": TensorProto.UINT16,
    "UINT32": TensorProto.UINT32,
    "UINT64": TensorProto.UINT64,
    "INT8": TensorProto.INT8,
    "INT16": TensorProto.INT16,
    "INT32": TensorProto.INT32,
    "INT64": TensorProto.INT64,
    "FP16": TensorProto.FLOAT16,
    "FP32": TensorProto.FLOAT,
    "FP64": TensorProto.DOUBLE,
    "BYTES": TensorProto.STRING,
}


class TwoPorts:
    """A server process, and where its two transports listen."""

    def __init__(self, model: Path, directory: Path) -> None:
        port = free_port()
        directory.mkdir()
        self.process = ServerProcess(model, directory / "server.log", {"MODELYARD_GRPC_PORT": str(port)})
        self.addresses = {"http": f"127.0.0.1:{self.process.port}", "grpc": f"127.0.0.1:{port}"}


MODELS: Mapping[str, Callable[[Path], Path]] = {
    "text": TASKS["text-classification"],
    "tensor": lambda directory: identity_model(directory, TYPES, ["batch", 2]),
    "embedding": TASKS["text-embedding"],
    "tabular": TASKS["tabular"],
    "images": TASKS["image-classification"],
    "detection": TASKS["object-detection"],
}
"""The model that a case is about, by the first word of its name."""

Serving = Callable[[str], TwoPorts]


@pytest.fixture(scope="package")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """Starts a model's server when it is first asked for."""
    started: dict[str, TwoPorts] = {}

    def server(name: str) -> TwoPorts:
        if name not in started:
            directory = tmp_path_factory.mktemp(f"triton-{name}")
            started[name] = TwoPorts(MODELS[name](directory / "model"), directory / "run")
            started[name].process.wait_ready()
        return started[name]

    try:
        yield server
    finally:
        for each in started.values():
            each.process.kill()
