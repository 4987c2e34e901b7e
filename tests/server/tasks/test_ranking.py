"""Few and many classes are ranked alike."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelyard_server.artifact.manifest import Activation
from modelyard_server.tasks.ranking import DECIMALS, FEW, rank, rank_few, rank_many

rows = st.integers(1, 6).flatmap(
    lambda width: st.lists(
        st.lists(st.floats(-1e4, 1e4, width=32), min_size=width, max_size=width), min_size=1, max_size=4
    )
)


@given(rows=rows, activation=st.sampled_from(Activation))
def test_few_and_many_classes_get_the_same_scores_in_falling_order(
    rows: list[list[float]], activation: Activation
) -> None:
    logits = np.array(rows, dtype=np.float32)
    for few, many in zip(rank_few(logits, activation), rank_many(logits, activation), strict=True):
        falling = [score for _, score in few]
        assert falling == sorted(falling, reverse=True)
        assert sorted(index for index, _ in few) == list(range(logits.shape[1]))
        # The last decimal may be rounded the other way.
        assert falling == pytest.approx([score for _, score in many], abs=2 * 10**-DECIMALS)


@pytest.mark.parametrize("ranked", [rank_few, rank_many])
def test_equal_scores_keep_the_order_of_the_classes(ranked: object) -> None:
    logits = np.array([[1, 2, 1, 2]], dtype=np.float32)
    assert callable(ranked)
    assert [index for index, _ in next(ranked(logits, Activation.NONE))] == [1, 3, 0, 2]


@pytest.mark.parametrize("classes", [2, FEW, FEW + 1, 1000])
def test_scores_of_a_softmax_sum_to_one(classes: int) -> None:
    logits = np.linspace(-800, 800, classes, dtype=np.float32)[None]
    [ranking] = rank(logits, Activation.SOFTMAX)
    assert sum(score for _, score in ranking) == pytest.approx(1, abs=classes * 10**-DECIMALS)
