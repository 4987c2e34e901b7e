"""Requests with rows of a table, `{"rows": [...]}`, and their tensors in the Open Inference Protocol."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import orjson

from modelyard_server.errors import InvalidRequestError
from modelyard_server.tasks.base import Limits
from modelyard_server.tasks.body import check_count, read_object
from modelyard_server.tasks.tabular_columns import CellError, Table, Value
from modelyard_server.tasks.v2 import V2Request, V2Tensor, datatype_of

Row = tuple[Value, ...]
"""One item: a value for each column, in the model's order."""
Loc = tuple[str | int, ...]


class RowReader:
    """Reads and checks the rows of requests.

    Args:
        table: The model's columns.
        limits: What one request may hold.
    """

    def __init__(self, table: Table, limits: Limits) -> None:
        self._columns = table.columns
        self._names = frozenset(column.name for column in table.columns)
        self._limits = limits
        self._texts = any(column.dtype == object for column in table.columns)
        single = table.inputs[0] if len(table.inputs) == 1 else None
        self._matrix = None if single is None or single.spec.dtype == object else single.spec
        example = orjson.dumps({"rows": [self.example()]}).decode()
        self._mend = f"send {example}" if len(example) < 300 else 'send {"rows": [{FEATURE: VALUE, …}, …]}'

    def example(self) -> dict[str, Any]:
        """A row that works."""
        return {column.name: column.example for column in self._columns}

    def read(self, body: bytes) -> list[Row]:
        """Read a body's rows.

        Raises:
            InvalidRequestError: Naming row, feature and the mend.
        """
        content = read_object(body, self._mend)
        if "rows" not in content:
            raise InvalidRequestError(["body", "rows"], f"the field is missing: {self._mend}", "missing")
        for name in content:
            if name != "rows":
                raise InvalidRequestError(
                    ["body", name], f"there is no such field: {self._mend}", "extra_forbidden"
                )
        rows, loc = content["rows"], ("body", "rows")
        if not isinstance(rows, list) or not rows:
            raise InvalidRequestError(
                loc, f"must be a list of rows, not an empty one: {self._mend}", "list_type"
            )
        check_count(len(rows), self._limits, "rows", loc)
        return [self._row(row, (*loc, index)) for index, row in enumerate(rows)]

    def _row(self, given: Any, loc: Loc) -> Row:
        if isinstance(given, dict):
            places: Sequence[str | int] = [column.name for column in self._columns]
            if not given.keys() <= self._names:
                name = next(name for name in given if name not in self._names)
                raise InvalidRequestError(
                    [*loc, name], f"there is no feature {name!r}: {self._known()}", "extra_forbidden"
                )
            values: Sequence[Any] = [given.get(column.name) for column in self._columns]
        elif isinstance(given, list):
            if len(given) != len(self._columns):
                raise InvalidRequestError(
                    loc,
                    f"the row has {len(given)} values, the model takes {len(self._columns)}: {self._known()}",
                )
            places, values = range(len(given)), given
        else:
            raise InvalidRequestError(
                loc, f"a row is an object by feature, or a list of all values: {self._mend}", "dict_type"
            )
        row = []
        for column, place, value in zip(self._columns, places, values, strict=True):
            try:
                row.append(column.read(value))
            except CellError as error:
                kind = "missing" if value is None else "value_error"
                raise InvalidRequestError([*loc, place], f"feature {column.name!r} {error}", kind) from None
        self._check_length(row, loc)
        return tuple(row)

    def _check_length(self, row: Sequence[Value], loc: Loc) -> None:
        if self._texts:
            size = sum(len(value.encode()) for value in row if isinstance(value, str))
            if size > self._limits.max_item_bytes:
                raise InvalidRequestError(
                    loc,
                    f"the row's texts have {size:,} bytes: send at most {self._limits.max_item_bytes:,}",
                    "string_too_long",
                )

    def _known(self) -> str:
        names = [column.name for column in self._columns]
        return f"there is {', '.join(names[:20])}" + (
            f" and {len(names) - 20} more" if len(names) > 20 else ""
        )

    # --- the Open Inference Protocol --------------------------------------------------------------
    def read_v2(self, request: V2Request) -> tuple[list[Row], Loc]:
        """Read a tensor [N] or [N, 1] for each feature, or the model's one matrix [N, features].

        Returns:
            The rows, and where they stand in the request.

        Raises:
            InvalidRequestError: Naming the tensor and the mend.
        """
        loc: Loc = ("body", "inputs")
        tensors = request.inputs
        if self._matrix is not None and set(tensors) == {self._matrix.name}:
            tensor = tensors[self._matrix.name]
            if tensor.array.ndim == 2 and tensor.array.shape[1] == len(self._columns):
                return self._rows(_cells(tensor).reshape(tensor.array.shape).tolist(), tensor.loc), tensor.loc
            if len(self._columns) > 1:
                raise InvalidRequestError(
                    [*tensor.loc, "shape"],
                    f"the shape is {list(tensor.array.shape)}, the model takes [N, {len(self._columns)}]",
                )
        return self._rows(self._by_column(tensors, loc), loc), loc

    def _by_column(self, tensors: Mapping[str, V2Tensor], loc: Loc) -> list[list[Any]]:
        for name in tensors:
            if name not in self._names:
                raise InvalidRequestError([*loc, name], f"there is no feature {name!r}: {self._known()}")
        columns = []
        for column in self._columns:
            tensor = tensors.get(column.name)
            if tensor is None:
                raise InvalidRequestError(
                    [*loc, column.name], f"the tensor of feature {column.name!r} is missing", "missing"
                )
            shape = tensor.array.shape
            if len(shape) not in {1, 2} or (len(shape) == 2 and shape[1] != 1):
                raise InvalidRequestError(
                    [*tensor.loc, "shape"], f"the shape of {column.name!r} must be [N] or [N, 1]"
                )
            columns.append(_cells(tensor).ravel().tolist())
        if len({len(values) for values in columns}) > 1:
            raise InvalidRequestError(loc, "the features' tensors must have one number of rows")
        return [list(row) for row in zip(*columns, strict=True)]

    def _rows(self, rows: Sequence[Sequence[Any]], loc: Loc) -> list[Row]:
        if not rows:
            raise InvalidRequestError(loc, "the tensors are empty: give at least one row", "too_short")
        check_count(len(rows), self._limits, "rows", loc)
        # A float that is no number is how the protocol can say null.
        return [
            self._row([None if _is_nan(value) else value for value in row], (*loc, index))
            for index, row in enumerate(rows)
        ]

    def metadata_v2(self, table: Table) -> list[dict[str, Any]]:
        """The `inputs` of the model's metadata: its matrix, or a tensor for each feature."""
        if self._matrix is not None and all(column.codes is None for column in self._columns):
            shape = [-1, len(self._columns)]
            return [{"name": self._matrix.name, "datatype": datatype_of(self._matrix.dtype), "shape": shape}]
        return [
            {
                "name": column.name,
                "datatype": "BYTES"
                if column.codes is not None and any(isinstance(code, str) for code in column.codes)
                else datatype_of(column.dtype),
                "shape": [-1],
            }
            for column in table.columns
        ]


def _is_nan(value: Any) -> bool:
    return isinstance(value, float) and math.isnan(value)


def _cells(tensor: V2Tensor) -> Any:
    if tensor.array.dtype != object:
        return tensor.array
    try:
        return np.vectorize(bytes.decode, otypes=[object])(tensor.array)
    except UnicodeDecodeError as error:
        raise InvalidRequestError([*tensor.loc, "data"], f"a text is not UTF-8: {error}") from None
