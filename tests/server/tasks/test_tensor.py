import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from modelyard_server.engines.base import Array, EngineError, Signature, TensorSpec
from modelyard_server.tasks.base import Item, Limits
from modelyard_server.tasks.tensor import TensorTask

LIMITS = Limits(max_items=10, max_item_bytes=1000)
FLOAT = np.dtype(np.float32)
TASK = TensorTask(
    Signature((TensorSpec("x", FLOAT, (None, 2)),), (TensorSpec("y", FLOAT, (None, 2)),), {}), LIMITS
)

arrays = hnp.arrays(
    dtype=st.sampled_from([np.dtype(np.int64), np.dtype(np.int32), FLOAT]),
    shape=hnp.array_shapes(max_dims=2, max_side=3),
    elements={"min_value": 0, "max_value": 3},
)
words = st.lists(st.text(max_size=3), min_size=1, max_size=3).map(lambda texts: np.array(texts, dtype=object))
rows = st.lists(arrays | words, min_size=1, max_size=3).map(tuple)


def equal(first: tuple[Array, ...], second: tuple[Array, ...]) -> bool:
    return len(first) == len(second) and all(
        one.dtype == other.dtype and one.shape == other.shape and one.tolist() == other.tolist()
        for one, other in zip(first, second, strict=True)
    )


@given(first=rows, second=rows)
def test_rows_have_equal_canonical_bytes_only_if_they_are_equal(
    first: tuple[Array, ...], second: tuple[Array, ...]
) -> None:
    assert (TASK.canonical(first) == TASK.canonical(second)) == equal(first, second)


def test_a_row_in_another_memory_order_is_the_same_row() -> None:
    row = np.arange(6, dtype=np.float32).reshape(2, 3)

    assert TASK.canonical((row,)) == TASK.canonical((np.asfortranarray(row),))


@pytest.mark.parametrize(
    ("inputs", "outputs", "by_row", "fixed"),
    [
        ([(None, 2)], [(None, 2)], True, None),
        ([(None,), (None, 3)], [(None,)], True, None),
        ([(None, 2)], [()], True, None),
        ([(1, 2)], [(1, 3)], True, 1),
        ([(4, 2)], [(4,)], False, 1),
        ([(None, 2)], [(1, 2)], False, 1),
        ([(2,)], [(3,)], False, 1),
        ([()], [()], False, 1),
    ],
)
def test_which_models_take_rows(
    inputs: list[tuple[int | None, ...]],
    outputs: list[tuple[int | None, ...]],
    by_row: bool,
    fixed: int | None,
) -> None:
    signature = Signature(
        tuple(TensorSpec(f"x{index}", FLOAT, shape) for index, shape in enumerate(inputs)),
        tuple(TensorSpec(f"y{index}", FLOAT, shape) for index, shape in enumerate(outputs)),
        {},
    )
    task = TensorTask(signature, LIMITS)

    assert task._by_row is by_row
    assert task.fixed_batch == fixed


def test_an_output_that_does_not_follow_the_batch_is_told() -> None:
    items = [Item((np.zeros(2, np.float32),))] * 2
    with pytest.raises(EngineError, match="first dimension must be the batch"):
        TASK.decode(TASK.prepare(items), {"y": np.zeros((1, 2), np.float32)})


def test_floats_keep_the_short_form_of_their_type() -> None:
    [answer] = TASK.decode(
        TASK.prepare([Item((np.zeros(2, np.float32),))]),
        {"y": np.array([0.1], np.float32), "z": np.array([[0.1, np.nan]], np.float32)},
    )

    assert answer.fragment == b'{"y":0.1,"z":[0.1,null]}'
