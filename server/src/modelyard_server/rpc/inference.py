"""The methods of `inference.GRPCInferenceService`.

https://github.com/kserve/open-inference-protocol/blob/main/specification/protocol/inference_grpc.md
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final, NoReturn

import grpc
import grpc.aio
from google.protobuf.message import DecodeError, Message

from modelyard_server.dataplane import Answers
from modelyard_server.edge.exchange import Exchange
from modelyard_server.errors import InvalidRequestError, ProblemError
from modelyard_server.refusals import refused
from modelyard_server.routes.names import check_model
from modelyard_server.routes.traffic import CLIENT_GONE, compute, parse, truncated
from modelyard_server.routes.v2 import SERVER_NAME, platform, server_version
from modelyard_server.rpc import open_inference_pb2 as pb
from modelyard_server.rpc.status import http_status, status_of
from modelyard_server.rpc.tensors import read_call, read_message, write_outputs
from modelyard_server.service import Service
from modelyard_server.tasks.base import Parsed
from modelyard_server.tasks.v2 import V2Call

SERVICE: Final = "inference.GRPCInferenceService"
ROUTE: Final = f"/{SERVICE}/ModelInfer"
_TIMED_OUT: Final = 504

Context = grpc.aio.ServicerContext[Any, Any]


class Inference:
    """The methods; each takes the request's bytes, so that what is no message is refused in words.

    Args:
        service: The pod.
    """

    def __init__(self, service: Service) -> None:
        self._service = service
        self._settings = service.settings

    def handler(self) -> grpc.GenericRpcHandler:
        """What a gRPC server is told of them."""
        methods: dict[str, Callable[[bytes, Context], Awaitable[Message]]] = {
            "ServerLive": _simple(pb.ServerLiveRequest, self._live),
            "ServerReady": _simple(pb.ServerReadyRequest, self._ready),
            "ModelReady": _simple(pb.ModelReadyRequest, self._model_ready),
            "ServerMetadata": _simple(pb.ServerMetadataRequest, self._metadata),
            "ModelMetadata": _simple(pb.ModelMetadataRequest, self._model_metadata),
            "ModelInfer": self._infer,
        }
        return grpc.method_handlers_generic_handler(
            SERVICE,
            {
                name: grpc.unary_unary_rpc_method_handler(method, response_serializer=_serialized)
                for name, method in methods.items()
            },
        )

    # --- health and metadata ------------------------------------------------------------------------
    def _live(self, request: pb.ServerLiveRequest) -> pb.ServerLiveResponse:  # noqa: ARG002 - it is empty
        return pb.ServerLiveResponse(live=True)

    def _ready(self, request: pb.ServerReadyRequest) -> pb.ServerReadyResponse:  # noqa: ARG002 - it is empty
        return pb.ServerReadyResponse(ready=self._service.lifecycle.ready)

    def _model_ready(self, request: pb.ModelReadyRequest) -> pb.ModelReadyResponse:
        check_model(self._settings, request.name, request.version)
        return pb.ModelReadyResponse(ready=self._service.lifecycle.ready)

    def _metadata(self, request: pb.ServerMetadataRequest) -> pb.ServerMetadataResponse:  # noqa: ARG002 - it is empty
        return pb.ServerMetadataResponse(name=SERVER_NAME, version=server_version())

    def _model_metadata(self, request: pb.ModelMetadataRequest) -> pb.ModelMetadataResponse:
        check_model(self._settings, request.name, request.version)
        tensors = self._service.model.task.metadata_v2()
        return pb.ModelMetadataResponse(
            name=self._settings.deployment,
            versions=[self._settings.revision],
            platform=platform(self._service),
            inputs=[pb.ModelMetadataResponse.TensorMetadata(**tensor) for tensor in tensors["inputs"]],
            outputs=[pb.ModelMetadataResponse.TensorMetadata(**tensor) for tensor in tensors["outputs"]],
        )

    # --- predictions --------------------------------------------------------------------------------
    async def _infer(self, message: bytes, context: Context) -> pb.ModelInferResponse:
        """Predict; a caller that goes away, or whose deadline passes, cancels this and so its work."""
        metrics = self._service.metrics
        exchange = self._service.edge.open(ROUTE, _metadata_of(context), (_host(context.peer()), 0))
        trailers = [("x-request-id", exchange.request_id.decode("latin-1"))]
        metrics.in_flight += 1
        try:
            response, answers = await self._answer(message, context, exchange)
        except asyncio.CancelledError:
            metrics.dropped.value += 1
            left = context.time_remaining()
            self._service.edge.leave(exchange, _TIMED_OUT if left is not None and left <= 0 else CLIENT_GONE)
            raise
        except Exception as error:
            refusal = refused(error)
        else:
            if exchange.notes is not None:
                exchange.notes.answer = response.SerializeToString()
                exchange.notes.answers = answers.answers
            self._service.edge.leave(exchange, 200, len(answers.answers))
            trailers.append(("x-modelyard-cached", str(answers.cached)))
            if cut := truncated(answers.answers):
                trailers.append(("x-modelyard-truncated", cut))
            context.set_trailing_metadata(tuple(trailers))
            return response
        finally:
            metrics.in_flight -= 1
        self._service.edge.leave(exchange, http_status(refusal))
        return await _abort(context, refusal, trailers)

    async def _answer(
        self, message: bytes, context: Context, exchange: Exchange
    ) -> tuple[pb.ModelInferResponse, Answers]:
        await self._service.edge.enter(exchange)
        exchange.ended("admit")
        if (notes := exchange.notes) is not None:
            notes.body = message
        task = self._service.plane.task
        calls: list[V2Call] = []

        def read() -> Parsed:
            request = read_message(message)
            check_model(self._settings, request.model_name, request.model_version)
            calls.append(read_call(request))
            return task.parse_v2(calls[0].request)

        parsed = await parse(read, len(message))
        exchange.ended("parse")
        [call] = calls
        if notes is not None:
            notes.parsed, notes.tensors = parsed, call.request
            notes.path = f"/v2/models/{self._settings.deployment}/infer"
        answers = await compute(
            self._service,
            parsed,
            fresh=b"no-cache" in exchange.headers.get(b"cache-control", b"").lower(),
            deadline=_deadline(exchange, context.time_remaining(), call.timeout),
        )
        exchange.cached = answers.cached
        exchange.ended("predict")
        response = pb.ModelInferResponse(
            model_name=self._settings.deployment, model_version=self._settings.revision, id=call.id or ""
        )
        outputs = [tensor for tensor, _ in call.select(task.outputs_v2(answers.answers))]
        write_outputs(response, outputs, raw=call.binary)
        return response, answers


def _simple(
    kind: type[Any], answer: Callable[[Any], Message]
) -> Callable[[bytes, Context], Awaitable[Message]]:
    """A method that waits for nothing."""

    async def method(message: bytes, context: Context) -> Message:
        try:
            return answer(kind.FromString(message))
        except DecodeError as error:
            name = kind.DESCRIPTOR.name
            refusal: InvalidRequestError | ProblemError = InvalidRequestError(
                ["message"], f"is no {name}: {error}"
            )
        except ProblemError as error:
            refusal = error
        return await _abort(context, refusal, [])

    return method


async def _abort(
    context: Context, refusal: InvalidRequestError | ProblemError, trailers: list[tuple[str, str]]
) -> NoReturn:
    code, text = status_of(refusal)
    if isinstance(refusal, ProblemError) and refusal.retry_after is not None:
        trailers.append(("retry-after", str(refusal.retry_after)))
    await context.abort(code, text, tuple(trailers))


def _serialized(message: Message) -> bytes:
    return message.SerializeToString()


def _metadata_of(context: Context) -> list[tuple[bytes, bytes]]:
    return [
        (name.encode(), value if isinstance(value, bytes) else value.encode())
        for name, value in context.invocation_metadata() or ()
    ]


def _host(peer: str) -> str:
    """`ipv4:10.0.0.1:1234` -> `10.0.0.1`, `ipv6:%5B::1%5D:1234` -> `::1`."""
    host = peer.partition(":")[2].rpartition(":")[0]
    return host.replace("%5B", "").replace("%5D", "").strip("[]")


def _deadline(exchange: Exchange, remaining: float | None, timeout: float | None) -> float | None:
    """When the caller stops waiting, by whichever it says first, in monotonic seconds."""
    told = [
        exchange.deadline,
        None if remaining is None else time.monotonic() + remaining,
        None if timeout is None else exchange.began + timeout,
    ]
    return min((moment for moment in told if moment is not None), default=None)
