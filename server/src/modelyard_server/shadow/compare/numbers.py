"""Numbers by place: how far the largest and the mean difference are, by the size of the numbers."""

import math
from collections.abc import Iterator, Sequence
from typing import Any, Final

from modelyard_server.shadow.compare.base import Difference

DISAGREES: Final = 0.05
"""Two answers disagree where a number has moved by more than this share of the largest one."""


def apart(stable: Sequence[float | None], candidate: Sequence[float | None]) -> Difference:
    """Compare numbers of the same places; None stands for a number that JSON does not know, or none at all.

    Args:
        stable: The stable ones.
        candidate: The candidate's.
    """
    if len(stable) != len(candidate):
        return Difference(True, {"largest": 1.0, "mean": 1.0})
    size = max((abs(value) for value in (*stable, *candidate) if value is not None), default=0.0)
    moved = [_moved(before, after, size) for before, after in zip(stable, candidate, strict=True)]
    largest = max(moved, default=0.0)
    mean = sum(moved) / len(moved) if moved else 0.0
    return Difference(largest > DISAGREES, {"largest": largest, "mean": mean})


def _moved(before: float | None, after: float | None, size: float) -> float:
    if before is None or after is None:
        return float(before is not after)
    return abs(before - after) / size if size else 0.0


def spread(values: Sequence[Any], most: int) -> list[Any]:
    """So many values at most, of places that lie evenly; the same places for the same length.

    Args:
        values: The values.
        most: How many.
    """
    count = len(values)
    if count <= most:
        return list(values)
    return [values[index * count // most] for index in range(most)]


def flatten(value: Any) -> Iterator[Any]:
    """The values of nested lists, in order."""
    if isinstance(value, list):
        for one in value:
            yield from flatten(one)
    else:
        yield value


def short(value: float) -> float | None:
    """A number with the digits that single precision keeps; None for what JSON does not know."""
    return float(f"{value:.6g}") if math.isfinite(value) else None
