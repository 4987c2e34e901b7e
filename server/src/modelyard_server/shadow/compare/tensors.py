"""Outputs by name: their numbers, and their strings as labels."""

from typing import Any, Final

from modelyard_server.artifact.describe import Artifact
from modelyard_server.shadow.compare.base import NONE, Comparer, Difference, cut
from modelyard_server.shadow.compare.numbers import apart, flatten, short, spread

KIND: Final = "tensors"
_MOST_STRINGS: Final = 16


def build(artifact: Artifact) -> Comparer:  # noqa: ARG001 - see `base.Build`
    """See `base.Build`."""
    return Comparer(KIND, sketch, compare)


def sketch(entry: Any, room: int) -> Any:
    """How many values there are, and those of places that lie evenly."""
    values = [value for name in sorted(entry) for value in flatten(entry[name])]
    numbers = [None if value is None else float(value) for value in values if not isinstance(value, str)]
    strings = [value for value in values if isinstance(value, str)]
    return {
        "count": [len(numbers), len(strings)],
        "numbers": [None if value is None else short(value) for value in spread(numbers, room)],
        "strings": [cut(value) for value in spread(strings, min(room, _MOST_STRINGS))],
    }


def compare(stable: Any, candidate: Any) -> Difference:
    """They disagree where a number has moved much, or a string is another one."""
    if stable["count"] != candidate["count"]:
        return Difference(True, {"largest": 1.0, "mean": 1.0})
    difference = apart(stable["numbers"], candidate["numbers"])
    flips = tuple(
        (str(before) or NONE, str(after) or NONE)
        for before, after in zip(stable["strings"], candidate["strings"], strict=True)
        if before != after
    )
    return Difference(difference.disagreed or bool(flips), difference.shifts, flips)
