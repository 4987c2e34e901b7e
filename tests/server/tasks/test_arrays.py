from typing import Any

import numpy as np
import pytest

from modelyard_server.errors import InvalidRequestError
from modelyard_server.tasks.arrays import to_array


@pytest.mark.parametrize(
    ("value", "dtype", "expected"),
    [
        ([1, 2.5], "float32", [1.0, 2.5]),
        ([1.0, 2.0], "int64", [1, 2]),
        ([[1], [2]], "uint8", [[1], [2]]),
        ([True, False], "bool", [True, False]),
        (3, "int32", 3),
        (["a", "ß"], "object", ["a", "ß"]),
        ("a", "object", "a"),
    ],
)
def test_values_that_fit(value: Any, dtype: str, expected: Any) -> None:
    array = to_array(value, np.dtype(dtype), ("body",))

    assert array.dtype == np.dtype(dtype)
    assert array.tolist() == expected


@pytest.mark.parametrize(
    ("value", "dtype", "says"),
    [
        ([1.5], "int64", "whole numbers"),
        ([256], "uint8", "from 0 to 255"),
        ([-1], "uint64", "from 0 to"),
        ([10**30], "int64", "whole numbers only"),
        ([1e39], "float32", "too large for float32"),
        ([1e5], "float16", "too large for float16"),
        ([1], "bool", "true or false"),
        ([True], "float32", "numbers only"),
        (["1"], "float32", "numbers only"),
        ([None], "float32", "numbers only"),
        ({"a": 1}, "float32", "numbers only"),
        ([1], "object", "strings only"),
        ([[1, 2], [3]], "float32", "same length"),
        ([["a"], ["b", "c"]], "object", "strings only"),
        ([], "float32", "empty"),
        ([], "object", "empty"),
    ],
)
def test_values_that_do_not_fit(value: Any, dtype: str, says: str) -> None:
    with pytest.raises(InvalidRequestError, match=says):
        to_array(value, np.dtype(dtype), ("body",))


@pytest.mark.parametrize(
    ("value", "dtype"),
    [([0, 2**64 - 1], np.uint64), ([[-(2**63)], [2**63 - 1]], np.int64), ([2.0, 2**63 - 1], np.int64)],
)
def test_whole_numbers_of_64_bits_are_exact(value: list[Any], dtype: Any) -> None:
    assert to_array(value, np.dtype(dtype), ("x",)).tolist() == value


@pytest.mark.parametrize(
    ("value", "dtype"), [([0.0, 2.0**64], np.uint64), ([1.0, 2**63], np.int64), ([-1, 2**63], np.uint64)]
)
def test_whole_numbers_beyond_64_bits_are_refused(value: list[Any], dtype: Any) -> None:
    with pytest.raises(InvalidRequestError, match="must hold numbers from"):
        to_array(value, np.dtype(dtype), ("x",))
