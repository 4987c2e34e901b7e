"""The columns of a table model: what a request's values must be, and the tensors they become."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from modelyard_server.artifact.describe import Artifact
from modelyard_server.artifact.tabular_section import Feature, FeatureType, TabularSection
from modelyard_server.engines.base import Array, TensorSpec
from modelyard_server.report import not_a_model

Value = float | int | str | bool
"""One cell, as the model takes it; NaN where it is missing."""


class CellError(ValueError):
    """A cell does not fit its column; the message says what it must be."""


@dataclass(frozen=True, slots=True)
class Column:
    """One feature.

    Attributes:
        name: Its name.
        type: What it holds.
        dtype: numpy's type of the model's input.
        codes: Each category and what the model gets for it; None: any value of the type.
        missing: Whether null is taken.
        description: Its meaning; empty: nobody says.
        example: A usual value.
    """

    name: str
    type: FeatureType
    dtype: np.dtype[Any]
    codes: Mapping[Any, Value] | None = None
    missing: bool = False
    description: str = ""
    example: Value = 0

    def read(self, value: Any) -> Value:
        """Check one value of a request.

        Raises:
            CellError: It does not fit.
        """
        if value is None:
            if self.missing:
                return math.nan
            raise CellError("is missing: send a value; null is taken where modelyard.json says missing: true")
        if self.codes is not None:
            # True would pass for 1.
            code = None if isinstance(value, bool | list | dict) else self.codes.get(value)
            if code is None:
                raise CellError(f"must be one of {self.listed()}, not {_shown(value)}")
            return code
        return self._plain(value)

    def _plain(self, value: Any) -> Value:
        kind = self.dtype.kind
        if kind == "O":
            if not isinstance(value, str):
                raise CellError(f"must be a text, not {_shown(value)}")
            return value
        if kind == "b":
            if not isinstance(value, bool):
                raise CellError(f"must be true or false, not {_shown(value)}")
            return value
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise CellError(f"must be a number, not {_shown(value)}")
        if kind == "f":
            number = float(value)
            if not abs(number) <= float(np.finfo(self.dtype).max):
                raise CellError(f"is too large for {self.dtype.name}")
            return number
        bounds = np.iinfo(self.dtype)
        if isinstance(value, float) and not value.is_integer():
            raise CellError(f"must be a whole number, not {_shown(value)}")
        if not bounds.min <= value <= bounds.max:
            raise CellError(f"must be a whole number from {bounds.min} to {bounds.max}")
        return int(value)

    def listed(self) -> str:
        """The first few categories, for a person."""
        codes = list(self.codes or ())
        shown = ", ".join(repr(category) for category in codes[:10])
        return shown + (f" and {len(codes) - 10} more" if len(codes) > 10 else "")

    def schema(self) -> dict[str, Any]:
        """JSON Schema of its values."""
        kinds = {"O": "string", "b": "boolean", "f": "number"}
        schema: dict[str, Any] = {"type": kinds.get(self.dtype.kind, "integer")}
        if self.codes is not None:
            schema = {"enum": list(self.codes)}
        if self.missing:
            schema = {"anyOf": [schema, {"type": "null"}]}
        return {**schema, **({"description": self.description} if self.description else {})}


@dataclass(frozen=True, slots=True)
class TableInput:
    """One input of the model.

    Attributes:
        spec: The model's own words.
        columns: Which columns it takes.
        flat: Whether its shape is [batch] and not [batch, columns].
    """

    spec: TensorSpec
    columns: slice
    flat: bool

    def tensor(self, rows: Sequence[Sequence[Value]]) -> Array:
        """The rows' columns as the model takes them."""
        array = np.array([row[self.columns] for row in rows], dtype=self.spec.dtype)
        return array[:, 0] if self.flat else array


@dataclass(frozen=True, slots=True)
class Table:
    """The columns of a model.

    Attributes:
        columns: In the order of its inputs.
        inputs: Its inputs.
        named: Whether the columns' names are the model's or the author's, and not made up.
    """

    columns: tuple[Column, ...]
    inputs: tuple[TableInput, ...]
    named: bool


def read_table(artifact: Artifact, inputs: Sequence[TensorSpec]) -> Table:
    """Settle a model's columns: `modelyard.json` first, then the model's inputs.

    Raises:
        SourceError: NotAModel, the two do not fit together, or the model takes no table.
    """
    section = artifact.manifest.tabular or TabularSection()
    features = section.features
    widths = [_width(artifact, spec, len(inputs), features) for spec in inputs]
    if features is None:
        prefix = "f" if len(inputs) == 1 else ""
        features = [
            Feature(name=spec.name if width == 1 else f"{prefix or spec.name + '_'}{index}")
            for spec, width in zip(inputs, widths, strict=True)
            for index in range(width)
        ]
        if any(width > 1 for width in widths):
            artifact.assumed.append(
                f"tabular.features: {features[0].name} to {features[-1].name}, for modelyard.json names none"
            )
    if len(features) != sum(widths):
        raise not_a_model(
            f"{artifact.model_file}: the model takes {sum(widths)} columns, and tabular.features of "
            f"modelyard.json names {len(features)}"
        )
    # Inputs of one column each may be listed in any order.
    by_name = {feature.name: feature for feature in features}
    if set(by_name) == {spec.name for spec in inputs}:
        features = [by_name[spec.name] for spec in inputs]
    columns: list[Column] = []
    laid: list[TableInput] = []
    for spec, width in zip(inputs, widths, strict=True):
        start = len(columns)
        columns += [
            _column(artifact, feature, spec, section.missing) for feature in features[start : start + width]
        ]
        laid.append(TableInput(spec, slice(start, len(columns)), flat=len(spec.shape) == 1))
    named = section.features is not None or all(width == 1 for width in widths)
    return Table(tuple(columns), tuple(laid), named)


def _width(artifact: Artifact, spec: TensorSpec, inputs: int, features: Sequence[Feature] | None) -> int:
    if len(spec.shape) == 1:
        return 1
    width = spec.shape[1] if len(spec.shape) == 2 else None
    if width is None and len(spec.shape) == 2 and inputs == 1 and features is not None:
        width = len(features)
    if width is None:
        raise not_a_model(
            f"{artifact.model_file}: the model is no tabular model that can be served: its input "
            f"{spec.name!r} has the shape {['any' if size is None else size for size in spec.shape]}, and it "
            "must be [rows] or [rows, columns]; name the columns in tabular.features of modelyard.json if "
            "their number is free, or set spec.model.task if it is a model of another task"
        )
    return width


def _column(artifact: Artifact, feature: Feature, spec: TensorSpec, missing: bool) -> Column:
    where = f"{artifact.model_file}: feature {feature.name!r} of modelyard.json"
    text = spec.dtype == object
    kind = feature.type
    if kind is None and feature.categories is not None:
        kind = FeatureType.CATEGORY
    elif kind is None:
        kind = FeatureType.TEXT if text else FeatureType.NUMBER
    takes_missing = missing and spec.dtype.kind == "f" if feature.missing is None else feature.missing
    if takes_missing and spec.dtype.kind != "f":
        raise not_a_model(
            f"{where}: missing: true needs an input of floats, and {spec.name!r} is {_called(spec)}"
        )
    if (kind is FeatureType.TEXT and not text) or (kind is FeatureType.NUMBER and text):
        raise not_a_model(f"{where} is a {kind}, and the model's input {spec.name!r} is {_called(spec)}")
    if feature.categories is not None and kind is not FeatureType.CATEGORY:
        raise not_a_model(f"{where} is a {kind} and lists categories: make it a category")
    if kind is FeatureType.CATEGORY and feature.categories is None and not text:
        raise not_a_model(
            f"{where} is a category, and the model takes a number for it: list its categories in their order"
        )
    codes: dict[Any, Value] | None = None
    if feature.categories is not None:
        codes = {
            category: str(category) if text else code for code, category in enumerate(feature.categories)
        }
    usual: Value = next(iter(codes)) if codes else "" if text else False if spec.dtype.kind == "b" else 0
    return Column(
        name=feature.name,
        type=kind,
        dtype=spec.dtype,
        codes=codes,
        missing=takes_missing,
        description=feature.description or "",
        example=usual if feature.example is None else feature.example,
    )


def _called(spec: TensorSpec) -> str:
    return "texts" if spec.dtype == object else spec.dtype.name


def _shown(value: Any) -> str:
    if isinstance(value, str):
        return f"the text {value[:40]!r}"
    kinds = {bool: str(value).lower(), list: "a list", dict: "an object"}
    return kinds.get(type(value), repr(value))
