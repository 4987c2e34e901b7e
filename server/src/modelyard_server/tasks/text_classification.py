"""Texts in, labels with scores out: any ONNX sequence classifier with a `tokenizer.json`."""

from collections.abc import Mapping, Sequence
from typing import Any

from modelyard_server.artifact.describe import Artifact
from modelyard_server.engines.base import Array, Signature, Tensors
from modelyard_server.report import not_a_model
from modelyard_server.tasks.base import Answer, Item, Limits, Parsed, Prepared, Request
from modelyard_server.tasks.classes import TOP_K_PARAMETER, Classes, read_classes
from modelyard_server.tasks.openapi import predict_operation
from modelyard_server.tasks.text_encoder import NoTextModelError, TextEncoder, open_encoder
from modelyard_server.tasks.text_request import EXAMPLE, TextReader, text_schema
from modelyard_server.tasks.text_settings import text_settings
from modelyard_server.tasks.v2 import V2Request, V2Tensor


class TextClassification:
    """The task; see `tasks.base.Task` for its methods."""

    def __init__(self, encoder: TextEncoder, classes: Classes, limits: Limits) -> None:
        self._encoder = encoder
        self._classes = classes
        self._limits = limits
        self._reader = TextReader(limits, encoder.max_length)
        self.fixed_batch = encoder.fixed_batch

    # --- requests ---------------------------------------------------------------------------------
    def parse(self, request: Request) -> Parsed:
        """Read `{"text": [...]}`."""
        texts = self._reader.read(request.body)
        query = request.query
        top_k = self._classes.read_top_k(query, ("query",)) if query else self._classes.top_k
        return Parsed(texts, top_k, ("body", "text"))

    def parse_v2(self, request: V2Request) -> Parsed:
        """Read a BYTES tensor called `text` of shape [N] or [N, 1]."""
        texts, loc = self._reader.read_v2(request)
        return Parsed(texts, self._classes.read_top_k(request.parameters, ("body", "parameters")), loc)

    # --- cache keys -------------------------------------------------------------------------------
    def canonical(self, value: str) -> bytes:
        """The text's UTF-8 bytes: the tokenizer alone decides what is equal beyond that."""
        return value.encode()

    def canonical_parameters(self, parameters: int | None) -> bytes:
        """How many labels the answer holds."""
        return self._classes.canonical_top_k(parameters)

    # --- tensors ----------------------------------------------------------------------------------
    def prepare(self, items: Sequence[Item]) -> list[Prepared]:
        """Tokenize and truncate."""
        return self._encoder.prepare(items, [item.value for item in items])

    def collate(self, batch: Sequence[Prepared]) -> Tensors:
        """Pad to the longest of the batch."""
        return self._encoder.collate(batch)

    def decode(self, batch: Sequence[Prepared], outputs: Mapping[str, Array]) -> list[Answer]:
        """Turn logits into labels by falling score."""
        fragments = self._classes.fragments(outputs, [prepared.item.parameters for prepared in batch])
        return [
            Answer(fragment, prepared.truncated) for fragment, prepared in zip(fragments, batch, strict=True)
        ]

    # --- answers and documentation ------------------------------------------------------------------
    def outputs_v2(self, answers: Sequence[Answer]) -> list[V2Tensor]:
        """Tensors `labels` and `scores`; see `Classes.outputs_v2`."""
        return self._classes.outputs_v2(answers)

    def metadata_v2(self) -> dict[str, list[dict[str, Any]]]:
        """One tensor of texts in, labels and scores out."""
        return {
            "inputs": [{"name": "text", "datatype": "BYTES", "shape": [-1]}],
            "outputs": self._classes.metadata_v2(),
        }

    def warm_up(self) -> Sequence[Item]:
        """See `TextEncoder.warm_up_texts`."""
        return [Item(text) for text in self._encoder.warm_up_texts()]

    def openapi(self) -> dict[str, Any]:
        """`POST /predict` with texts."""
        return predict_operation(
            summary="Classify texts",
            description=(
                f"Gives each text's labels ({self._classes.listed()}) by falling score. At most "
                f"{self._limits.max_items:,} texts; of each the first {self._encoder.max_length} tokens."
            ),
            request_schema=text_schema(self._limits),
            request_examples={"texts": EXAMPLE},
            entry_schema=self._classes.entry_schema(),
            answer_example=self._classes.example(),
            query=[TOP_K_PARAMETER],
        )


def build(artifact: Artifact, signature: Signature, limits: Limits) -> TextClassification:
    """Build the task and check that the model is one.

    Raises:
        SourceError: NotAModel, for a model with other inputs or outputs than a sequence classifier's, or
            with other labels than outputs.
    """
    try:
        encoder = open_encoder(text_settings(artifact), signature.inputs)
    except NoTextModelError as error:
        raise not_a_model(
            f"{artifact.model_file}: the model is no text-classification model: {error}; "
            "set spec.model.task if it is a model of another task"
        ) from None
    return TextClassification(encoder, read_classes(artifact, signature.outputs), limits)
