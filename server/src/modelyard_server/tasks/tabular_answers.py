"""What table models give: classes with scores, values, or whatever their outputs are called."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import orjson

from modelyard_server.artifact.describe import Artifact
from modelyard_server.artifact.manifest import Activation
from modelyard_server.artifact.onnx_labels import class_labels
from modelyard_server.artifact.tabular_section import TabularSection
from modelyard_server.engines.base import Array, TensorSpec
from modelyard_server.errors import InvalidRequestError
from modelyard_server.report import not_a_model
from modelyard_server.tasks.arrays import to_json
from modelyard_server.tasks.base import Answer
from modelyard_server.tasks.classes import TOP_K_PARAMETER, Classes
from modelyard_server.tasks.v2 import V2Tensor, describe_tensor

_PROBABILITIES = ("probabilities", "output_probability", "probability")
"""What skl2onnx and onnxmltools call them."""


class Answers(Protocol):
    """How a model's outputs become answers."""

    query: Sequence[Mapping[str, Any]]
    """Parameters that a request may have, for the documentation."""

    def read_parameters(self, given: Mapping[str, Any], loc: tuple[str, ...]) -> int | None:
        """Read a request's parameters.

        Raises:
            InvalidRequestError: There is no such parameter.
        """

    def fragments(self, outputs: Mapping[str, Array], parameters: Sequence[int | None]) -> list[bytes]:
        """Each row's answer as JSON."""

    def outputs_v2(self, answers: Sequence[Answer]) -> list[V2Tensor]:
        """See `Task.outputs_v2`."""

    def metadata_v2(self) -> list[dict[str, Any]]:
        """The `outputs` of the model's metadata."""

    def entry_schema(self) -> dict[str, Any]:
        """JSON Schema of one entry of `predictions`."""

    def example(self) -> Any:
        """One entry of `predictions`."""

    def told(self) -> str:
        """What a row gets, for a person."""


class ClassAnswers:
    """A classifier: labels by falling score, as every classifying task answers."""

    query: Sequence[Mapping[str, Any]] = (TOP_K_PARAMETER,)

    def __init__(self, classes: Classes, keys: Sequence[str]) -> None:
        self._classes = classes
        self._keys = keys
        self.read_parameters = classes.read_top_k
        self.outputs_v2 = classes.outputs_v2
        self.metadata_v2 = classes.metadata_v2
        self.entry_schema = classes.entry_schema

    def fragments(self, outputs: Mapping[str, Array], parameters: Sequence[int | None]) -> list[bytes]:
        """See `Answers.fragments`."""
        scores = outputs[self._classes.output]
        if scores.dtype == object:
            # ZipMap: a mapping from class to score for each row.
            named = [{str(label): score for label, score in row.items()} for row in scores]
            scores = np.array([[row[label] for label in self._keys] for row in named])
        return self._classes.fragments({self._classes.output: scores}, parameters)

    def example(self) -> Any:
        """See `Answers.example`."""
        return self._classes.example()["predictions"][0]

    def told(self) -> str:
        """See `Answers.told`."""
        return f"labels ({self._classes.listed()}) by falling score"


class _Plain:
    """Answers that take no parameters."""

    query: Sequence[Mapping[str, Any]] = ()

    @staticmethod
    def read_parameters(given: Mapping[str, Any], loc: tuple[str, ...]) -> int | None:
        """There are none."""
        for name in given:
            raise InvalidRequestError([*loc, name], "the model has no parameters", "extra_forbidden")
        return None


class ValueAnswers(_Plain):
    """A regressor: `{"value": x}`, or a list where it gives several."""

    def __init__(self, output: TensorSpec) -> None:
        self._output = output
        self._single = len(output.shape) < 2 or output.shape[1] == 1

    def fragments(self, outputs: Mapping[str, Array], parameters: Sequence[int | None]) -> list[bytes]:
        """See `Answers.fragments`."""
        values = outputs[self._output.name]
        values = values.reshape(len(parameters)) if self._single else values
        return [to_json({"value": value}) for value in values]

    def outputs_v2(self, answers: Sequence[Answer]) -> list[V2Tensor]:
        """A tensor `value` of shape [N], or [N, K]."""
        rows = [orjson.loads(answer.fragment)["value"] for answer in answers]
        return [V2Tensor("value", np.array(rows, dtype=self._output.dtype))]

    def metadata_v2(self) -> list[dict[str, Any]]:
        """See `Answers.metadata_v2`."""
        shape = [-1] if self._single else [-1, self._output.shape[1] or -1]
        return [{**describe_tensor(self._output), "name": "value", "shape": shape}]

    def entry_schema(self) -> dict[str, Any]:
        """See `Answers.entry_schema`."""
        number = {"type": ["number", "null"]}
        value = number if self._single else {"type": "array", "items": number}
        return {"type": "object", "required": ["value"], "properties": {"value": value}}

    def example(self) -> Any:
        """See `Answers.example`."""
        return {"value": 0.5 if self._single else [0.5] * (self._output.shape[1] or 1)}

    def told(self) -> str:
        """See `Answers.told`."""
        return "value" if self._single else "values"


class NamedAnswers(_Plain):
    """Any other model: its outputs by their names, such as a cluster's label with distances."""

    def __init__(self, outputs: Sequence[TensorSpec]) -> None:
        self._outputs = outputs

    def fragments(self, outputs: Mapping[str, Array], parameters: Sequence[int | None]) -> list[bytes]:
        """See `Answers.fragments`."""
        count = len(parameters)
        named = {
            name: array.reshape(count) if array.size == count else array for name, array in outputs.items()
        }
        return [to_json({name: array[row] for name, array in named.items()}) for row in range(count)]

    def outputs_v2(self, answers: Sequence[Answer]) -> list[V2Tensor]:
        """Each output with its rows put together again."""
        rows = [orjson.loads(answer.fragment) for answer in answers]
        tensors = []
        for spec in self._outputs:
            array = np.array([row[spec.name] for row in rows], dtype=spec.dtype)
            if spec.dtype == object:
                array = np.vectorize(str.encode, otypes=[object])(array)
            tensors.append(V2Tensor(spec.name, array))
        return tensors

    def metadata_v2(self) -> list[dict[str, Any]]:
        """See `Answers.metadata_v2`."""
        return [
            {**tensor, "shape": [-1, *(size for size in tensor["shape"][1:] if size != 1)]}
            for tensor in map(describe_tensor, self._outputs)
        ]

    def entry_schema(self) -> dict[str, Any]:
        """See `Answers.entry_schema`."""
        return {"type": "object", "properties": {spec.name: {} for spec in self._outputs}}

    def example(self) -> Any:
        """See `Answers.example`."""
        return {spec.name: "a" if spec.dtype == object else 0 for spec in self._outputs}

    def told(self) -> str:
        """See `Answers.told`."""
        return ", ".join(f"`{spec.name}`" for spec in self._outputs)


def read_answers(artifact: Artifact, outputs: Sequence[TensorSpec]) -> Answers:
    """Tell what a model gives.

    Raises:
        SourceError: NotAModel, modelyard.json names an output that there is not, or labels that do not fit.
    """
    section = artifact.manifest.tabular or TabularSection()
    by_name = {spec.name: spec for spec in outputs}
    if section.output is not None and section.output not in by_name:
        raise not_a_model(
            f"{artifact.model_file}: modelyard.json names the output {section.output!r} in tabular.output; "
            f"the model has {sorted(by_name)}"
        )
    labelled = any(spec.dtype.kind in "iuO" and not spec.maps for spec in outputs)
    scores = by_name[section.output] if section.output else _probabilities(outputs)
    if scores is not None and (scores.maps or labelled or artifact.manifest.labels):
        return _classes(artifact, scores)
    value = scores or (outputs[0] if len(outputs) == 1 else None)
    if value is not None and value.dtype.kind == "f" and len(value.shape) in {1, 2}:
        if artifact.manifest.labels:
            return _classes(artifact, value)
        return ValueAnswers(value)
    if any(spec.maps for spec in outputs):
        raise not_a_model(
            f"{artifact.model_file}: the model gives maps in several outputs: export it with zipmap=False"
        )
    return NamedAnswers(outputs)


def _probabilities(outputs: Sequence[TensorSpec]) -> TensorSpec | None:
    maps = [spec for spec in outputs if spec.maps]
    if len(maps) == 1:
        return maps[0]
    named = [spec for spec in outputs if spec.name in _PROBABILITIES and len(spec.shape) == 2]
    return named[0] if len(named) == 1 and named[0].dtype.kind == "f" else None


def _classes(artifact: Artifact, scores: TensorSpec) -> ClassAnswers:
    manifest = artifact.manifest
    width = scores.shape[1] if len(scores.shape) == 2 else None
    known = class_labels(artifact.model_file, width)
    if scores.maps and known is None:
        raise not_a_model(
            f"{artifact.model_file}: the labels of {scores.name!r} can't be told: export with zipmap=False"
        )
    labels = tuple(manifest.labels or known or map(str, range(width or 0)))
    count = width or len(known or labels)
    if not labels or len(labels) != count:
        raise not_a_model(
            f"{artifact.model_file}: the model gives {count or 'any number of'} scores, and modelyard.json "
            f"names {len(labels)} labels: name one a score, in their order"
        )
    if known is None and not manifest.labels:
        artifact.assumed.append(
            f"labels: 0 to {len(labels) - 1}, for neither the model nor modelyard.json names them"
        )
    top_k = manifest.top_k
    classes = Classes(
        output=scores.name,
        labels=labels,
        activation=manifest.activation or Activation.NONE,
        threshold=manifest.threshold,
        top_k=top_k if top_k is None or top_k < len(labels) else None,
    )
    return ClassAnswers(classes, known or labels)
