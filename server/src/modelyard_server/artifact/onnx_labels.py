"""The names of a classifier's classes, out of its ONNX file.

Exports of scikit-learn, XGBoost and LightGBM keep them as attributes of the classifying operator (ZipMap,
TreeEnsembleClassifier, LinearClassifier, SVMClassifier: https://onnx.ai/onnx/operators/) or as the constant
that ArrayFeatureExtractor picks the winner from. ONNX Runtime shows neither, and the onnx package is too
large for the image, so the few fields are read from the protocol buffer itself
(https://github.com/onnx/onnx/blob/main/onnx/onnx.proto, https://protobuf.dev/programming-guides/encoding/).
"""

import mmap
from collections.abc import Iterator
from pathlib import Path

import numpy as np

Field = tuple[int, int | memoryview]
"""A field's number and its value: a whole number, or the bytes of anything longer."""

_GRAPH, _NODE, _INITIALIZER = 7, 1, 5
_NODE_INPUT, _OP_TYPE, _ATTRIBUTE = 1, 4, 5
_ATTRIBUTE_NAME, _INTS, _STRINGS = 1, 8, 9
_STRING_DATA, _INT64_DATA, _TENSOR_NAME, _RAW_DATA, _DATA_TYPE = 6, 7, 8, 9, 2
_INT64 = 7
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5


def class_labels(path: Path, count: int | None = None) -> tuple[str, ...] | None:
    """Find the classes' names.

    Args:
        path: An ONNX file.
        count: How many there must be; None: any number.

    Returns:
        Them in the order of the model's probabilities, numbers as texts; None: the file does not tell.
    """
    if path.stat().st_size == 0:
        return None
    with path.open("rb") as file:
        # Mapped until the last view of it goes: forests have gigabytes, of which little is looked at.
        model = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    try:
        found = [labels for labels in _candidates(model) if count in {None, len(labels)}]
    except (IndexError, ValueError):
        # ONNX Runtime has loaded the file: what it reads and this does not, tells no labels.
        return None
    # Of an ensemble's many, the last is the ensemble's own.
    return found[-1] if found else None


def _candidates(model: memoryview) -> Iterator[tuple[str, ...]]:
    graphs = [value for number, value in _fields(model) if number == _GRAPH]
    for graph in graphs:
        constants: dict[bytes, memoryview] = {}
        nodes = []
        for number, value in _fields(_view(graph)):
            if number == _INITIALIZER:
                constants[_name(_view(value), _TENSOR_NAME)] = _view(value)
            elif number == _NODE:
                nodes.append(_view(value))
        for node in nodes:
            labels = _of_node(node, constants)
            if labels:
                yield labels


def _of_node(node: memoryview, constants: dict[bytes, memoryview]) -> tuple[str, ...]:
    fields = list(_fields(node))
    for number, value in fields:
        if number == _ATTRIBUTE and _name(_view(value), _ATTRIBUTE_NAME).startswith(b"classlabels_"):
            return _values(_view(value), _INTS, _STRINGS)
    inputs = [bytes(_view(value)) for number, value in fields if number == _NODE_INPUT]
    if _name(node, _OP_TYPE) == b"ArrayFeatureExtractor" and inputs and inputs[0] in constants:
        return _of_tensor(constants[inputs[0]])
    return ()


def _of_tensor(tensor: memoryview) -> tuple[str, ...]:
    raw, data_type = b"", 0
    for number, value in _fields(tensor):
        if number == _RAW_DATA:
            raw = bytes(_view(value))
        elif number == _DATA_TYPE and isinstance(value, int):
            data_type = value
    if raw and data_type == _INT64:
        return tuple(str(value) for value in np.frombuffer(raw, dtype="<i8"))
    return _values(tensor, _INT64_DATA, _STRING_DATA)


def _values(message: memoryview, numbers: int, texts: int) -> tuple[str, ...]:
    """The values of two repeated fields; numbers come one by one or packed."""
    found: list[str] = []
    for number, value in _fields(message):
        if number == texts:
            found.append(bytes(_view(value)).decode(errors="replace"))
        elif number == numbers and isinstance(value, int):
            found.append(str(_signed(value)))
        elif number == numbers:
            position, packed = 0, _view(value)
            while position < len(packed):
                integer, position = _varint(packed, position)
                found.append(str(_signed(integer)))
    return tuple(found)


def _name(message: memoryview, field: int) -> bytes:
    return next((bytes(_view(value)) for number, value in _fields(message) if number == field), b"")


def _fields(message: memoryview) -> Iterator[Field]:
    position = 0
    while position < len(message):
        key, position = _varint(message, position)
        kind = key & 7
        if kind == _VARINT:
            value, position = _varint(message, position)
            yield key >> 3, value
            continue
        size = {_FIXED64: 8, _FIXED32: 4}.get(kind)
        if size is None:
            if kind != _BYTES:
                raise ValueError(f"a field of kind {kind}")
            size, position = _varint(message, position)
        yield key >> 3, message[position : position + size]
        position += size


def _varint(data: memoryview, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
        shift += 7


def _signed(value: int) -> int:
    return value - (1 << 64) if value >= 1 << 63 else value


def _view(value: int | memoryview) -> memoryview:
    if isinstance(value, int):
        raise ValueError("a number where bytes belong")  # noqa: TRY004 - a broken file, as every other fault here
    return value
