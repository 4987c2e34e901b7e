"""The base of every API model, and the scalar types that several share."""

import re
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from modelyard_operator.api.rules import matching

GROUP = "modelyard.dev"
VERSION = "v1alpha1"
API_VERSION = f"{GROUP}/{VERSION}"

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}

_DURATION = r"^([0-9]{1,6}(s|m|h|d))+$"
_OBJECT_NAME = r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$"

Duration = Annotated[
    str,
    Field(pattern=_DURATION, max_length=32),
    matching(_DURATION, "is not a duration: write it as 30s, 10m or 1h30m"),
]

ObjectName = Annotated[
    str,
    Field(min_length=1, max_length=253),
    matching(_OBJECT_NAME, "is no name of an object: use lower-case letters, digits, '-' and '.'"),
]


def seconds(duration: str) -> float:
    """The seconds in a duration such as `1h30m`.

    Raises:
        ValueError: it is not a duration.
    """
    parts = re.findall(r"([0-9]+)([smhd])", duration)
    if "".join(n + u for n, u in parts) != duration or not parts:
        raise ValueError(f"{duration!r} is not a duration: write it as 30s, 10m or 1h30m")
    return float(sum(int(n) * _UNITS[u] for n, u in parts))


class ApiModel(BaseModel):
    """Immutable, camelCase outside, snake_case inside; unknown fields are dropped by the API server."""

    model_config = ConfigDict(
        frozen=True,
        populate_by_name=True,
        alias_generator=to_camel,
        extra="ignore",
        use_attribute_docstrings=True,
    )

    def to_dict(self) -> dict[str, Any]:
        """As the API server stores it: camelCase, without absent values."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)

    def set_fields(self) -> dict[str, Any]:
        """Only what differs from a default: what a revision's hash is made of."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True, exclude_defaults=True)


class LocalObjectReference(ApiModel):
    """The name of an object in the same namespace."""

    name: ObjectName
    """Its name."""
