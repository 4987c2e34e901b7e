"""Open Inference Protocol requests and answers as JSON."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from modelyard_server.engines.base import Array
from modelyard_server.errors import InvalidRequestError
from modelyard_server.tasks.arrays import to_array
from modelyard_server.tasks.v2 import DTYPES, V2Request, V2Tensor


def read_request(body: Mapping[str, Any]) -> V2Request:
    """Read and check a request's tensors.

    Raises:
        InvalidRequestError: Naming the field and the mend.
    """
    inputs = body.get("inputs")
    if not isinstance(inputs, list) or not inputs:
        raise InvalidRequestError(
            ["body", "inputs"], "give a list of tensors: {name, shape, datatype, data}", "missing"
        )
    tensors = [_read_input(entry, ("body", "inputs", index)) for index, entry in enumerate(inputs)]
    by_name = {tensor.name: tensor for tensor in tensors}
    if len(by_name) != len(tensors):
        raise InvalidRequestError(["body", "inputs"], "two inputs have the same name")
    return V2Request(by_name, body.get("parameters") or {})


def render_outputs(outputs: Sequence[V2Tensor]) -> list[dict[str, Any]]:
    """The `outputs` of an answer."""
    return [
        {
            "name": output.name,
            "shape": list(output.array.shape),
            "datatype": output.datatype,
            "data": _values(output.array),
        }
        for output in outputs
    ]


def _values(array: Array) -> Any:
    if array.dtype == object:
        return [value.decode(errors="replace") for value in array.ravel()]
    # A half-precision number has no JSON form of its own; a single one has, and it is exact.
    return np.ascontiguousarray(array.astype(np.float32) if array.dtype == np.float16 else array).ravel()


def _read_input(entry: Any, loc: tuple[str | int, ...]) -> V2Tensor:
    if not isinstance(entry, dict):
        raise InvalidRequestError(loc, "a tensor is an object with name, shape, datatype and data")
    for field, kind in (("name", str), ("datatype", str), ("shape", list), ("data", list)):
        if not isinstance(entry.get(field), kind):
            raise InvalidRequestError(
                [*loc, field], f"a tensor needs {field!r}, a {kind.__name__}", "missing"
            )
    dtype = DTYPES.get(entry["datatype"])
    if dtype is None:
        raise InvalidRequestError(
            [*loc, "datatype"], f"there is no datatype {entry['datatype']!r}; there is {', '.join(DTYPES)}"
        )
    shape = entry["shape"]
    if not all(isinstance(size, int) and not isinstance(size, bool) and size >= 0 for size in shape):
        raise InvalidRequestError([*loc, "shape"], "a shape is a list of whole numbers, 0 or more")
    data = list(_leaves(entry["data"]))
    if len(data) != math.prod(shape):
        raise InvalidRequestError(
            [*loc, "data"], f"shape {shape} asks for {math.prod(shape)} values, the data has {len(data)}"
        )
    array = to_array(data, dtype, (*loc, "data"))
    if dtype.kind == "O":
        array = np.array([value.encode() for value in array], dtype=object)
    return V2Tensor(entry["name"], array.reshape(shape), loc)


def _leaves(nested: Any) -> Iterable[Any]:
    if isinstance(nested, list):
        for entry in nested:
            yield from _leaves(entry)
    else:
        yield nested
