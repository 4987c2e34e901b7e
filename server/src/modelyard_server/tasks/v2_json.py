"""Open Inference Protocol requests and answers as JSON, with or without tensors as bytes behind it.

https://github.com/kserve/open-inference-protocol/blob/main/specification/protocol/extension_binary_data.md
"""

import binascii
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

import numpy as np
import orjson

from modelyard_server.engines.base import Array
from modelyard_server.errors import InvalidRequestError
from modelyard_server.tasks.arrays import to_array
from modelyard_server.tasks.v2 import (
    BFLOAT16,
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


def read_call(body: bytes, json_length: int | None = None) -> V2Call:
    """Read and check a request.

    Args:
        body: As it came.
        json_length: How many of its bytes are JSON; what follows are tensors. None: all of them.

    Raises:
        InvalidRequestError: Naming the field and the mend.
    """
    if json_length is not None and json_length > len(body):
        raise InvalidRequestError(
            ["header", "Inference-Header-Content-Length"],
            f"is {json_length:,}, the body has {len(body):,} bytes",
        )
    content = _read_json(body if json_length is None else body[:json_length])
    tail = _Tail(memoryview(body)[len(body) if json_length is None else json_length :])
    inputs = content.get("inputs")
    tensors = [
        _read_input(entry, ("body", "inputs", index), tail)
        for index, entry in enumerate(inputs if isinstance(inputs, list) else ())
    ]
    tail.check_used_up()
    loc = ("body", "parameters")
    parameters, binary, timeout = read_parameters(content.get("parameters") or {}, loc)
    return V2Call(
        V2Request(by_name(tensors, ("body", "inputs")), parameters),
        id=content.get("id"),
        outputs=[
            _read_wanted(entry, ("body", "outputs", index))
            for index, entry in enumerate(content.get("outputs") or ())
        ],
        binary=binary,
        timeout=timeout,
    )


def write_answer(
    head: Mapping[str, Any], outputs: Sequence[tuple[V2Tensor, bool]]
) -> tuple[bytes, int | None]:
    """Write an answer.

    Args:
        head: Its fields besides `outputs`.
        outputs: Each output, and whether it goes as bytes.

    Returns:
        The body, and how many of its bytes are JSON; None: all.
    """
    described: list[dict[str, Any]] = []
    raws = []
    for tensor, binary in outputs:
        entry: dict[str, Any] = {
            "name": tensor.name,
            "shape": list(tensor.array.shape),
            "datatype": tensor.datatype,
        }
        if binary:
            raw = write_raw(tensor.array)
            raws.append(raw)
            entry["parameters"] = {"binary_data_size": len(raw)}
        else:
            entry["data"] = _values(tensor.array)
        described.append(entry)
    content = orjson.dumps({**head, "outputs": described}, option=orjson.OPT_SERIALIZE_NUMPY)
    return (b"".join([content, *raws]), len(content)) if raws else (content, None)


class _Tail:
    """The bytes behind the JSON, which the tensors take one after the other."""

    def __init__(self, raw: memoryview) -> None:
        self._raw = raw
        self._taken = 0

    def take(self, size: Any, loc: _Loc) -> memoryview:
        where = (*loc, "parameters", "binary_data_size")
        if type(size) is not int or size < 0:
            raise InvalidRequestError(where, "must be a whole number of bytes, 0 or more", "int_type")
        left = len(self._raw) - self._taken
        if size > left:
            raise InvalidRequestError(
                where,
                f"is {size}, but {left:,} bytes are left behind the JSON; the header "
                "Inference-Header-Content-Length says where it ends",
            )
        self._taken += size
        return self._raw[self._taken - size : self._taken]

    def check_used_up(self) -> None:
        left = len(self._raw) - self._taken
        if left:
            raise InvalidRequestError(["body"], f"{left:,} bytes behind the JSON belong to no tensor")


def _read_json(body: bytes) -> dict[str, Any]:
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise InvalidRequestError(["body"], f"the body is not JSON: {error}", "json_invalid") from None
    if not isinstance(content, dict):
        raise InvalidRequestError(["body"], "the body must be an object with 'inputs'", "dict_type")
    for field, kind in (("id", str), ("parameters", dict), ("outputs", list)):
        if content.get(field) is not None and not isinstance(content[field], kind):
            raise InvalidRequestError(["body", field], f"must be a {kind.__name__}")
    return content


def _read_input(entry: Any, loc: _Loc, tail: _Tail) -> V2Tensor:
    parameters = _parameters(entry, loc, "a tensor is an object with name, shape, datatype and data")
    binary = "binary_data_size" in parameters
    for field, kind in (("name", str), ("datatype", str), ("shape", list), ("data", list)):
        if field == "data" and binary:
            if "data" in entry:
                raise InvalidRequestError([*loc, "data"], "give data or binary_data_size, not both")
        elif not isinstance(entry.get(field), kind):
            raise InvalidRequestError(
                [*loc, field], f"a tensor needs {field!r}, a {kind.__name__}", "missing"
            )
    name, datatype, shape = entry["name"], entry["datatype"], entry["shape"]
    if binary:
        return read_raw(name, datatype, shape, tail.take(parameters["binary_data_size"], loc), loc)
    count = check_tensor(name, datatype, shape, loc)
    where = (*loc, "data")
    data = _flat(entry["data"], len(shape), where)
    if len(data) != count:
        raise InvalidRequestError(where, f"shape {shape} asks for {count} values, the data has {len(data)}")
    array = to_array(data, np.dtype(np.float32) if datatype == BFLOAT16 else DTYPES[datatype], where)
    if datatype == "BYTES":
        base64 = parameters.get("content_type") == "base64"
        array[:] = [_decoded(value, (*where, index), base64) for index, value in enumerate(array)]
    return V2Tensor(name, array.reshape(shape), loc)


def _read_wanted(entry: Any, loc: _Loc) -> WantedOutput:
    parameters = _parameters(entry, loc, "an output is an object with a name")
    if not isinstance(entry.get("name"), str):
        raise InvalidRequestError([*loc, "name"], "an output needs 'name', a str", "missing")
    binary = parameters.get("binary_data")
    if binary is not None and not isinstance(binary, bool):
        raise InvalidRequestError([*loc, "parameters", "binary_data"], "must be true or false", "bool_type")
    if parameters.get("classification"):
        raise InvalidRequestError(
            [*loc, "parameters", "classification"],
            "the classification extension is not served: leave it out",
        )
    return WantedOutput(entry["name"][:1000], binary, loc)


def _parameters(entry: Any, loc: _Loc, expected: str) -> Mapping[str, Any]:
    if not isinstance(entry, dict):
        raise InvalidRequestError(loc, expected)
    parameters = entry.get("parameters") or {}
    if not isinstance(parameters, dict):
        raise InvalidRequestError([*loc, "parameters"], "must be an object", "dict_type")
    if "shared_memory_region" in parameters:
        raise InvalidRequestError(
            [*loc, "parameters", "shared_memory_region"],
            "the server shares no memory with its clients: send the data itself",
        )
    return parameters


def _flat(data: list[Any], dimensions: int, loc: _Loc) -> list[Any]:
    """Values that may be nested as the shape is, in row-major order."""
    for _ in range(dimensions - 1):
        nested = sum(type(value) is list for value in data)
        if nested == 0:
            return data
        if nested != len(data):
            raise InvalidRequestError(loc, "values and lists stand side by side: nest all of them or none")
        data = list(chain.from_iterable(data))
    if any(type(value) is list for value in data):
        raise InvalidRequestError(
            loc, f"the lists are nested deeper than the shape's {dimensions} dimensions"
        )
    return data


def _decoded(value: str, loc: _Loc, base64: bool) -> bytes:
    if not base64:
        return value.encode()
    try:
        return binascii.a2b_base64(value, strict_mode=True)
    except ValueError as error:
        raise InvalidRequestError(loc, f"the value is not base64: {error}") from None


def _values(array: Array) -> Any:
    if array.dtype == object:
        return [value.decode(errors="replace") for value in array.ravel()]
    # A half-precision number has no JSON form of its own; a single one has, and it is exact.
    return np.ascontiguousarray(array.astype(np.float32) if array.dtype == np.float16 else array).ravel()
