"""A large tensor in three forms: as JSON, as binary data after it, and over gRPC.

The model does next to nothing (a mean), so that what is measured is the way there and back. HTTP is asked by
wrk; gRPC by `grpc_load.py`, whose client is gRPC's own C core with the message made beforehand.
"""

import contextlib
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import orjson
from onnx import TensorProto, helper

from benchmarks.goal import Goal, repeated
from benchmarks.server.asked import Asked, asking, module
from benchmarks.server.load import load, post, record
from benchmarks.server.options import Options, cores, say
from benchmarks.server.ours import serving
from benchmarks.server.process import Process
from modelyard_server import contract
from modelyard_server.rpc.open_inference_pb2 import ModelInferRequest
from tests.ports import free_port

TITLE = "A large tensor over V2"
SHAPE = (1, 3, 224, 224)
NAME = "pixels"
MODEL = "bench"
PATH = f"/v2/models/{MODEL}/infer"
SEED = 5
OPSET, IR_VERSION = 20, 10
WARM_UP_SECONDS = 1
JSON, BINARY, GRPC = "JSON", "binary data", "gRPC"


def measure(options: Options) -> list[Goal]:
    """The forms, taking turns, one request in flight."""
    values = np.random.default_rng(SEED).normal(size=SHAPE).astype(np.float32)
    with tempfile.TemporaryDirectory(prefix="modelyard-bench-") as scratch, contextlib.ExitStack() as stack:
        folder = Path(scratch)
        model = folder / "model"
        model.mkdir()
        onnx.save(mean(), model / "model.onnx")
        port = free_port()
        ours = stack.enter_context(
            serving(model, folder, environment={contract.ENV_GRPC_PORT: str(port)}),
        )
        files = {
            JSON: record(folder / "json", [as_json(values)]),
            BINARY: record(folder / "binary", [as_binary(values)]),
        }
        message = folder / "message"
        message.write_bytes(as_message(values))
        client = stack.enter_context(
            asking(module("grpc_load", f"127.0.0.1:{port}", message), cores=str(cores()[1]))
        )
        return told(rounds(ours, client, files, options), values.nbytes)


def mean() -> onnx.ModelProto:
    """The mean of each channel."""
    axes = helper.make_tensor("axes", TensorProto.INT64, [2], [2, 3])
    node = helper.make_node("ReduceMean", [NAME, "axes"], ["means"], keepdims=0)
    shape = ["batch", *SHAPE[1:]]
    graph = helper.make_graph(
        [node],
        "mean",
        [helper.make_tensor_value_info(NAME, TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("means", TensorProto.FLOAT, ["batch", SHAPE[1]])],
        [axes],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)


def as_json(values: Any) -> bytes:
    """The request with its numbers in JSON."""
    entry = {"name": NAME, "datatype": "FP32", "shape": SHAPE, "data": values.ravel().tolist()}
    return post(PATH, orjson.dumps({"inputs": [entry]}))


def as_binary(values: Any) -> bytes:
    """The request of the binary tensor data extension."""
    content = values.tobytes()
    entry = {
        "name": NAME,
        "datatype": "FP32",
        "shape": SHAPE,
        "parameters": {"binary_data_size": len(content)},
    }
    head = orjson.dumps({"inputs": [entry], "parameters": {"binary_data_output": True}})
    return post(
        PATH, head + content, "application/octet-stream", Inference_Header_Content_Length=str(len(head))
    )


def as_message(values: Any) -> bytes:
    """The message of ModelInfer."""
    entry = ModelInferRequest.InferInputTensor(name=NAME, datatype="FP32", shape=SHAPE)
    request = ModelInferRequest(model_name=MODEL, inputs=[entry], raw_input_contents=[values.tobytes()])
    return request.SerializeToString()


def rounds(
    ours: Process, client: Asked, files: dict[str, Path], options: Options
) -> list[dict[str, tuple[float, float]]]:
    """Of each form, answers a second and the median seconds of one."""
    seconds = max(1.0, options.seconds / 2)

    def run(form: str, lasts: float) -> tuple[float, float]:
        if form == GRPC:
            told = client.ask(lasts)
            return told["rate"], told["p50"]
        done = load(ours, connections=1, seconds=lasts, repeated=files[form], share=0)
        return done.rate, done.p50

    forms = (JSON, BINARY, GRPC)
    for form in forms:
        run(form, WARM_UP_SECONDS)
    found = []
    for n in range(options.rounds):
        found.append({form: run(form, seconds) for form in forms})
        each = ", ".join(f"{form} {p50 * 1000:.2f} ms" for form, (_, p50) in found[-1].items())
        say(f"round {n + 1} of {options.rounds}: {each}")
    return found


def told(found: list[dict[str, tuple[float, float]]], size: int) -> list[Goal]:
    """What the rounds say."""
    what = f"FP32 {list(SHAPE)} ({size / 1000:.0f} kB), 1 in flight"
    goals = [
        repeated(f"{what}: {form}, p50", [one[form][1] * 1000 for one in found], "ms") for form in found[0]
    ]
    ratios = [
        repeated(
            f"{what}: {form} to JSON, requests a second", [one[form][0] / one[JSON][0] for one in found], "x"
        )
        for form in (BINARY, GRPC)
    ]
    return ratios + goals
