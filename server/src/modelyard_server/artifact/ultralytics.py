"""What Ultralytics' exporter writes into a model's metadata: Python literals, each as a text.

https://docs.ultralytics.com/modes/export/
"""

import ast
from collections.abc import Mapping
from typing import Any, Final

DETECT: Final = "detect"
CLASSIFY: Final = "classify"
"""What `task` says of detectors and of classifiers."""

_MAX_LITERAL: Final = 1_000_000


def literal(metadata: Mapping[str, str], key: str) -> Any:
    """The value of a key; None: it is not there, or no literal."""
    text = metadata.get(key, "None")
    if len(text) > _MAX_LITERAL:
        return None
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None


def names(metadata: Mapping[str, str]) -> list[str]:
    """The classes' names by index; empty where the metadata numbers them otherwise."""
    value = literal(metadata, "names")
    if isinstance(value, dict) and set(value) == set(range(len(value))):
        return [str(value[index]) for index in range(len(value))]
    return [str(name) for name in value] if isinstance(value, list) else []
