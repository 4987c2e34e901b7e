"""Requests and answers of `ModelInfer`: tensors as raw bytes or as typed contents."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from google.protobuf.message import DecodeError

from modelyard_server.errors import InvalidRequestError
from modelyard_server.rpc import open_inference_pb2 as pb
from modelyard_server.tasks.v2 import (
    DTYPES,
    V2Call,
    V2Request,
    V2Tensor,
    WantedOutput,
    by_name,
    check_tensor,
    read_parameters,
)
from modelyard_server.tasks.v2_binary import read_raw, write_raw

_Loc = tuple[str | int, ...]

_CONTENTS: Final[Mapping[str, str]] = {
    "BOOL": "bool_contents",
    "INT8": "int_contents",
    "INT16": "int_contents",
    "INT32": "int_contents",
    "INT64": "int64_contents",
    "UINT8": "uint_contents",
    "UINT16": "uint_contents",
    "UINT32": "uint_contents",
    "UINT64": "uint64_contents",
    "FP32": "fp32_contents",
    "FP64": "fp64_contents",
    "BYTES": "bytes_contents",
}
"""Where the values of a data type stand; the halves stand nowhere and can only be raw."""


def read_message(message: bytes) -> pb.ModelInferRequest:
    """Read a request's message.

    Raises:
        InvalidRequestError: It is none.
    """
    try:
        return pb.ModelInferRequest.FromString(message)
    except DecodeError as error:
        raise InvalidRequestError(["message"], f"is no ModelInferRequest: {error}") from None


def read_call(message: pb.ModelInferRequest) -> V2Call:
    """Read and check a request.

    Raises:
        InvalidRequestError: Naming the field and the mend.
    """
    raws = message.raw_input_contents
    if raws and len(raws) != len(message.inputs):
        raise InvalidRequestError(
            ["raw_input_contents"],
            f"there are {len(raws):,} for {len(message.inputs):,} inputs: give one for each, or none",
        )
    tensors = []
    for index, entry in enumerate(message.inputs):
        loc = ("inputs", index)
        if "shared_memory_region" in entry.parameters:
            raise InvalidRequestError(
                [*loc, "parameters", "shared_memory_region"],
                "the server shares no memory with its clients: send the data itself",
            )
        if not raws:
            tensors.append(_read_contents(entry, loc))
        elif entry.HasField("contents"):
            raise InvalidRequestError([*loc, "contents"], "give contents or raw_input_contents, not both")
        else:
            raw = memoryview(raws[index])
            tensors.append(read_raw(entry.name, entry.datatype, list(entry.shape), raw, loc))
    parameters, _, timeout = read_parameters(_parameters(message.parameters), ("parameters",))
    return V2Call(
        V2Request(by_name(tensors, ("inputs",)), parameters),
        id=message.id or None,
        outputs=[_read_wanted(entry, ("outputs", index)) for index, entry in enumerate(message.outputs)],
        binary=bool(raws),
        timeout=timeout,
    )


def write_outputs(response: pb.ModelInferResponse, tensors: Sequence[V2Tensor], *, raw: bool) -> None:
    """Put tensors into an answer.

    Args:
        response: The answer.
        tensors: Its outputs.
        raw: Whether they go as raw bytes, as the request's did; without, they go so only where one of them
            has no other form.
    """
    raw = raw or any(tensor.datatype not in _CONTENTS for tensor in tensors)
    for tensor in tensors:
        output = response.outputs.add(
            name=tensor.name, datatype=tensor.datatype, shape=list(tensor.array.shape)
        )
        if raw:
            response.raw_output_contents.append(write_raw(tensor.array))
        else:
            getattr(output.contents, _CONTENTS[tensor.datatype]).extend(tensor.array.ravel().tolist())


def _read_contents(entry: pb.ModelInferRequest.InferInputTensor, loc: _Loc) -> V2Tensor:
    count = check_tensor(entry.name, entry.datatype, entry.shape, loc)
    field = _CONTENTS.get(entry.datatype)
    if field is None:
        raise InvalidRequestError(
            [*loc, "datatype"], f"{entry.datatype} has no typed contents: send raw_input_contents"
        )
    where = (*loc, "contents", field)
    values = getattr(entry.contents, field)
    if len(values) != count:
        raise InvalidRequestError(
            where, f"shape {list(entry.shape)} asks for {count} values, the data has {len(values)}"
        )
    dtype = DTYPES[entry.datatype]
    if dtype.kind in "iu":
        bounds = np.iinfo(dtype)
        if min(values) < bounds.min or max(values) > bounds.max:
            raise InvalidRequestError(
                where, f"must hold numbers from {bounds.min} to {bounds.max} ({entry.datatype})"
            )
    array = np.empty(count, dtype=dtype)
    array[:] = values
    return V2Tensor(entry.name, array.reshape(tuple(entry.shape)), loc)


def _read_wanted(
    entry: pb.ModelInferRequest.InferRequestedOutputTensor, loc: tuple[str | int, ...]
) -> WantedOutput:
    for name, mend in (
        ("classification", "the classification extension is not served: leave it out"),
        ("shared_memory_region", "the server shares no memory with its clients: leave it out"),
    ):
        if name in entry.parameters:
            raise InvalidRequestError([*loc, "parameters", name], mend)
    return WantedOutput(entry.name[:1000], None, loc)


def _parameters(parameters: Mapping[str, pb.InferParameter]) -> dict[str, Any]:
    read = {}
    for name, parameter in parameters.items():
        choice = parameter.WhichOneof("parameter_choice")
        if choice is None:
            raise InvalidRequestError(["parameters", name], "the parameter has no value", "missing")
        read[name] = getattr(parameter, choice)
    return read
