"""What a comparison of two answers to one item is made of."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from modelyard_server.artifact.describe import Artifact

NONE: Final = "(none)"
"""Stands for a label that one of two answers lacks."""
MAX_LABEL: Final = 80
"""Letters of a label that are kept."""


@dataclass(frozen=True, slots=True)
class Difference:
    """How far two answers to one item are apart.

    Attributes:
        disagreed: Whether they say different things.
        shifts: By how much they differ, by measure; 0 is not at all.
        flips: Labels of the stable answer and those that stand in their place.
    """

    disagreed: bool
    shifts: dict[str, float]
    flips: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Comparer:
    """Compares the answers of one kind of model.

    Attributes:
        kind: Answers of different kinds can't be compared; they disagree.
        sketch: Makes of an entry of `predictions` a small JSON value that stands for it, with so many
            numbers at most.
        compare: Compares the stable sketch with the candidate's. Raises TypeError, ValueError, KeyError or
            IndexError where one of them is none.
    """

    kind: str
    sketch: Callable[[Any, int], Any]
    compare: Callable[[Any, Any], Difference]


Build = Callable[[Artifact], Comparer]
"""Makes a comparer for the answers of a model."""


def cut(label: object) -> str:
    """A label as it is kept."""
    return str(label)[:MAX_LABEL]
