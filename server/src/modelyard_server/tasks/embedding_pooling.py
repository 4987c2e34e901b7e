"""Vectors of tokens as the vector of a text, as sentence-transformers makes them.

https://github.com/UKPLab/sentence-transformers: Pooling and Normalize. A text is pooled over its own tokens
alone, so padding never enters the arithmetic.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from modelyard_server.artifact.embedding_section import Pooling
from modelyard_server.engines.base import Array

_SMALLEST_LENGTH = 1e-12
"""As torch.nn.functional.normalize: a vector of zeros stays one."""


def pool(tokens: Array, modes: Sequence[Pooling]) -> Array:
    """Make one vector of a text's tokens.

    Args:
        tokens: Float32 [tokens, width], at least one token, without padding.
        modes: How; the vectors of several are put together.

    Returns:
        Float32 [width x modes].
    """
    vectors = [_MODES[mode](tokens) for mode in modes]
    return vectors[0] if len(vectors) == 1 else np.concatenate(vectors)


def normalized(vectors: Array) -> Array:
    """Vectors [batch, width] scaled to length 1."""
    lengths = np.sqrt(np.einsum("ij,ij->i", vectors, vectors))
    scaled: Array = vectors / np.maximum(lengths, _SMALLEST_LENGTH)[:, None]
    return scaled


def _weighted_mean(tokens: Array) -> Array:
    weights = np.arange(1, len(tokens) + 1, dtype=np.float32)
    mean: Array = np.einsum("t,td->d", weights, tokens) / weights.sum()
    return mean


_MODES: Mapping[Pooling, Callable[[Array], Array]] = {
    Pooling.CLS: lambda tokens: tokens[0],
    Pooling.LAST: lambda tokens: tokens[-1],
    Pooling.MAX: lambda tokens: tokens.max(axis=0),
    Pooling.MEAN: lambda tokens: tokens.mean(axis=0),
    Pooling.MEAN_SQRT_LEN: lambda tokens: tokens.sum(axis=0) / np.float32(np.sqrt(len(tokens))),
    Pooling.WEIGHTED_MEAN: _weighted_mean,
}
