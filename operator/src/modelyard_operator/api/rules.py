"""CEL rules on API models: what the API server refuses, in words that name the mend.

A rule is metadata of a field (`Annotated[str, Rule(...)]`) or of a class (`schema_extra=rules(...)`). The
CRD generator carries it over; pydantic itself does not evaluate it.
https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#validation-rules
"""

from dataclasses import dataclass
from typing import Any

from pydantic import GetJsonSchemaHandler
from pydantic.config import JsonDict
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

KEY = "x-kubernetes-validations"


@dataclass(frozen=True, slots=True)
class Rule:
    """One CEL rule; `self` is the value of the field that it stands on."""

    rule: str
    message: str
    """What is wrong and what to do."""

    def to_dict(self) -> dict[str, Any]:
        """As a CRD has it."""
        return {"rule": self.rule, "message": self.message}

    def __get_pydantic_json_schema__(
        self, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Add the rule to the field's schema."""
        schema = handler(core_schema)
        return schema | {KEY: [*schema.get(KEY, []), self.to_dict()]}


def rules(*several: Rule) -> JsonDict:
    """The same for a whole class: its `json_schema_extra`."""
    return {KEY: [rule.to_dict() for rule in several]}


@dataclass(frozen=True, slots=True)
class Extra:
    """OpenAPI extensions of a field, such as `x-kubernetes-list-type`."""

    values: tuple[tuple[str, Any], ...]

    def __get_pydantic_json_schema__(
        self, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Add them to the field's schema."""
        return handler(core_schema) | dict(self.values)


def list_map(key: str) -> Extra:
    """A list whose entries are told apart by `key`: the API server refuses duplicates."""
    return Extra((("x-kubernetes-list-type", "map"), ("x-kubernetes-list-map-keys", [key])))


def matching(pattern: str, message: str) -> Rule:
    """A rule on a string that must match `pattern` (RE2, without single quotes)."""
    return Rule(rule=f"self.matches(r'{pattern}')", message=message)
