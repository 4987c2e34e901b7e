"""Any ONNX model as it is: named tensors in, named tensors out.

Where every input and output begins with a batch dimension, a request's rows are its items: they are
cached and batched one by one. Any other model takes the whole of its inputs as one item.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import orjson

from modelyard_server.artifact.describe import Artifact
from modelyard_server.engines.base import Array, EngineError, Signature, Tensors, TensorSpec
from modelyard_server.errors import InvalidRequestError
from modelyard_server.report import not_a_model
from modelyard_server.tasks.arrays import to_array, to_json, zeros
from modelyard_server.tasks.base import Answer, Item, Limits, Parsed, Prepared, Request
from modelyard_server.tasks.body import check_count, read_object
from modelyard_server.tasks.openapi import predict_operation
from modelyard_server.tasks.v2 import V2Request, V2Tensor, datatype_of, describe_tensor

Row = tuple[Array, ...]
"""One item: an array for each input, in the model's order."""


class TensorTask:
    """The task; see `tasks.base.Task` for its methods."""

    def __init__(self, signature: Signature, limits: Limits) -> None:
        inputs, outputs = signature.inputs, signature.outputs
        self._inputs = inputs
        self._outputs = outputs
        self._limits = limits
        batch = _batch_dimension(inputs, outputs)
        self._by_row = batch != 0
        self.fixed_batch = None if batch is None else 1
        self._names = [spec.name for spec in inputs]

    # --- requests ---------------------------------------------------------------------------------
    def parse(self, request: Request) -> Parsed:
        """Read `{"inputs": {name: tensor}}` or `{"instances": [...]}`."""
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

    def parse_v2(self, request: V2Request) -> Parsed:
        """Read one tensor for each input of the model."""
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
        examples = {name: orjson.dumps(value).decode() for name, value in self._examples().items()}
        return " or ".join(f"send {text}" for text in examples.values() if len(text) < 200) or (
            'send {"inputs": {NAME: VALUES}} or {"instances": [VALUES, …]}'
        )

    # --- cache keys -------------------------------------------------------------------------------
    def canonical(self, value: Row) -> bytes:
        """Each input's type, shape and bytes; lengths go first so that no two rows read alike."""
        parts = []
        for array in value:
            content = orjson.dumps(array.tolist()) if array.dtype == object else array.tobytes()
            head = f"{array.dtype.str}{list(array.shape)}{len(content)};".encode()
            parts += [head, content]
        return b"".join(parts)

    def canonical_parameters(self, parameters: None) -> bytes:  # noqa: ARG002 - the task has none
        """No parameters."""
        return b""

    # --- tensors ----------------------------------------------------------------------------------
    def prepare(self, items: Sequence[Item]) -> list[Prepared]:
        """Rows are tensors already; those of one shape can be stacked."""
        return [
            Prepared(
                item,
                item.value,
                group=tuple(array.shape for array in item.value),
                nbytes=sum(array.nbytes for array in item.value),
            )
            for item in items
        ]

    def collate(self, batch: Sequence[Prepared]) -> Tensors:
        """Stack rows."""
        if self._by_row:
            columns = [np.stack([row.payload[index] for row in batch]) for index in range(len(self._inputs))]
        else:
            columns = list(batch[0].payload)
        return dict(zip(self._names, columns, strict=True))

    def decode(self, batch: Sequence[Prepared], outputs: Mapping[str, Array]) -> list[Answer]:
        """Take rows apart."""
        if not self._by_row:
            return [Answer(to_json(dict(outputs)))]
        for name, array in outputs.items():
            if array.ndim == 0 or len(array) != len(batch):
                raise EngineError(
                    f"output {name!r} has the shape {list(array.shape)} for a batch of {len(batch)}: its "
                    "first dimension must be the batch; export it with a fixed shape to have it run whole"
                )
        return [
            Answer(to_json({name: array[index] for name, array in outputs.items()}))
            for index in range(len(batch))
        ]

    # --- answers and documentation ------------------------------------------------------------------
    def outputs_v2(self, answers: Sequence[Answer]) -> list[V2Tensor]:
        """Each output with its rows put together again."""
        rows = [orjson.loads(answer.fragment) for answer in answers]
        tensors = []
        for spec in self._outputs:
            values = [row[spec.name] for row in rows]
            array = np.array(values if self._by_row else values[0], dtype=spec.dtype)
            if spec.dtype == object:
                array = np.vectorize(str.encode, otypes=[object])(array)
            tensors.append(V2Tensor(spec.name, array))
        return tensors

    def metadata_v2(self) -> dict[str, list[dict[str, Any]]]:
        """The model's own inputs and outputs."""
        described = {
            "inputs": [describe_tensor(spec) for spec in self._inputs],
            "outputs": [describe_tensor(spec) for spec in self._outputs],
        }
        if self._by_row:
            # Rows are run one by one where the model takes only one: any number may come.
            for tensor in (*described["inputs"], *described["outputs"]):
                tensor["shape"][:1] = [-1]
        return described

    def warm_up(self) -> Sequence[Item]:
        """Zeros of the smallest shape."""
        return [Item(tuple(zeros(spec, skip=1 if self._by_row else 0) for spec in self._inputs))]

    def openapi(self) -> dict[str, Any]:
        """`POST /predict` with tensors."""
        inputs = ", ".join(
            f"`{tensor['name']}` {tensor['datatype']} {tensor['shape']}"
            for tensor in self.metadata_v2()["inputs"]
        )
        row: dict[str, Any] = {"type": "object", "properties": {spec.name: {} for spec in self._outputs}}
        return predict_operation(
            summary="Run the model on tensors",
            description=(
                f"The model takes {inputs} (-1: any size). Send whole tensors by name in `inputs`, or one "
                "entry an item in `instances`."
            ),
            request_schema={
                "oneOf": [
                    {
                        "type": "object",
                        "required": ["inputs"],
                        "additionalProperties": False,
                        "properties": {"inputs": {"type": "object", "required": self._names}},
                    },
                    {
                        "type": "object",
                        "required": ["instances"],
                        "additionalProperties": False,
                        "properties": {"instances": {"type": "array", "minItems": 1}},
                    },
                ]
            },
            request_examples=self._examples(),
            entry_schema=row,
            answer_example={
                "predictions": [
                    {spec.name: zeros(spec, skip=1 if self._by_row else 0).tolist() for spec in self._outputs}
                ]
            },
        )

    def _examples(self) -> dict[str, Any]:
        whole = {spec.name: zeros(spec).tolist() for spec in self._inputs}
        skip = 1 if self._by_row else 0
        parts = {spec.name: zeros(spec, skip=skip).tolist() for spec in self._inputs}
        instance = parts[self._names[0]] if len(self._names) == 1 else parts
        return {"inputs": {"inputs": whole}, "instances": {"instances": [instance]}}


def build(artifact: Artifact, signature: Signature, limits: Limits) -> TensorTask:
    """Build the task; it fits every model whose outputs are tensors.

    Raises:
        SourceError: NotAModel, an output is a sequence of maps.
    """
    for spec in signature.outputs:
        if spec.maps:
            raise not_a_model(
                f"{artifact.model_file}: the output {spec.name!r} is a sequence of maps and no tensor: set "
                "spec.model.task to tabular, or export the model with zipmap=False"
            )
    return TensorTask(signature, limits)


def _texts(tensor: V2Tensor) -> Array:
    try:
        decoded: Array = np.vectorize(bytes.decode, otypes=[object])(tensor.array)
    except UnicodeDecodeError as error:
        raise InvalidRequestError([*tensor.loc, "data"], f"a string is not UTF-8: {error}") from None
    return decoded


def _batch_dimension(inputs: Sequence[TensorSpec], outputs: Sequence[TensorSpec]) -> int | None:
    """None: any batch size; 1: one row at a time; 0: the model has no batch dimension."""
    # An output without a declared shape follows its inputs; `decode` checks it.
    leading = [spec.shape[0] if spec.shape else 0 for spec in inputs]
    leading += [spec.shape[0] for spec in outputs if spec.shape]
    if all(size is None for size in leading):
        return None
    if all(size == 1 for size in leading):
        return 1
    return 0
