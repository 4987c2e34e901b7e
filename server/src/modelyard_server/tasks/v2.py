"""Tensors of the Open Inference Protocol V2, apart from any transport.

https://github.com/kserve/open-inference-protocol/blob/main/specification/protocol/inference_rest.md
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np

from modelyard_server.engines.base import Array, TensorSpec
from modelyard_server.errors import InvalidRequestError, Location

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
BFLOAT16: Final = "BF16"
"""numpy has no such type: what comes in it is widened to FP32, which changes no value."""

MAX_DIMENSIONS: Final = 32
"""More make no model; numpy itself takes 64."""
MAX_NAME: Final = 1000
"""Characters of a tensor's name; errors repeat it."""


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
    """What a request asks of the task, whichever transport it came by.

    Attributes:
        inputs: Its tensors by name.
        parameters: The request's parameters, without those that are the transport's.
    """

    inputs: Mapping[str, V2Tensor]
    parameters: Mapping[str, Any]


class WantedOutput(NamedTuple):
    """An output that a request names.

    Attributes:
        name: Its name.
        binary: Whether its values are to come as bytes rather than JSON; None: as the request says for all.
        loc: Where it stands in the request.
    """

    name: str
    binary: bool | None = None
    loc: tuple[str | int, ...] = ()


@dataclass(frozen=True, slots=True)
class V2Call:
    """A request with what it asks of the transport.

    Attributes:
        request: What the task reads.
        id: The client's mark, given back with the answer; None: there is none.
        outputs: The outputs that it wants, in order; empty: all.
        binary: Whether outputs are to come as bytes rather than JSON unless `outputs` says.
        timeout: Seconds after which the client no longer wants the answer; None: it does not say.
    """

    request: V2Request
    id: str | None = None
    outputs: Sequence[WantedOutput] = ()
    binary: bool = False
    timeout: float | None = None

    def select(self, tensors: Sequence[V2Tensor]) -> list[tuple[V2Tensor, bool]]:
        """The outputs that the request wants, each with whether it is to come as bytes.

        Raises:
            InvalidRequestError: There is no such output, or one is named twice.
        """
        if not self.outputs:
            return [(tensor, self.binary) for tensor in tensors]
        left = {tensor.name: tensor for tensor in tensors}
        chosen = []
        for wanted in self.outputs:
            if wanted.name not in left:
                raise InvalidRequestError(
                    wanted.loc,
                    f"there is no output {wanted.name!r}, or it is named twice; there are "
                    f"{sorted(tensor.name for tensor in tensors)}",
                )
            chosen.append((left.pop(wanted.name), self.binary if wanted.binary is None else wanted.binary))
        return chosen


def read_parameters(
    parameters: Mapping[str, Any], loc: Location
) -> tuple[dict[str, Any], bool, float | None]:
    """Take what is the transport's out of a request's parameters.

    `priority` is left out too: every request waits in one queue.

    Args:
        parameters: As they came.
        loc: Where they stand in the request.

    Returns:
        The task's parameters, whether outputs are to come as bytes, and the seconds that the client waits.

    Raises:
        InvalidRequestError: One of them is of another kind.
    """
    own = dict(parameters)
    binary = own.pop("binary_data_output", False)
    if not isinstance(binary, bool):
        raise InvalidRequestError([*loc, "binary_data_output"], "must be true or false", "bool_type")
    own.pop("priority", None)
    timeout = own.pop("timeout", None)
    if timeout is None:
        return own, binary, None
    if isinstance(timeout, bool) or not isinstance(timeout, int) or timeout < 0:
        raise InvalidRequestError(
            [*loc, "timeout"], "must be a whole number of microseconds, 0 or more", "int_type"
        )
    # As in Triton, 0 is no limit.
    return own, binary, timeout / 1e6 or None


def check_tensor(name: str, datatype: str, shape: Sequence[Any], loc: Location) -> int:
    """Check what a tensor says of itself, before anything is made from it.

    Args:
        name: Its name.
        datatype: Its data type.
        shape: Its shape.
        loc: Where it stands in the request.

    Returns:
        How many values it must have.

    Raises:
        InvalidRequestError: One of them makes no tensor.
    """
    if not 0 < len(name) <= MAX_NAME:
        raise InvalidRequestError([*loc, "name"], f"a name has 1 to {MAX_NAME:,} characters")
    if datatype not in DTYPES and datatype != BFLOAT16:
        raise InvalidRequestError(
            [*loc, "datatype"],
            f"there is no datatype {datatype[:20]!r}; there is {', '.join(DTYPES)}, {BFLOAT16}",
        )
    if len(shape) > MAX_DIMENSIONS:
        raise InvalidRequestError(
            [*loc, "shape"], f"the shape has {len(shape):,} dimensions: {MAX_DIMENSIONS} are the most"
        )
    if not all(type(size) is int and 0 <= size < 2**63 for size in shape):
        raise InvalidRequestError([*loc, "shape"], "a shape is a list of whole numbers, 0 or more")
    count: int = math.prod(shape)
    if count == 0:
        raise InvalidRequestError(
            [*loc, "shape"], "the tensor is empty: give at least one value", "too_short"
        )
    return count


def by_name(tensors: Sequence[V2Tensor], loc: Location) -> dict[str, V2Tensor]:
    """Tensors by their names.

    Raises:
        InvalidRequestError: There is none, or two have the same name.
    """
    named = {tensor.name: tensor for tensor in tensors}
    if not named:
        raise InvalidRequestError(loc, "give a list of tensors: {name, shape, datatype, data}", "missing")
    if len(named) != len(tensors):
        raise InvalidRequestError(loc, "two inputs have the same name")
    return named


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
