"""A gRPC server of one service in this process, and channels to it."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import grpc.aio
import pytest

from modelyard_server.rpc import open_inference_pb2 as pb
from modelyard_server.rpc.inference import ROUTE, SERVICE
from modelyard_server.rpc.server import RpcServer
from modelyard_server.service import Service
from tests.ports import free_port
from tests.server.conftest import Client, Serve


class Caller:
    """Calls one server's methods."""

    def __init__(self, channel: grpc.aio.Channel, service: Service, server: RpcServer) -> None:
        self.channel = channel
        self.service = service
        self.server = server

    def call(self, method: str, request: Any, answer: Any, **how: Any) -> Any:
        return self.channel.unary_unary(
            f"/{SERVICE}/{method}",
            request_serializer=lambda message: (
                message if isinstance(message, bytes) else message.SerializeToString()
            ),
            response_deserializer=answer.FromString,
        )(request, **how)

    def infer(self, request: Any, **how: Any) -> Any:
        return self.call("ModelInfer", request, pb.ModelInferResponse, **how)

    async def refusal(self, request: Any, **how: Any) -> grpc.aio.AioRpcError:
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await self.infer(request, **how)
        return refused.value

    def answered(self, code: int) -> float:
        """How many calls the metrics know with a status."""
        return sum(
            sample.value
            for family in self.service.metrics.registry.collect()
            for sample in family.samples
            if sample.name == "modelyard_requests_total"
            and (sample.labels["route"], sample.labels["code"]) == (ROUTE, str(code))
        )


Calling = Callable[..., AbstractAsyncContextManager[Caller]]


@asynccontextmanager
async def listening(client: Client) -> AsyncIterator[Caller]:
    """The gRPC server of a service that has a `grpc_port` of this machine."""
    server = RpcServer(client.service)
    await server.start()
    options = [("grpc.max_receive_message_length", -1)]
    async with grpc.aio.insecure_channel(f"127.0.0.1:{server.port}", options=options) as channel:
        try:
            yield Caller(channel, client.service, server)
        finally:
            await server.stop()


@pytest.fixture
def calling(serve: Serve) -> Calling:
    @asynccontextmanager
    async def called(directory: Path, **settings: Any) -> AsyncIterator[Caller]:
        settings = {"host": "127.0.0.1", "grpc_port": free_port(), **settings}
        async with serve(directory, **settings) as client, listening(client) as caller:
            yield caller

    return called


@pytest.fixture
async def caller(calling: Calling, sentiment: Path) -> AsyncIterator[Caller]:
    async with calling(sentiment) as caller:
        yield caller


def texts(*values: str, **fields: Any) -> pb.ModelInferRequest:
    """A request with texts."""
    contents = pb.InferTensorContents(bytes_contents=[value.encode() for value in values])
    tensor = pb.ModelInferRequest.InferInputTensor(
        name="text", datatype="BYTES", shape=[len(values)], contents=contents
    )
    return pb.ModelInferRequest(**{"model_name": "sentiment", "inputs": [tensor], **fields})
