"""How far the answers of two forms of a model, or of two batches, are from each other."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from modelyard_server.tasks.base import Answer


@dataclass(frozen=True, slots=True)
class Difference:
    """How two sets of answers to the same items differ.

    Attributes:
        flips: Share of the items that are answered otherwise: another first label, number of entries, text
            or whole number.
        shift: Most by which a score or another real number differs; numbers beyond 1 relative to their size.
    """

    flips: float = 0.0
    shift: float = 0.0

    def worst(self, other: "Difference") -> "Difference":
        """The larger of each."""
        return Difference(max(self.flips, other.flips), max(self.shift, other.shift))


def compare(first: Sequence[bytes], second: Sequence[bytes]) -> Difference:
    """Compare answers (`Answer.fragment`) item by item; both have the same length."""
    pairs = [
        _differ(orjson.loads(one), orjson.loads(other)) for one, other in zip(first, second, strict=True)
    ]
    if not pairs:
        return Difference()
    return Difference(
        flips=sum(flipped for flipped, _ in pairs) / len(pairs), shift=max(shift for _, shift in pairs)
    )


def fragments(answers: Sequence[Answer]) -> list[bytes]:
    """The answers' JSON."""
    return [answer.fragment for answer in answers]


def _differ(one: Any, other: Any) -> tuple[bool, float]:
    if isinstance(one, float) and isinstance(other, float):
        return False, abs(one - other) / max(1.0, abs(one), abs(other))
    if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
        return _worst([_differ(value, other[key]) for key, value in one.items()])
    if isinstance(one, list) and isinstance(other, list):
        if _is_ranking(one) and _is_ranking(other):
            return _differ_rankings(one, other)
        if len(one) == len(other):
            return _worst([_differ(left, right) for left, right in zip(one, other, strict=True)])
    return one != other, 0.0


def _is_ranking(value: list[Any]) -> bool:
    return all(isinstance(entry, dict) and entry.keys() == {"label", "score"} for entry in value)


def _differ_rankings(one: list[Any], other: list[Any]) -> tuple[bool, float]:
    # The order of labels that nobody would choose says nothing; the first one is the answer.
    scores = {entry["label"]: entry["score"] for entry in other}
    shifts = [abs(entry["score"] - scores[entry["label"]]) for entry in one if entry["label"] in scores]
    first, second = ([entry["label"] for entry in ranking[:1]] for ranking in (one, other))
    return first != second, max(shifts, default=0.0)


def _worst(found: Sequence[tuple[bool, float]]) -> tuple[bool, float]:
    return any(flipped for flipped, _ in found), max((shift for _, shift in found), default=0.0)
