"""The gRPC methods with a plain client; see `tests/server/triton` for one that is not ours."""

import asyncio
import struct
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from onnx import TensorProto

from modelyard_server.batching.base import QueueFullError
from modelyard_server.engines.base import EngineError
from modelyard_server.errors import InvalidRequestError
from modelyard_server.rpc import open_inference_pb2 as pb
from modelyard_server.rpc.tensors import read_call, read_message
from tests.server.conftest import Serve, eventually
from tests.server.models import identity_model
from tests.server.rpc.conftest import Caller, Calling, texts

Code = grpc.StatusCode
Input = pb.ModelInferRequest.InferInputTensor
Output = pb.ModelInferRequest.InferRequestedOutputTensor


async def test_health_and_metadata(caller: Caller) -> None:
    live = await caller.call("ServerLive", pb.ServerLiveRequest(), pb.ServerLiveResponse)
    ready = await caller.call("ServerReady", pb.ServerReadyRequest(), pb.ServerReadyResponse)
    model = await caller.call("ModelReady", pb.ModelReadyRequest(name="sentiment"), pb.ModelReadyResponse)
    server = await caller.call("ServerMetadata", pb.ServerMetadataRequest(), pb.ServerMetadataResponse)
    metadata = await caller.call(
        "ModelMetadata", pb.ModelMetadataRequest(name="sentiment", version="r1"), pb.ModelMetadataResponse
    )

    assert live.live
    assert ready.ready
    assert model.ready
    assert server.name == "modelyard"
    assert (metadata.name, list(metadata.versions)) == ("sentiment", ["r1"])
    assert [(one.name, one.datatype, list(one.shape)) for one in metadata.inputs] == [("text", "BYTES", [-1])]
    assert [one.name for one in metadata.outputs] == ["labels", "scores"]


async def test_before_the_model_is_up(calling: Calling, sentiment: Path) -> None:
    async with calling(sentiment, start=False) as caller:
        ready = await caller.call("ServerReady", pb.ServerReadyRequest(), pb.ServerReadyResponse)
        refused = await caller.refusal(texts("a"))
        with pytest.raises(grpc.aio.AioRpcError) as metadata:
            await caller.call(
                "ModelMetadata", pb.ModelMetadataRequest(name="sentiment"), pb.ModelMetadataResponse
            )

    assert not ready.ready
    assert refused.code() == metadata.value.code() == Code.UNAVAILABLE
    assert ("retry-after", "1") in tuple(refused.trailing_metadata())


async def test_typed_contents_give_typed_contents(caller: Caller) -> None:
    call = caller.infer(texts("awesome", "boring film", id="7", model_version="r1"))
    response = await call

    assert (response.id, response.model_name, response.model_version) == ("7", "sentiment", "r1")
    labels, scores = response.outputs
    assert list(labels.contents.bytes_contents) == [b"POSITIVE", b"NEGATIVE", b"NEGATIVE", b"POSITIVE"]
    assert list(scores.shape) == [2, 2]
    assert len(scores.contents.fp32_contents) == 4
    assert not response.raw_output_contents
    trailers = dict(await call.trailing_metadata())
    assert trailers["x-modelyard-cached"] == "0"
    assert trailers["x-request-id"]
    assert caller.answered(200) == 1


async def test_answers_share_the_cache_of_http(
    serve: Serve, calling: Calling, sentiment: Path, runtime: Any
) -> None:
    runtime.write({"ttlSeconds": 60, "mode": "managed", "host": None, "port": None})
    async with calling(sentiment, runtime_dir=runtime.directory) as caller:
        first = caller.infer(texts("awesome"))
        await first
        again = caller.infer(texts("awesome"))
        await again
        fresh = caller.infer(texts("awesome"), metadata=[("cache-control", "no-cache")])
        await fresh

        cached = [
            dict(await call.trailing_metadata())["x-modelyard-cached"] for call in (first, again, fresh)
        ]

    assert cached == ["0", "1", "0"]


async def test_raw_contents_give_raw_contents(caller: Caller) -> None:
    request = texts("awesome", outputs=[Output(name="scores")])
    request.inputs[0].ClearField("contents")
    request.raw_input_contents.append(struct.pack("<I", 7) + b"awesome")
    request.parameters["top_k"].int64_param = 1
    response = await caller.infer(request)

    [scores] = response.outputs
    assert list(scores.shape) == [1, 1]
    assert not scores.HasField("contents")
    assert np.frombuffer(response.raw_output_contents[0], "<f4")[0] > 0.5


TYPES: dict[str, tuple[int, str, list[Any]]] = {
    "BOOL": (TensorProto.BOOL, "bool_contents", [True, False]),
    "UINT8": (TensorProto.UINT8, "uint_contents", [0, 255]),
    "UINT32": (TensorProto.UINT32, "uint_contents", [0, 2**32 - 1]),
    "UINT64": (TensorProto.UINT64, "uint64_contents", [0, 2**64 - 1]),
    "INT16": (TensorProto.INT16, "int_contents", [-(2**15), 5]),
    "INT64": (TensorProto.INT64, "int64_contents", [-(2**63), 2**63 - 1]),
    "FP32": (TensorProto.FLOAT, "fp32_contents", [1.5, -2.0]),
    "FP64": (TensorProto.DOUBLE, "fp64_contents", [1e300, 0.1]),
    "BYTES": (TensorProto.STRING, "bytes_contents", ["ä".encode(), b""]),
}


async def test_every_typed_content(calling: Calling, tmp_path: Path) -> None:
    identity_model(tmp_path, {name: kind for name, (kind, _, _) in TYPES.items()}, ["batch"])
    inputs = [
        Input(name=name, datatype=name, shape=[2], contents=pb.InferTensorContents(**{field: values}))  # type: ignore[arg-type]
        for name, (_, field, values) in TYPES.items()
    ]
    async with calling(tmp_path) as caller:
        response = await caller.infer(pb.ModelInferRequest(model_name="sentiment", inputs=inputs))
        inputs[1].contents.uint_contents[0] = 256
        refused = await caller.refusal(pb.ModelInferRequest(model_name="sentiment", inputs=inputs))

    assert {
        output.name: list(getattr(output.contents, TYPES[output.datatype][1])) for output in response.outputs
    } == {f"{name}_out": values for name, (_, _, values) in TYPES.items()}
    assert "from 0 to 255" in refused.details()


def wrong(**fields: Any) -> pb.ModelInferRequest:
    return texts("a", "b", **fields)


def changed(**fields: Any) -> pb.ModelInferRequest:
    request = texts("a", "b")
    for name, value in fields.items():
        if isinstance(value, list):
            getattr(request.inputs[0], name)[:] = value
        else:
            setattr(request.inputs[0], name, value)
    return request


@pytest.mark.parametrize(
    ("request_", "code", "says"),
    [
        (b"\xff\xff\xff", Code.INVALID_ARGUMENT, "no ModelInferRequest"),
        (wrong(model_name="other"), Code.NOT_FOUND, "this server has 'sentiment'"),
        (wrong(model_version="9"), Code.NOT_FOUND, "no version '9'"),
        (wrong(inputs=[]), Code.INVALID_ARGUMENT, "give a list of tensors"),
        (wrong(raw_input_contents=[b"", b""]), Code.INVALID_ARGUMENT, "there are 2 for 1 inputs"),
        (wrong(raw_input_contents=[b""]), Code.INVALID_ARGUMENT, "not both"),
        (changed(shape=[3]), Code.INVALID_ARGUMENT, "asks for 3 values, the data has 2"),
        (changed(shape=[2**40]), Code.INVALID_ARGUMENT, "the data has 2"),
        (changed(shape=[-1]), Code.INVALID_ARGUMENT, "whole numbers, 0 or more"),
        (changed(shape=[2**62] * 40), Code.INVALID_ARGUMENT, "40 dimensions"),
        (changed(datatype="FP32"), Code.INVALID_ARGUMENT, "asks for 2 values, the data has 0"),
        (changed(datatype="FP16"), Code.INVALID_ARGUMENT, "no typed contents"),
        (changed(datatype="X"), Code.INVALID_ARGUMENT, "no datatype 'X'"),
        (changed(name="other"), Code.INVALID_ARGUMENT, "called 'text'"),
        (wrong(outputs=[Output(name="x")]), Code.INVALID_ARGUMENT, "no output 'x'"),
        (
            wrong(
                outputs=[
                    Output(name="labels", parameters={"classification": pb.InferParameter(int64_param=1)})
                ]
            ),
            Code.INVALID_ARGUMENT,
            "classification extension",
        ),
        (
            wrong(parameters={"k": pb.InferParameter(int64_param=1)}),
            Code.INVALID_ARGUMENT,
            "no parameter 'k'",
        ),
        (wrong(parameters={"k": pb.InferParameter()}), Code.INVALID_ARGUMENT, "has no value"),
    ],
)
async def test_what_does_not_fit_is_refused(caller: Caller, request_: Any, code: Code, says: str) -> None:
    refused = await caller.refusal(request_)

    assert refused.code() == code
    assert says in refused.details()
    assert caller.answered(404 if code == Code.NOT_FOUND else 400) == 1


@pytest.mark.parametrize(
    ("error", "code", "status"),
    [
        (QueueFullError(9, 2), Code.RESOURCE_EXHAUSTED, 503),
        (EngineError("too hot"), Code.INTERNAL, 500),
        (RuntimeError("secret"), Code.INTERNAL, 500),
    ],
)
async def test_failures_have_their_codes(
    caller: Caller, monkeypatch: pytest.MonkeyPatch, error: Exception, code: Code, status: int
) -> None:
    def fail(*_: Any, **__: Any) -> asyncio.Future[Any]:
        failed = asyncio.get_running_loop().create_future()
        failed.set_exception(error)
        return failed

    monkeypatch.setattr(caller.service.plane.batcher, "submit", fail)
    refused = await caller.refusal(texts("a"))

    assert refused.code() == code
    assert "secret" not in refused.details()
    assert caller.answered(status) == 1


async def test_a_message_over_the_limit(calling: Calling, sentiment: Path) -> None:
    limits = {"max_body_bytes": 100_000, "max_item_bytes": 10**9}
    # A connection whose time is over could end while the client packs what it sends.
    async with calling(sentiment, **limits, max_connection_age=0, drain_seconds=0) as caller:
        refused = await caller.refusal(texts("a" * 300_000))
        # A hundred megabytes of one byte are a hundred kilobytes on the wire.
        bomb = await caller.refusal(texts("a" * 100_000_000), compression=grpc.Compression.Gzip)

    assert refused.code() == bomb.code() == Code.RESOURCE_EXHAUSTED


@pytest.mark.parametrize("end", ["cancel", "deadline"])
async def test_a_caller_that_goes_costs_no_inference(
    caller: Caller, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    waiting = asyncio.Event()
    dropped = asyncio.Event()

    def submit(*_: Any, **__: Any) -> asyncio.Future[Any]:
        answering = asyncio.get_running_loop().create_future()
        answering.add_done_callback(lambda _: dropped.set())
        waiting.set()
        return answering

    monkeypatch.setattr(caller.service.plane.batcher, "submit", submit)
    call = caller.infer(texts("a"), timeout=0.3 if end == "deadline" else None)
    await waiting.wait()
    if end == "cancel":
        call.cancel()
        await dropped.wait()
    else:
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await call
        assert refused.value.code() == Code.DEADLINE_EXCEEDED
        await dropped.wait()
    await eventually(lambda: caller.answered(499) + caller.answered(504) == 1, "the call is counted")
    assert caller.service.metrics.in_flight == 0


messages = st.builds(
    pb.ModelInferRequest,
    model_name=st.just("sentiment"),
    inputs=st.lists(
        st.builds(
            Input,
            name=st.sampled_from(["text", "x", ""]),
            datatype=st.sampled_from(["BYTES", "FP32", "FP16", "BF16", "BOOL", "INT8", "?"]),
            shape=st.lists(st.integers(-1, 4) | st.just(2**62), max_size=3),
            contents=st.none()
            | st.builds(
                pb.InferTensorContents,
                bytes_contents=st.lists(st.binary(max_size=4), max_size=4),
                int_contents=st.lists(st.integers(-200, 200), max_size=4),
                fp32_contents=st.lists(st.floats(width=32), max_size=4),
            ),
        ),
        max_size=2,
    ),
    raw_input_contents=st.lists(st.binary(max_size=12), max_size=2),
)


@given(st.one_of(messages.map(lambda message: message.SerializeToString()), st.binary(max_size=60)))
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_any_message_is_read_or_refused(message: bytes) -> None:
    try:
        read_call(read_message(message))
    except InvalidRequestError as error:
        assert error.message
