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
from modelyard_server.report import not_a_model
from modelyard_server.tasks.arrays import to_json, zeros
from modelyard_server.tasks.base import Answer, Item, Limits, Parsed, Prepared, Request
from modelyard_server.tasks.openapi import predict_operation
from modelyard_server.tasks.tensor_request import Row, TensorReader
from modelyard_server.tasks.v2 import V2Request, V2Tensor, describe_tensor


class TensorTask:
    """The task; see `tasks.base.Task` for its methods."""

    def __init__(self, signature: Signature, limits: Limits) -> None:
        inputs, outputs = signature.inputs, signature.outputs
        self._inputs = inputs
        self._outputs = outputs
        batch = _batch_dimension(inputs, outputs)
        self._by_row = batch != 0
        self.fixed_batch = None if batch is None else 1
        self._names = [spec.name for spec in inputs]
        self._reader = TensorReader(inputs, self._by_row, limits)

    # --- requests ---------------------------------------------------------------------------------
    def parse(self, request: Request) -> Parsed:
        """Read `{"inputs": {name: tensor}}` or `{"instances": [...]}`."""
        return self._reader.read(request)

    def parse_v2(self, request: V2Request) -> Parsed:
        """Read one tensor for each input of the model."""
        return self._reader.read_v2(request)

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
            request_examples=self._reader.examples(),
            entry_schema=row,
            answer_example={
                "predictions": [
                    {spec.name: zeros(spec, skip=1 if self._by_row else 0).tolist() for spec in self._outputs}
                ]
            },
        )


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
