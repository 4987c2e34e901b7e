"""The type of a field that holds a Kubernetes quantity."""

from typing import Annotated

from pydantic import BeforeValidator, Field

from modelyard_operator.api import quantity
from modelyard_operator.api.rules import Extra, Rule

Quantity = Annotated[
    str,
    BeforeValidator(lambda value: str(value) if isinstance(value, int) else value),
    Field(max_length=32, pattern=quantity.PATTERN),
    Extra((("x-kubernetes-int-or-string", True),)),
    Rule(
        rule=f"string(self).matches(r'{quantity.PATTERN}')",
        message="is not a quantity: write it as 500m, 2, 512Mi or 1Gi",
    ),
]
"""A quantity; YAML may have it as a number."""
