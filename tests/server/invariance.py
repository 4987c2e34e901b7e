"""An answer never depends on its batch: the check for every task, engine and form of a model."""

import random
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import orjson

from modelyard_server.model import Model
from modelyard_server.tasks.base import Answer, Item

TOLERANCE = 1e-3


def assert_batch_invariant(
    model: Model, values: Sequence[Any], same: Callable[[Any, Any], bool], parameters: Any = None
) -> None:
    """Each item's answer is the same alone, in batches of 32, and in two shuffles of them.

    Args:
        model: The model.
        values: Items.
        same: Whether two entries of `predictions` are the same answer.
        parameters: What the request of each item asks for besides.
    """
    items = [Item(value, parameters) for value in values]
    alone = [answer for item in items for answer in model.run([item])]
    _compare(alone, _batched(model, items, range(len(items))), same)
    for seed in (1, 2):
        order = list(range(len(items)))
        random.Random(seed).shuffle(order)
        _compare(alone, _batched(model, items, order), same)


def same_labels(first: list[dict[str, Any]], second: list[dict[str, Any]]) -> bool:
    """Equal labels in equal order, with scores within the tolerance."""
    return [entry["label"] for entry in first] == [entry["label"] for entry in second] and all(
        abs(one["score"] - other["score"]) <= TOLERANCE for one, other in zip(first, second, strict=True)
    )


def same_vector(first: list[float], second: list[float]) -> bool:
    """Vectors of one direction, each number within the tolerance."""
    one, other = np.array(first), np.array(second)
    likeness = one @ other / (np.linalg.norm(one) * np.linalg.norm(other))
    return one.shape == other.shape and bool(
        likeness >= 1 - TOLERANCE and np.abs(one - other).max() <= TOLERANCE
    )


def same_value(first: dict[str, Any], second: dict[str, Any]) -> bool:
    """Equal numbers, each within the tolerance of its size."""
    one, other = np.array(first["value"]), np.array(second["value"])
    return bool(np.all(np.abs(one - other) <= TOLERANCE * np.maximum(np.abs(one), 1)))


def _batched(model: Model, items: Sequence[Item], order: Sequence[int]) -> list[Answer]:
    answers: dict[int, Answer] = {}
    for start in range(0, len(order), 32):
        part = order[start : start + 32]
        answers.update(zip(part, model.run([items[index] for index in part]), strict=True))
    return [answers[index] for index in range(len(items))]


def _compare(first: Sequence[Answer], second: Sequence[Answer], same: Callable[[Any, Any], bool]) -> None:
    assert len(first) == len(second)
    for index, (one, other) in enumerate(zip(first, second, strict=True)):
        assert same(orjson.loads(one.fragment), orjson.loads(other.fragment)), index
        assert one.truncated == other.truncated
