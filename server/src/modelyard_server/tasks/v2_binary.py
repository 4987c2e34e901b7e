"""Tensors as raw bytes: the binary tensor data extension, and the raw contents of gRPC.

https://github.com/kserve/open-inference-protocol/blob/main/specification/protocol/extension_binary_data.md
Values stand in row-major order, little-endian, a BOOL in one byte, each of a BYTES tensor after its length
in four bytes.
"""

import struct
from collections.abc import Sequence
from typing import Final

import numpy as np
import orjson

from modelyard_server.engines.base import Array
from modelyard_server.errors import InvalidRequestError, Location
from modelyard_server.tasks.v2 import BFLOAT16, DTYPES, V2Request, V2Tensor, check_tensor

_LENGTH: Final = struct.Struct("<I")


def read_raw(
    name: str, datatype: str, shape: Sequence[int], raw: memoryview, loc: tuple[str | int, ...]
) -> V2Tensor:
    """Read a tensor from its bytes; no more memory is taken than they have, whatever the shape says.

    Args:
        name: Its name.
        datatype: Its data type.
        shape: Its shape.
        raw: Its bytes.
        loc: Where it stands in the request.

    Raises:
        InvalidRequestError: The bytes are not what data type and shape say.
    """
    count = check_tensor(name, datatype, shape, loc)
    where = (*loc, "data")
    if datatype == "BYTES":
        return V2Tensor(name, _read_bytes(raw, count, where).reshape(shape), loc)
    stored = np.dtype("<u2") if datatype == BFLOAT16 else DTYPES[datatype].newbyteorder("<")
    if len(raw) != count * stored.itemsize:
        raise InvalidRequestError(
            where,
            f"shape {list(shape)} of {datatype} asks for {count * stored.itemsize:,} bytes, the data has "
            f"{len(raw):,}",
        )
    if datatype == "BOOL":
        values = np.frombuffer(raw, dtype=np.uint8)
        if values.max() > 1:
            raise InvalidRequestError(where, "a BOOL is a byte of 0 or 1")
        array = values.astype(np.bool_)
    elif datatype == BFLOAT16:
        # A bfloat16 is the upper half of a single.
        array = (np.frombuffer(raw, dtype=stored).astype(np.uint32) << 16).view(np.float32)
    else:
        array = np.frombuffer(raw, dtype=stored).astype(DTYPES[datatype], copy=False)
    return V2Tensor(name, array.reshape(shape), loc)


def write_raw(array: Array) -> bytes:
    """The bytes of a tensor; one of BYTES is an object array of `bytes`."""
    if array.dtype == object:
        return b"".join([part for value in array.ravel() for part in (_LENGTH.pack(len(value)), value)])
    return array.astype(array.dtype.newbyteorder("<"), copy=False).tobytes()


def write_request(request: V2Request) -> tuple[bytes, int]:
    """A request as a body of HTTP with its tensors as bytes.

    Returns:
        The body, and the bytes of its head, for `Inference-Header-Content-Length`.
    """
    raws = [write_raw(tensor.array) for tensor in request.inputs.values()]
    inputs = [
        {
            "name": tensor.name,
            "datatype": tensor.datatype,
            "shape": tensor.array.shape,
            "parameters": {"binary_data_size": len(raw)},
        }
        for tensor, raw in zip(request.inputs.values(), raws, strict=True)
    ]
    head = orjson.dumps({"parameters": dict(request.parameters), "inputs": inputs})
    return b"".join([head, *raws]), len(head)


def _read_bytes(raw: memoryview, count: int, loc: Location) -> Array:
    if count * _LENGTH.size > len(raw):
        raise InvalidRequestError(
            loc,
            f"the shape asks for {count:,} values, which take {count * _LENGTH.size:,} bytes or more; the "
            f"data has {len(raw):,}",
        )
    array = np.empty(count, dtype=object)
    position = 0
    for index in range(count):
        start = position + _LENGTH.size
        if start > len(raw):
            raise InvalidRequestError([*loc, index], "the data ends before this value")
        (length,) = _LENGTH.unpack_from(raw, position)
        position = start + length
        if position > len(raw):
            raise InvalidRequestError(
                [*loc, index], f"the value says it has {length:,} bytes, {len(raw) - start:,} are left"
            )
        array[index] = bytes(raw[start:position])
    if position != len(raw):
        raise InvalidRequestError(
            loc, f"{len(raw) - position:,} bytes are left after the {count:,} values that the shape asks for"
        )
    return array
