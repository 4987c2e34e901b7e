"""What records must not hold."""

import re
from collections.abc import Sequence
from typing import Any, Final

from modelyard_server.edge.record import CONTENTS

MASK: Final = "***"
PARTS: Final = frozenset({"inputs", "predictions", "identity"})
"""Members of a record that can be left out whole."""


class Redaction:
    """Leaves parts of records out and masks others.

    Args:
        rules: Each `inputs`, `predictions` or `identity`, to leave that member out; or `/…/`, a regular
            expression whose matches are masked in every text of inputs, predictions and errors; or the name
            of a JSON field, whose values are masked wherever it stands in the inputs; a tensor of that name
            (`{"name": …, "data": …}`) is such a field too.

    Raises:
        ValueError: A regular expression is none.
    """

    def __init__(self, rules: Sequence[str]) -> None:
        self._parts = PARTS.intersection(rules)
        self._patterns: list[re.Pattern[str]] = []
        self._fields: set[str] = set()
        for rule in rules:
            if len(rule) > 2 and rule.startswith("/") and rule.endswith("/"):
                try:
                    self._patterns.append(re.compile(rule[1:-1]))
                except re.error as error:
                    raise ValueError(f"redact: {rule} is no regular expression: {error}") from None
            elif rule not in PARTS:
                self._fields.add(rule)
        # FastAPI's shape of errors quotes what was sent.
        self._quotes = not (self._fields or self._patterns or "inputs" in self._parts)

    def apply(self, record: dict[str, Any]) -> dict[str, Any]:
        """A record as it may be kept."""
        kept = {name: value for name, value in record.items() if name not in self._parts}
        for name in CONTENTS:
            if name in kept:
                kept[name] = self._masked(kept[name], fields=self._fields if name == "inputs" else set())
        if not self._quotes and "error" in kept:
            kept["error"] = _without_quotes(kept["error"])
        return kept

    def _masked(self, value: Any, fields: set[str]) -> Any:
        if isinstance(value, dict):
            hidden = fields | {"data"} if _tensor_name(value) in fields else fields
            return {
                name: MASK if name in hidden else self._masked(inner, fields) for name, inner in value.items()
            }
        if isinstance(value, list):
            return [self._masked(inner, fields) for inner in value]
        if isinstance(value, str):
            for pattern in self._patterns:
                value = pattern.sub(MASK, value)
        return value


def _tensor_name(value: dict[str, Any]) -> str | None:
    name = value.get("name")
    return name if isinstance(name, str) else None


def _without_quotes(error: Any) -> Any:
    details = error.get("detail") if isinstance(error, dict) else None
    if not isinstance(details, list):
        return error
    told = ("type", "loc", "msg")
    return {
        "detail": [{name: fault.get(name) for name in told} for fault in details if isinstance(fault, dict)]
    }
