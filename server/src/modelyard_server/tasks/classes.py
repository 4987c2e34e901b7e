"""Labels with scores: the answers of every task that classifies."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson

from modelyard_server.artifact.describe import Artifact
from modelyard_server.artifact.manifest import Activation
from modelyard_server.engines.base import Array, TensorSpec
from modelyard_server.errors import InvalidRequestError
from modelyard_server.report import not_a_model
from modelyard_server.tasks.base import Answer
from modelyard_server.tasks.body import parameter_text
from modelyard_server.tasks.ranking import Ranking, rank
from modelyard_server.tasks.v2 import V2Tensor, bytes_tensor

TOP_K_PARAMETER: Mapping[str, Any] = {
    "name": "top_k",
    "in": "query",
    "required": False,
    "description": "How many labels an item gets; all unless the artifact says otherwise.",
    "schema": {"type": "integer", "minimum": 1},
}


@dataclass(frozen=True, slots=True)
class Classes:
    """The classes of a model and how its outputs become answers.

    Attributes:
        output: Name of the output with one number a class, of shape [batch, classes].
        labels: The classes' names.
        activation: How outputs become scores.
        threshold: Labels below it are left out; None: none are.
        top_k: How many labels an answer holds unless the request says; None: all.
    """

    output: str
    labels: tuple[str, ...]
    activation: Activation
    threshold: float | None
    top_k: int | None

    def read_top_k(self, given: Mapping[str, Any], loc: tuple[str | int, ...]) -> int | None:
        """How many labels a request asks for; None: all.

        Raises:
            InvalidRequestError: It asks for something else too, or for no number.
        """
        unknown = sorted(set(given) - {"top_k"})
        if unknown:
            raise InvalidRequestError(
                [*loc, unknown[0]], f"there is no parameter {unknown[0]!r}; there is top_k", "extra_forbidden"
            )
        if "top_k" not in given:
            return self.top_k
        text = parameter_text(given["top_k"])
        # Longer digits are no count of labels, and Python refuses to read very long ones.
        if not (text.isascii() and text.isdigit() and len(text) <= 9 and int(text) > 0):
            raise InvalidRequestError(
                [*loc, "top_k"],
                f"must be a whole number of labels, 1 or more, not {text[:20]!r}",
                "int_parsing",
            )
        # A request for all labels is the same request however it asks, so it shares its cache entries.
        return None if int(text) >= len(self.labels) else int(text)

    @staticmethod
    def canonical_top_k(top_k: int | None) -> bytes:
        """The bytes that stand for `top_k` in a cache key."""
        return b"" if top_k is None else b"%d" % top_k

    def fragments(self, outputs: Mapping[str, Array], top_ks: Sequence[int | None]) -> list[bytes]:
        """Each item's labels by falling score, as JSON.

        Args:
            outputs: The engine's.
            top_ks: How many labels each item asks for.
        """
        ranked = rank(outputs[self.output], self.activation)
        return [self._fragment(ranking, top_k) for ranking, top_k in zip(ranked, top_ks, strict=True)]

    def _fragment(self, ranking: Ranking, top_k: int | None) -> bytes:
        best = ranking[:top_k]
        if self.threshold is not None:
            best = [entry for entry in best if entry[1] >= self.threshold]
        return orjson.dumps([{"label": self.labels[index], "score": score} for index, score in best])

    def outputs_v2(self, answers: Sequence[Answer]) -> list[V2Tensor]:
        """Tensors `labels` (BYTES) and `scores` (FP32) of shape [N, K], by falling score.

        With a threshold, rows that have fewer labels end in empty labels with score 0.
        """
        rows = [orjson.loads(answer.fragment) for answer in answers]
        width = max(len(row) for row in rows)
        entries = [
            entry for row in rows for entry in row + [{"label": "", "score": 0.0}] * (width - len(row))
        ]
        shape = (len(rows), width)
        scores = np.array([entry["score"] for entry in entries], dtype=np.float32).reshape(shape)
        return [
            bytes_tensor("labels", [entry["label"] for entry in entries], shape),
            V2Tensor("scores", scores),
        ]

    @staticmethod
    def metadata_v2() -> list[dict[str, Any]]:
        """The `outputs` of the model's metadata."""
        return [
            {"name": "labels", "datatype": "BYTES", "shape": [-1, -1]},
            {"name": "scores", "datatype": "FP32", "shape": [-1, -1]},
        ]

    def entry_schema(self) -> dict[str, Any]:
        """JSON Schema of one entry of `predictions`."""
        return {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["label", "score"],
                "properties": {
                    "label": {"type": "string", "enum": list(self.labels)},
                    "score": {"type": "number"},
                },
            },
        }

    def example(self) -> dict[str, Any]:
        """An answer with one item."""
        return {"predictions": [[{"label": self.labels[0], "score": 0.987654}]]}

    def listed(self) -> str:
        """The first few labels, for a person."""
        shown = ", ".join(f"`{label}`" for label in self.labels[:10])
        return shown + ("…" if len(self.labels) > 10 else "")


def read_classes(artifact: Artifact, outputs: Sequence[TensorSpec]) -> Classes:
    """Read what an artifact says of its classes, and check that its model gives them.

    Raises:
        SourceError: NotAModel, for a model with other outputs than a classifier's, or with other labels
            than outputs.
    """
    manifest, files = artifact.manifest, artifact.files
    output = next((spec for spec in outputs if spec.name == "logits"), outputs[0])
    if len(output.shape) != 2:
        raise not_a_model(
            f"{artifact.model_file}: the model is no classifier: its output {output.name!r} has "
            f"{len(output.shape)} dimensions, and [batch, labels] has 2; set spec.model.task if it is a "
            "model of another task"
        )
    width = output.shape[1]
    labels = tuple(manifest.labels or files.labels or (f"LABEL_{index}" for index in range(width or 0)))
    if not labels or width not in {None, len(labels)}:
        raise not_a_model(
            f"{artifact.model_file}: the model is no classifier with these labels: it gives {width} scores "
            f"and has {len(labels)} labels; name them in config.json (id2label) or modelyard.json (labels)"
        )
    top_k = manifest.top_k
    return Classes(
        output=output.name,
        labels=labels,
        activation=manifest.activation or activation_of(artifact),
        threshold=manifest.threshold,
        top_k=top_k if top_k is None or top_k < len(labels) else None,
    )


def activation_of(artifact: Artifact) -> Activation:
    """How outputs become scores where the artifact does not say, as its kind of model is trained."""
    # As transformers' TextClassificationPipeline chooses.
    files = artifact.files
    if files.problem_type == "regression":
        return Activation.NONE
    if files.problem_type == "multi_label_classification" or (files.labels and len(files.labels) == 1):
        return Activation.SIGMOID
    return Activation.SOFTMAX
