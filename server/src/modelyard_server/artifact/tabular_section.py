"""`tabular` in `modelyard.json`: what the columns of a table model are."""

from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

_CONFIG = ConfigDict(extra="forbid", frozen=True, alias_generator=to_camel, validate_by_name=False)


class FeatureType(StrEnum):
    """What a column holds."""

    NUMBER = "number"
    CATEGORY = "category"
    TEXT = "text"


Category = Annotated[str, Field(max_length=1024)] | int | float


class Feature(BaseModel):
    """One column."""

    model_config = _CONFIG

    name: str = Field(min_length=1, max_length=256, description="Its name in requests.")
    type: FeatureType | None = Field(
        None,
        description="`number`, `category` or `text`; left out: `category` where categories are listed, else "
        "what the model's input holds.",
    )
    categories: list[Category] | None = Field(
        None,
        min_length=1,
        max_length=100_000,
        description="The values that may come. A model whose input is a number gets the value's place in "
        "this list, from 0; one whose input is a text gets the value.",
    )
    missing: bool | None = Field(None, description="Whether null is taken, and sent as NaN.")
    description: str | None = Field(None, max_length=1024, description="Its meaning and unit, for people.")
    example: Category | None = Field(None, description="A usual value, for the documentation.")


class TabularSection(BaseModel):
    """Settles what a table model's file leaves open."""

    model_config = _CONFIG

    features: list[Feature] | None = Field(
        None,
        min_length=1,
        max_length=100_000,
        description="The columns, in the order of the model's inputs and of their columns.",
    )
    missing: bool = Field(
        False, description="Whether null is taken, and sent as NaN, where a feature does not say itself."
    )
    output: str | None = Field(
        None,
        min_length=1,
        description="The output that answers: a classifier's probabilities or a regressor's value.",
    )

    @model_validator(mode="after")
    def _distinct(self) -> "TabularSection":
        names = [feature.name for feature in self.features or []]
        twice = sorted({name for name in names if names.count(name) > 1}) if len(names) < 5000 else []
        if twice:
            raise ValueError(f"features named more than once: {', '.join(twice)}")
        return self
