"""Rows of a table in, classes or values out: exports of scikit-learn, XGBoost and LightGBM."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from modelyard_server.artifact.describe import Artifact
from modelyard_server.engines.base import Array, EngineError, Signature, Tensors
from modelyard_server.tasks.base import Answer, Item, Limits, Parsed, Prepared, Request
from modelyard_server.tasks.openapi import predict_operation
from modelyard_server.tasks.tabular_answers import Answers, read_answers
from modelyard_server.tasks.tabular_columns import Table, read_table
from modelyard_server.tasks.tabular_request import Row, RowReader
from modelyard_server.tasks.v2 import V2Request, V2Tensor


class Tabular:
    """The task; see `tasks.base.Task` for its methods.

    Args:
        table: The model's columns.
        answers: What it gives.
        limits: What one request may hold.
        fixed_batch: The only batch size that the model takes; None: any.
    """

    def __init__(self, table: Table, answers: Answers, limits: Limits, fixed_batch: int | None) -> None:
        self._table = table
        self._answers = answers
        self._limits = limits
        self._reader = RowReader(table, limits)
        self.fixed_batch = fixed_batch

    # --- requests ---------------------------------------------------------------------------------
    def parse(self, request: Request) -> Parsed:
        """Read `{"rows": [...]}`."""
        rows = self._reader.read(request.body)
        return Parsed(rows, self._answers.read_parameters(request.query, ("query",)), ("body", "rows"))

    def parse_v2(self, request: V2Request) -> Parsed:
        """Read a tensor for each feature, or the model's matrix."""
        rows, loc = self._reader.read_v2(request)
        return Parsed(rows, self._answers.read_parameters(request.parameters, ("body", "parameters")), loc)

    # --- cache keys -------------------------------------------------------------------------------
    def canonical(self, value: Row) -> bytes:
        """The row's values as JSON: numbers have the model's type by now, so 5 and 5.0 are one."""
        return orjson.dumps(value)

    def canonical_parameters(self, parameters: int | None) -> bytes:
        """How many labels the answer holds."""
        return b"" if parameters is None else b"%d" % parameters

    # --- tensors ----------------------------------------------------------------------------------
    def prepare(self, items: Sequence[Item]) -> list[Prepared]:
        """Rows are ready as they are."""
        return [Prepared(item, item.value) for item in items]

    def collate(self, batch: Sequence[Prepared]) -> Tensors:
        """Put the rows' columns together."""
        rows = [prepared.payload for prepared in batch]
        return {part.spec.name: part.tensor(rows) for part in self._table.inputs}

    def decode(self, batch: Sequence[Prepared], outputs: Mapping[str, Array]) -> list[Answer]:
        """Turn outputs into labels or values."""
        for name, array in outputs.items():
            if array.ndim == 0 or len(array) != len(batch):
                raise EngineError(
                    f"output {name!r} has the shape {list(array.shape)} for a batch of {len(batch)}: its "
                    "first dimension must be the batch"
                )
        parameters = [prepared.item.parameters for prepared in batch]
        return [Answer(fragment) for fragment in self._answers.fragments(outputs, parameters)]

    # --- answers and documentation ------------------------------------------------------------------
    def outputs_v2(self, answers: Sequence[Answer]) -> list[V2Tensor]:
        """Tensors `labels` and `scores`, `value`, or the model's own."""
        return self._answers.outputs_v2(answers)

    def metadata_v2(self) -> dict[str, list[dict[str, Any]]]:
        """The model's matrix or a tensor for each feature; what it gives."""
        return {
            "inputs": self._reader.metadata_v2(self._table),
            "outputs": self._answers.metadata_v2(),
        }

    def warm_up(self) -> Sequence[Item]:
        """The row of the documentation."""
        return [Item(tuple(column.read(column.example) for column in self._table.columns))]

    def openapi(self) -> dict[str, Any]:
        """`POST /predict` with rows."""
        columns = self._table.columns
        required = [column.name for column in columns if not column.missing]
        row = {
            "type": "object",
            "required": required,
            "additionalProperties": False,
            "properties": {column.name: column.schema() for column in columns},
        }
        values = {
            "type": "array",
            "minItems": len(columns),
            "maxItems": len(columns),
            "prefixItems": [column.schema() for column in columns],
        }
        example = self._reader.example()
        return predict_operation(
            summary="Predict from rows",
            description=(
                f"Gives each row's {self._answers.told()}. At most {self._limits.max_items:,} rows, each an "
                f"object by feature or a list of its {len(columns)} values in the order below."
            ),
            request_schema={
                "type": "object",
                "required": ["rows"],
                "additionalProperties": False,
                "properties": {
                    "rows": {
                        "type": "array",
                        "items": {"oneOf": [row, values]},
                        "minItems": 1,
                        "maxItems": self._limits.max_items,
                    }
                },
            },
            request_examples={
                "rows": {"rows": [example]},
                "values": {"rows": [list(example.values())]},
            },
            entry_schema=self._answers.entry_schema(),
            answer_example={"predictions": [self._answers.example()]},
            query=self._answers.query,
        )


def build(artifact: Artifact, signature: Signature, limits: Limits) -> Tabular:
    """Build the task and check that the model is one.

    Raises:
        SourceError: NotAModel, for a model whose inputs are no columns, or one that `modelyard.json` does not
            fit.
    """
    table = read_table(artifact, signature.inputs)
    answers = read_answers(artifact, signature.outputs)
    batches = {spec.shape[0] for spec in signature.inputs}
    return Tabular(table, answers, limits, batches.pop() if len(batches) == 1 else None)
