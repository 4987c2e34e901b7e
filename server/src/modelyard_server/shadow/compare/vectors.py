"""Embeddings: the angle between two vectors."""

import math
from typing import Any, Final

from modelyard_server.artifact.describe import Artifact
from modelyard_server.shadow.compare.base import Comparer, Difference
from modelyard_server.shadow.compare.numbers import short, spread

KIND: Final = "vectors"
DISAGREES: Final = 0.01
"""Two vectors disagree where 1 minus their cosine is more than this."""


def build(artifact: Artifact) -> Comparer:  # noqa: ARG001 - see `base.Build`
    """See `base.Build`."""
    return Comparer(KIND, sketch, compare)


def sketch(entry: Any, room: int) -> Any:
    """The dimension, and the numbers of places that lie evenly."""
    return {"dimension": len(entry), "numbers": [short(float(value)) for value in spread(entry, room)]}


def compare(stable: Any, candidate: Any) -> Difference:
    """They disagree where they point another way."""
    if stable["dimension"] != candidate["dimension"]:
        return Difference(True, {"cosine": 1.0})
    distance = 1.0 - _cosine(stable["numbers"], candidate["numbers"])
    # Six digits of each number leave less than this of the cosine in doubt.
    distance = 0.0 if distance < 1e-9 else distance
    return Difference(distance > DISAGREES, {"cosine": distance})


def _cosine(one: list[float | None], other: list[float | None]) -> float:
    if one == other:
        return 1.0
    if None in one or None in other:
        return 0.0
    dot = sum(a * b for a, b in zip(one, other, strict=True) if a is not None and b is not None)
    size = math.hypot(*one) * math.hypot(*other)  # type: ignore[arg-type]  # no None is in them
    return max(-1.0, min(1.0, dot / size)) if size else 0.0
