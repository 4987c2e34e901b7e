"""Tensors of the Open Inference Protocol V2, apart from any transport.

https://github.com/kserve/open-inference-protocol/blob/main/specification/protocol/inference_rest.md
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from modelyard_server.engines.base import Array, TensorSpec

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
"""The protocol's data types by numpy's names."""
DTYPES: Mapping[str, np.dtype[Any]] = {datatype: np.dtype(name) for name, datatype in DATATYPES.items()}
"""numpy's data types by the protocol's names."""


@dataclass(frozen=True, slots=True)
class V2Tensor:
    """A tensor of a request or an answer.

    Attributes:
        name: Its name.
        array: Its values in its shape; a BYTES tensor is an object array of `bytes`.
        loc: Where it stands in the request.
    """

    name: str
    array: Array
    loc: tuple[str | int, ...] = ()

    @property
    def datatype(self) -> str:
        """Its data type in the protocol's words."""
        return datatype_of(self.array.dtype)


@dataclass(frozen=True, slots=True)
class V2Request:
    """What a request asks, whichever transport it came by.

    Attributes:
        inputs: Its tensors by name.
        parameters: The request's parameters.
    """

    inputs: Mapping[str, V2Tensor]
    parameters: Mapping[str, Any]


def datatype_of(dtype: np.dtype[Any]) -> str:
    """The protocol's name of a numpy data type."""
    return DATATYPES[dtype.name]


def bytes_tensor(name: str, values: Any, shape: tuple[int, ...]) -> V2Tensor:
    """A BYTES tensor of texts, in row-major order."""
    array = np.empty(len(values), dtype=object)
    array[:] = [value.encode() for value in values]
    return V2Tensor(name, array.reshape(shape))


def describe_tensor(spec: TensorSpec) -> dict[str, Any]:
    """A tensor in the model's metadata; -1 stands for a free dimension."""
    return {
        "name": spec.name,
        "datatype": datatype_of(spec.dtype),
        "shape": [-1 if size is None else size for size in spec.shape],
    }
