"""JSON values as numpy arrays of a wanted type, with nothing lost on the way unsaid, and back."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import orjson

from modelyard_server.engines.base import Array, TensorSpec
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
        if raw.dtype.kind == "f" and dtype.itemsize == 8:
            # numpy makes doubles of numbers on both sides of 2^63, and a double holds 53 bits of them.
            raw = np.vectorize(int, otypes=[object])(np.array(value, dtype=object))
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


def zeros(spec: TensorSpec, skip: int = 0) -> Array:
    """An array that fits `spec`, free dimensions being 1, without its first `skip` dimensions."""
    shape = [1 if size is None else size for size in spec.shape[skip:]]
    return np.full(shape, "", dtype=object) if spec.dtype == object else np.zeros(shape, dtype=spec.dtype)


def to_json(named: Mapping[str, Array]) -> bytes:
    """Arrays by name as a JSON object of nested lists."""
    plain = {name: _plain(np.asarray(value)) for name, value in named.items()}
    return orjson.dumps(plain, option=orjson.OPT_SERIALIZE_NUMPY)


def _plain(array: Array) -> Any:
    """What the JSON library takes; a float keeps the short form that its type has."""
    if array.ndim == 0 and array.dtype.kind == "f":
        return float(str(array))
    if array.ndim == 0 or array.dtype == object:
        return array.tolist()
    return np.ascontiguousarray(array)
