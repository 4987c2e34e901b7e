"""Held against sentence-transformers 6.2: its own Pooling made the vectors in the JSON file."""

import json
from pathlib import Path

import numpy as np
import pytest

from modelyard_server.artifact.embedding_section import Pooling
from modelyard_server.tasks.embedding_pooling import normalized, pool

RECORDED = json.loads(Path(__file__).with_name("sentence_transformers_pooling.json").read_text())


def test_every_mode_is_recorded() -> None:
    assert set(RECORDED["pooled"]) == set(Pooling)


@pytest.mark.parametrize("mode", Pooling)
def test_pools_as_sentence_transformers_does(mode: Pooling) -> None:
    tokens = np.array(RECORDED["tokens"], dtype=np.float32)

    pooled = [pool(row[:count], [mode]) for row, count in zip(tokens, RECORDED["counts"], strict=True)]

    np.testing.assert_allclose(pooled, RECORDED["pooled"][mode], atol=2e-6)
    assert all(vector.dtype == np.float32 for vector in pooled)


def test_vectors_of_several_modes_are_put_together() -> None:
    tokens = np.array([[1, 5], [3, 1]], dtype=np.float32)

    assert pool(tokens, [Pooling.CLS, Pooling.MEAN]).tolist() == [1, 5, 2, 3]


def test_lengths_become_one_and_zeros_stay() -> None:
    vectors = normalized(np.array([[3, 4], [0, 0]], dtype=np.float32))

    np.testing.assert_allclose(vectors, [[0.6, 0.8], [0, 0]], atol=1e-7)
