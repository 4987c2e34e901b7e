"""Requests with tensors: whole ones by name, or one entry a row."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import orjson

from modelyard_server.engines.base import Array, TensorSpec
from modelyard_server.errors import InvalidRequestError
from modelyard_server.tasks.arrays import to_array, zeros
from modelyard_server.tasks.base import Limits, Parsed, Request
from modelyard_server.tasks.body import check_count, read_object
from modelyard_server.tasks.v2 import V2Request, V2Tensor, datatype_of

Row = tuple[Array, ...]
"""One item: an array for each input, in the model's order."""


class TensorReader:
    """Reads and checks the tensors of requests.

    Args:
        inputs: The model's.
        by_row: Whether their first dimension is the batch, so that each row is an item; else all is one.
        limits: What one request may hold.
    """

    def __init__(self, inputs: Sequence[TensorSpec], by_row: bool, limits: Limits) -> None:
        self._inputs = inputs
        self._by_row = by_row
        self._limits = limits
        self._names = [spec.name for spec in inputs]

    def read(self, request: Request) -> Parsed:
        """Read `{"inputs": {name: tensor}}` or `{"instances": [...]}`.

        Raises:
            InvalidRequestError: Naming the field and the mend.
        """
        for name in request.query:
            raise InvalidRequestError(["query", name], "the tensor task has no parameters", "extra_forbidden")
        content = read_object(request.body, self._mend())
        if len(content) != 1:
            raise InvalidRequestError(["body"], f"the body must have one field: {self._mend()}")
        if "inputs" in content:
            return Parsed(self._read_inputs(content["inputs"], ("body", "inputs")), loc=("body", "inputs"))
        if "instances" in content:
            return Parsed(self._read_instances(content["instances"]), loc=("body", "instances"))
        raise InvalidRequestError(["body", next(iter(content))], f"there is no such field: {self._mend()}")

    def read_v2(self, request: V2Request) -> Parsed:
        """Read one tensor for each input of the model.

        Raises:
            InvalidRequestError: Naming the tensor and the mend.
        """
        tensors, loc = request.inputs, ("body", "inputs")
        self._check_names(tensors, loc)
        arrays = []
        for spec in self._inputs:
            tensor = tensors[spec.name]
            if tensor.datatype != datatype_of(spec.dtype):
                raise InvalidRequestError(
                    [*tensor.loc, "datatype"],
                    f"input {spec.name!r} is of datatype {datatype_of(spec.dtype)}, not {tensor.datatype}",
                )
            array = tensor.array if spec.dtype != object else _texts(tensor)
            arrays.append(self._fitted(array, spec, (*tensor.loc, "shape")))
        return Parsed(self._rows(arrays, loc), loc=loc)

    def _read_inputs(self, content: Any, loc: tuple[str, ...]) -> list[Row]:
        if not isinstance(content, dict):
            raise InvalidRequestError(loc, f"must be an object by input name: {self._mend()}", "dict_type")
        self._check_names(content, loc)
        arrays = []
        for spec in self._inputs:
            where = (*loc, spec.name)
            arrays.append(self._fitted(to_array(content[spec.name], spec.dtype, where), spec, where))
        return self._rows(arrays, loc)

    def _read_instances(self, content: Any) -> list[Row]:
        loc = ("body", "instances")
        if not isinstance(content, list) or not content:
            raise InvalidRequestError(loc, f"must be a list, not an empty one: {self._mend()}", "list_type")
        check_count(len(content), self._limits, "rows", loc)
        single = self._names[0] if len(self._names) == 1 else None
        rows = []
        for index, instance in enumerate(content):
            where = (*loc, index)
            named = instance
            if not isinstance(instance, dict):
                if single is None:
                    raise InvalidRequestError(
                        where,
                        f"must be an object with {self._names}: the model has several inputs",
                        "dict_type",
                    )
                named = {single: instance}
            self._check_names(named, where)
            row = []
            for spec in self._inputs:
                place = (*where, spec.name) if isinstance(instance, dict) else where
                array = to_array(named[spec.name], spec.dtype, place)
                row.append(self._fitted(array, spec, place, skip=1 if self._by_row else 0))
            rows.append(tuple(row))
        shapes = {tuple(array.shape for array in row) for row in rows}
        if self._by_row and len(shapes) > 1:
            raise InvalidRequestError(loc, f"all instances must have one shape, these have {sorted(shapes)}")
        return rows

    def _check_names(self, given: Mapping[str, Any], loc: tuple[str | int, ...]) -> None:
        for name in self._names:
            if name not in given:
                raise InvalidRequestError(
                    [*loc, name], f"the input is missing: the model takes {self._names}", "missing"
                )
        for name in given:
            if name not in self._names:
                raise InvalidRequestError(
                    [*loc, name], f"the model has no such input: it takes {self._names}", "extra_forbidden"
                )

    def _fitted(self, array: Array, spec: TensorSpec, loc: tuple[str | int, ...], skip: int = 0) -> Array:
        """Check an array against an input's shape without its first `skip` dimensions."""
        # Rows are run one by one where the model takes only one: any number may come.
        expected = (((None,) if self._by_row else spec.shape[:1]) + spec.shape[1:])[skip:]
        fits = array.ndim == len(expected) and all(
            want is None or have == want for have, want in zip(array.shape, expected, strict=True)
        )
        if not fits:
            wanted = ["any" if size is None else size for size in expected]
            raise InvalidRequestError(
                loc, f"the shape is {list(array.shape)}, input {spec.name!r} takes {wanted}"
            )
        return array

    def _rows(self, arrays: Sequence[Array], loc: tuple[str, ...]) -> list[Row]:
        if not self._by_row:
            return [tuple(arrays)]
        counts = {len(array) for array in arrays}
        if len(counts) > 1:
            sizes = ", ".join(
                f"{name}: {len(array)}" for name, array in zip(self._names, arrays, strict=True)
            )
            raise InvalidRequestError(loc, f"the inputs must have one number of rows, these have {sizes}")
        count = counts.pop()
        if count == 0:
            raise InvalidRequestError(loc, "the inputs are empty: give at least one row", "too_short")
        check_count(count, self._limits, "rows", loc)
        # The ellipsis keeps even a single value an array.
        return [tuple(array[index, ...] for array in arrays) for index in range(count)]

    def _mend(self) -> str:
        examples = {name: orjson.dumps(value).decode() for name, value in self.examples().items()}
        return " or ".join(f"send {text}" for text in examples.values() if len(text) < 200) or (
            'send {"inputs": {NAME: VALUES}} or {"instances": [VALUES, …]}'
        )

    def examples(self) -> dict[str, Any]:
        """Bodies that work, by the field that they have."""
        whole = {spec.name: zeros(spec).tolist() for spec in self._inputs}
        skip = 1 if self._by_row else 0
        parts = {spec.name: zeros(spec, skip=skip).tolist() for spec in self._inputs}
        instance = parts[self._names[0]] if len(self._names) == 1 else parts
        return {"inputs": {"inputs": whole}, "instances": {"instances": [instance]}}


def _texts(tensor: V2Tensor) -> Array:
    try:
        decoded: Array = np.vectorize(bytes.decode, otypes=[object])(tensor.array)
    except UnicodeDecodeError as error:
        raise InvalidRequestError([*tensor.loc, "data"], f"a string is not UTF-8: {error}") from None
    return decoded
