"""Texts in, labels with scores out: any ONNX sequence classifier with a `tokenizer.json`."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import orjson

from modelyard_server.artifact.describe import Artifact
from modelyard_server.artifact.manifest import Activation
from modelyard_server.engines.base import Array, TensorSpec
from modelyard_server.errors import InvalidRequestError
from modelyard_server.report import SourceError, not_a_model
from modelyard_server.tasks.base import Answer, Encoded, Item, Limits, Parsed
from modelyard_server.tasks.body import check_count
from modelyard_server.tasks.openapi import predict_operation
from modelyard_server.tasks.text_encoder import NoTextModelError, TextEncoder, open_encoder
from modelyard_server.tasks.text_request import read_texts
from modelyard_server.tasks.v2 import read_inputs

# Six decimals tell more than fp32 arithmetic keeps, and half the bytes of a double's shortest form.
_DECIMALS = 6
_EXAMPLE = ["Welcome to the project!", "You are awesome", "what a boring film"]


class TextClassification:
    """The task; see `tasks.base.Task` for its methods."""

    def __init__(
        self,
        *,
        encoder: TextEncoder,
        output: str,
        labels: Sequence[str],
        activation: Activation,
        threshold: float | None,
        top_k: int | None,
        limits: Limits,
    ) -> None:
        self._encoder = encoder
        self._output = output
        self._labels = tuple(labels)
        self._activation = activation
        self._threshold = threshold
        self._top_k = top_k
        self._limits = limits
        self.fixed_batch = encoder.fixed_batch

    # --- requests ---------------------------------------------------------------------------------
    def parse(self, body: bytes, query: Mapping[str, str]) -> Parsed:
        """Read `{"text": [...]}`."""
        texts = read_texts(body)
        self._check(texts, ("body", "text"))
        return Parsed(texts, self._parameters(query, ("query",)) if query else self._top_k)

    def parse_v2(self, body: Mapping[str, Any]) -> Parsed:
        """Read a BYTES tensor called `text` of shape [N] or [N, 1]."""
        tensors = read_inputs(body)
        if set(tensors) != {"text"}:
            raise InvalidRequestError(
                ["body", "inputs"], "give one tensor, called 'text', of datatype BYTES and shape [N]"
            )
        tensor = tensors["text"]
        if tensor.datatype != "BYTES":
            raise InvalidRequestError([*tensor.loc, "datatype"], "the datatype of 'text' must be BYTES")
        if len(tensor.shape) not in {1, 2} or (len(tensor.shape) == 2 and tensor.shape[1] != 1):
            raise InvalidRequestError([*tensor.loc, "shape"], "the shape of 'text' must be [N] or [N, 1]")
        for index, text in enumerate(tensor.data):
            if not isinstance(text, str):
                raise InvalidRequestError([*tensor.loc, "data", index], "each text must be a string")
        self._check(tensor.data, (*tensor.loc, "data"))
        parameters = body.get("parameters")
        return Parsed(
            tensor.data, self._parameters(parameters, ("body", "parameters")) if parameters else self._top_k
        )

    def _parameters(self, query: Mapping[str, Any], loc: tuple[str, ...]) -> int | None:
        unknown = sorted(set(query) - {"top_k"})
        if unknown:
            raise InvalidRequestError(
                [*loc, unknown[0]], f"there is no parameter {unknown[0]!r}; there is top_k", "extra_forbidden"
            )
        if "top_k" not in query:
            return self._top_k
        text = str(query["top_k"])
        # Longer digits are no count of labels, and Python refuses to read very long ones.
        if not (text.isascii() and text.isdigit() and len(text) <= 9 and int(text) > 0):
            raise InvalidRequestError(
                [*loc, "top_k"],
                f"must be a whole number of labels, 1 or more, not {text[:20]!r}",
                "int_parsing",
            )
        # A request for all labels is the same request however it asks, so it shares its cache entries.
        return None if int(text) >= len(self._labels) else int(text)

    def _check(self, texts: Sequence[str], loc: tuple[str | int, ...]) -> None:
        if not texts:
            raise InvalidRequestError(loc, "the list is empty: give at least one text", "too_short")
        check_count(len(texts), self._limits, "texts", loc)
        limit = self._limits.max_item_bytes
        for index, text in enumerate(texts):
            if not text:
                raise InvalidRequestError(
                    [*loc, index], "the text is empty: leave it out", "string_too_short"
                )
            # A character has at most 4 bytes, so most texts need not be encoded to be let through.
            if len(text) * 4 > limit and len(text.encode()) > limit:
                raise InvalidRequestError(
                    [*loc, index],
                    f"the text has {len(text.encode()):,} bytes: send at most {limit:,}; the model reads "
                    f"only its first {self._encoder.max_length} tokens",
                    "string_too_long",
                )

    # --- cache keys -------------------------------------------------------------------------------
    def canonical(self, value: str) -> bytes:
        """The text's UTF-8 bytes: the tokenizer alone decides what is equal beyond that."""
        return value.encode()

    def canonical_parameters(self, parameters: int | None) -> bytes:
        """How many labels the answer holds."""
        return b"" if parameters is None else b"%d" % parameters

    # --- tensors ----------------------------------------------------------------------------------
    def encode(self, items: Sequence[Item]) -> Encoded:
        """Tokenize, truncate and pad to the longest of the batch."""
        return self._encoder.encode([item.value for item in items])

    def decode(self, items: Sequence[Item], encoded: Encoded, outputs: Mapping[str, Array]) -> list[Answer]:
        """Turn logits into labels by falling score."""
        scores = self._scores(outputs[self._output])
        # Stable, so equal scores keep the labels' order whatever the batch.
        order = np.argsort(-scores, axis=1, kind="stable")
        return [
            Answer(self._fragment(scores[row], order[row], item.parameters), encoded.truncated[row])
            for row, item in enumerate(items)
        ]

    def _scores(self, logits: Array) -> Array:
        values = logits.astype(np.float64)
        if self._activation == Activation.SOFTMAX:
            exponents = np.exp(values - values.max(axis=1, keepdims=True))
            values = exponents / exponents.sum(axis=1, keepdims=True)
        elif self._activation == Activation.SIGMOID:
            values = 0.5 * (1.0 + np.tanh(0.5 * values))
        return values.round(_DECIMALS)

    def _fragment(self, scores: Array, order: Array, top_k: int | None) -> bytes:
        entries = [{"label": self._labels[index], "score": float(scores[index])} for index in order[:top_k]]
        if self._threshold is not None:
            entries = [entry for entry in entries if entry["score"] >= self._threshold]
        return orjson.dumps(entries)

    # --- answers and documentation ------------------------------------------------------------------
    def outputs_v2(self, answers: Sequence[Answer]) -> list[dict[str, Any]]:
        """Tensors `labels` (BYTES) and `scores` (FP32) of shape [N, K], by falling score.

        With a threshold, rows that have fewer labels end in empty labels with score 0.
        """
        rows = [orjson.loads(answer.fragment) for answer in answers]
        width = max(len(row) for row in rows)
        shape = [len(rows), width]
        padded = [row + [{"label": "", "score": 0.0}] * (width - len(row)) for row in rows]
        return [
            {
                "name": "labels",
                "shape": shape,
                "datatype": "BYTES",
                "data": [entry["label"] for row in padded for entry in row],
            },
            {
                "name": "scores",
                "shape": shape,
                "datatype": "FP32",
                "data": [entry["score"] for row in padded for entry in row],
            },
        ]

    def metadata_v2(self) -> dict[str, list[dict[str, Any]]]:
        """One tensor of texts in, labels and scores out."""
        return {
            "inputs": [{"name": "text", "datatype": "BYTES", "shape": [-1]}],
            "outputs": [
                {"name": "labels", "datatype": "BYTES", "shape": [-1, -1]},
                {"name": "scores", "datatype": "FP32", "shape": [-1, -1]},
            ],
        }

    def warm_up(self) -> Sequence[Item]:
        """A short text and one of full length, so that memory is grown before the first request."""
        return [Item("a"), Item("warm up " * self._encoder.max_length)]

    def openapi(self) -> dict[str, Any]:
        """`POST /predict` with texts."""
        labels = ", ".join(f"`{label}`" for label in self._labels[:10])
        return predict_operation(
            summary="Classify texts",
            description=(
                f"Gives each text's labels ({labels}{'…' if len(self._labels) > 10 else ''}) by falling "
                f"score. At most {self._limits.max_items:,} texts; of each "
                f"the first {self._encoder.max_length} tokens."
            ),
            request_schema={
                "type": "object",
                "required": ["text"],
                "additionalProperties": False,
                "properties": {
                    "text": {
                        "type": "array",
                        "items": {"type": "string", "minLength": 1},
                        "minItems": 1,
                        "maxItems": self._limits.max_items,
                    }
                },
            },
            request_examples={"texts": {"text": _EXAMPLE}},
            entry_schema={
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["label", "score"],
                    "properties": {
                        "label": {"type": "string", "enum": list(self._labels)},
                        "score": {"type": "number"},
                    },
                },
            },
            answer_example={"predictions": [[{"label": self._labels[0], "score": 0.987654}]]},
            query=[
                {
                    "name": "top_k",
                    "in": "query",
                    "required": False,
                    "description": "How many labels a text gets; all unless the artifact says otherwise.",
                    "schema": {"type": "integer", "minimum": 1},
                }
            ],
        )


def build(
    artifact: Artifact, inputs: Sequence[TensorSpec], outputs: Sequence[TensorSpec], limits: Limits
) -> TextClassification:
    """Build the task and check that the model is one.

    Raises:
        SourceError: NotAModel, for a model with other inputs or outputs than a sequence classifier's, or
            with other labels than outputs.
    """
    try:
        encoder = open_encoder(artifact.text, inputs)
    except NoTextModelError as error:
        raise _not_a_classifier(artifact, str(error)) from None
    output = next((spec for spec in outputs if spec.name == "logits"), outputs[0])
    if len(output.shape) != 2:
        raise _not_a_classifier(
            artifact,
            f"its output {output.name!r} has {len(output.shape)} dimensions, and [batch, labels] has 2",
        )
    labels = artifact.labels or tuple(f"LABEL_{index}" for index in range(output.shape[1] or 0))
    if not labels or output.shape[1] not in {None, len(labels)}:
        raise _not_a_classifier(
            artifact,
            f"it gives {output.shape[1]} scores and has {len(labels)} labels; name them in config.json "
            "(id2label) or modelyard.json (labels)",
        )
    return TextClassification(
        encoder=encoder,
        output=output.name,
        labels=labels,
        activation=artifact.activation,
        threshold=artifact.threshold,
        top_k=artifact.top_k if artifact.top_k is None or artifact.top_k < len(labels) else None,
        limits=limits,
    )


def _not_a_classifier(artifact: Artifact, why: str) -> SourceError:
    return not_a_model(
        f"{artifact.model_file}: the model is no text-classification model: {why}; "
        "set spec.model.task if it is a model of another task"
    )
