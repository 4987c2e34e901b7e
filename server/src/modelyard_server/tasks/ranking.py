"""From a model's outputs to scores in falling order."""

import math
from collections.abc import Iterable, Iterator

import numpy as np

from modelyard_server.artifact.manifest import Activation
from modelyard_server.engines.base import Array

# Six decimals tell more than fp32 arithmetic keeps, and half the bytes of a double's shortest form.
DECIMALS = 6

FEW = 32
"""Classes of which plain numbers are ranked sooner than arrays, whose calls cost more than what they do."""

Ranking = list[tuple[int, float]]
"""Indexes of classes with their scores, by falling score; equal scores keep the classes' order."""


def rank(logits: Array, activation: Activation) -> Iterable[Ranking]:
    """Turn outputs into scores and rank them, an item at a time.

    Args:
        logits: The model's output, of shape [batch, classes].
        activation: How outputs become scores.
    """
    return rank_few(logits, activation) if logits.shape[1] <= FEW else rank_many(logits, activation)


def rank_few(logits: Array, activation: Activation) -> Iterator[Ranking]:
    """Rank a few classes."""
    for values in logits.astype(np.float64).tolist():
        if activation == Activation.SOFTMAX:
            most = max(values)
            exponents = [math.exp(value - most) for value in values]
            total = sum(exponents)
            values = [exponent / total for exponent in exponents]  # noqa: PLW2901 - the same row, activated
        elif activation == Activation.SIGMOID:
            values = [0.5 * (1.0 + math.tanh(0.5 * value)) for value in values]  # noqa: PLW2901 - as above
        scores = [(index, round(value, DECIMALS)) for index, value in enumerate(values)]
        scores.sort(key=_falling)
        yield scores


def rank_many(logits: Array, activation: Activation) -> Iterator[Ranking]:
    """Rank many classes."""
    values = logits.astype(np.float64)
    if activation == Activation.SOFTMAX:
        exponents = np.exp(values - values.max(axis=1, keepdims=True))
        values = exponents / exponents.sum(axis=1, keepdims=True)
    elif activation == Activation.SIGMOID:
        values = 0.5 * (1.0 + np.tanh(0.5 * values))
    scores = values.round(DECIMALS)
    # Stable, so equal scores keep the labels' order whatever the batch.
    order = np.argsort(-scores, axis=1, kind="stable")
    ranked = np.take_along_axis(scores, order, axis=1)
    for indexes, row in zip(order.tolist(), ranked.tolist(), strict=True):
        yield list(zip(indexes, row, strict=True))


def _falling(entry: tuple[int, float]) -> float:
    return -entry[1]
