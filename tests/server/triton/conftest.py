"""Servers for a client that is not ours."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from onnx import TensorProto

from tests.server.conftest import ServerProcess, free_port
from tests.server.models import identity_model, text_model

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


@pytest.fixture(scope="package")
def text_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TwoPorts]:
    directory = tmp_path_factory.mktemp("triton-text")
    server = TwoPorts(text_model(directory / "model"), directory / "run")
    try:
        server.process.wait_ready()
        yield server
    finally:
        server.process.kill()


@pytest.fixture(scope="package")
def tensor_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TwoPorts]:
    directory = tmp_path_factory.mktemp("triton-tensor")
    server = TwoPorts(identity_model(directory / "model", TYPES, ["batch", 2]), directory / "run")
    try:
        server.process.wait_ready()
        yield server
    finally:
        server.process.kill()
