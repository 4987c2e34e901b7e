"""JSON values as numpy arrays of a wanted type, with nothing lost on the way unsaid."""

from typing import Any

import numpy as np

from modelyard_server.engines.base import Array
from modelyard_server.errors import InvalidRequestError

_WORDS = {"b": "true or false", "i": "whole numbers", "u": "whole numbers", "f": "numbers", "O": "strings"}


def to_array(value: Any, dtype: np.dtype[Any], loc: tuple[str | int, ...]) -> Array:
    """Turn nested JSON lists into an array.

    Args:
        value: Lists of lists, or one value.
        dtype: The type that the model takes; object for strings.
        loc: Where the value stands in the request.

    Raises:
        InvalidRequestError: The lists are ragged, or a value does not fit the type.
    """
    if dtype.kind == "O":
        return _strings(value, loc)
    try:
        raw = np.array(value)
    except (ValueError, OverflowError):
        raise InvalidRequestError(loc, "the lists must all have the same length at each level") from None
    if raw.size == 0:
        raise InvalidRequestError(loc, "the list is empty: give at least one value", "too_short")
    allowed = {"b": "b", "i": "iuf", "u": "iuf", "f": "iuf"}[dtype.kind]
    if raw.dtype.kind not in allowed:
        raise InvalidRequestError(loc, f"must hold {_WORDS[dtype.kind]} only ({dtype.name})")
    if dtype.kind in "iu":
        bounds = np.iinfo(dtype)
        if raw.dtype.kind == "f" and not np.array_equal(raw, np.floor(raw)):
            raise InvalidRequestError(loc, f"must hold whole numbers only ({dtype.name})")
        if raw.min() < bounds.min or raw.max() > bounds.max:
            raise InvalidRequestError(
                loc, f"must hold numbers from {bounds.min} to {bounds.max} ({dtype.name})"
            )
    with np.errstate(over="ignore"):
        array = raw.astype(dtype)
    # JSON has no infinity, so one that is there now stands for a number that the type can't hold.
    if dtype.kind == "f" and not np.isfinite(array).all():
        raise InvalidRequestError(loc, f"a number is too large for {dtype.name}")
    return array


def _strings(value: Any, loc: tuple[str | int, ...]) -> Array:
    try:
        array = np.array(value, dtype=object)
    except ValueError:
        raise InvalidRequestError(loc, "the lists must all have the same length at each level") from None
    if array.size == 0:
        raise InvalidRequestError(loc, "the list is empty: give at least one value", "too_short")
    if not all(isinstance(entry, str) for entry in array.flat):
        raise InvalidRequestError(loc, "must hold strings only")
    return array
