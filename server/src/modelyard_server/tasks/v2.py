"""Tensors of the Open Inference Protocol V2 over HTTP.

https://github.com/kserve/open-inference-protocol/blob/main/specification/protocol/inference_rest.md
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from modelyard_server.engines.base import TensorSpec
from modelyard_server.errors import InvalidRequestError

DATATYPES: Mapping[str, str] = {
    "bool": "BOOL",
    "uint8": "UINT8",
    "uint16": "UINT16",
    "uint32": "UINT32",
    "uint64": "UINT64",
    "int8": "INT8",
    "int16": "INT16",
    "int32": "INT32",
    "int64": "INT64",
    "float16": "FP16",
    "float32": "FP32",
    "float64": "FP64",
    "object": "BYTES",
}


@dataclass(frozen=True, slots=True)
class V2Tensor:
    """One input of a request.

    Attributes:
        name: Its name.
        datatype: Its data type in the protocol's words.
        shape: Its dimensions.
        data: Its values, flat.
        loc: Where it stands in the request.
    """

    name: str
    datatype: str
    shape: tuple[int, ...]
    data: Sequence[Any]
    loc: tuple[str | int, ...]


def datatype_of(dtype: np.dtype[Any]) -> str:
    """The protocol's name of a numpy data type."""
    return DATATYPES[dtype.name]


def read_inputs(body: Mapping[str, Any]) -> dict[str, V2Tensor]:
    """Read and check the `inputs` of a request.

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
    return by_name


def _read_input(entry: Any, loc: tuple[str | int, ...]) -> V2Tensor:
    if not isinstance(entry, dict):
        raise InvalidRequestError(loc, "a tensor is an object with name, shape, datatype and data")
    for field, kind in (("name", str), ("datatype", str), ("shape", list), ("data", list)):
        if not isinstance(entry.get(field), kind):
            raise InvalidRequestError(
                [*loc, field], f"a tensor needs {field!r}, a {kind.__name__}", "missing"
            )
    shape = entry["shape"]
    if not all(isinstance(size, int) and not isinstance(size, bool) and size >= 0 for size in shape):
        raise InvalidRequestError([*loc, "shape"], "a shape is a list of whole numbers, 0 or more")
    _, data = flatten(entry["data"])
    if len(data) != math.prod(shape):
        raise InvalidRequestError(
            [*loc, "data"], f"shape {shape} asks for {math.prod(shape)} values, the data has {len(data)}"
        )
    return V2Tensor(name=entry["name"], datatype=entry["datatype"], shape=tuple(shape), data=data, loc=loc)


def flatten(nested: Any) -> tuple[list[int], list[Any]]:
    """Flatten nested lists in row-major order.

    Returns:
        The shape along each list's first element, and the values. The two disagree for ragged lists.
    """
    shape: list[int] = []
    level: Any = nested
    while isinstance(level, list):
        shape.append(len(level))
        level = level[0] if level else None
    return shape, list(_leaves(nested))


def _leaves(nested: Any) -> Iterable[Any]:
    if isinstance(nested, list):
        for entry in nested:
            yield from _leaves(entry)
    else:
        yield nested


def describe_tensor(spec: TensorSpec) -> dict[str, Any]:
    """A tensor in the model's metadata; -1 stands for a free dimension."""
    return {
        "name": spec.name,
        "datatype": datatype_of(spec.dtype),
        "shape": [-1 if size is None else size for size in spec.shape],
    }
