"""Raw tensors, and the hostile ones among them."""

import struct
import tracemalloc
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from modelyard_server.errors import InvalidRequestError
from modelyard_server.tasks.v2 import DTYPES, V2Request, V2Tensor
from modelyard_server.tasks.v2_binary import read_raw, write_raw, write_request
from modelyard_server.tasks.v2_json import read_call

NUMBERS = [dtype for dtype in DTYPES.values() if dtype.kind != "O"]
LOC = ("body", "inputs", 0)


def strings(*values: bytes) -> bytes:
    return b"".join(struct.pack("<I", len(value)) + value for value in values)


@given(
    st.sampled_from(NUMBERS).flatmap(
        lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=0, max_dims=3, max_side=4))
    )
)
def test_numbers_come_back_as_they_went(array: Any) -> None:
    datatype = next(name for name, dtype in DTYPES.items() if dtype == array.dtype)
    tensor = read_raw("x", datatype, array.shape, memoryview(write_raw(array)), LOC)

    assert tensor.datatype == datatype
    assert tensor.array.shape == array.shape
    np.testing.assert_array_equal(tensor.array, array)


@given(st.lists(st.binary(max_size=20), min_size=1, max_size=9))
def test_strings_come_back_as_they_went(values: list[bytes]) -> None:
    array = np.empty(len(values), dtype=object)
    array[:] = values
    raw = write_raw(array)

    assert raw == strings(*values)
    assert read_raw("x", "BYTES", [len(values), 1], memoryview(raw), LOC).array.ravel().tolist() == values


def test_a_request_comes_back_as_it_went() -> None:
    words = np.array([b"good film", b""], dtype=object)
    tensors = [V2Tensor("text", words), V2Tensor("weight", np.array([[0.5], [2.0]], dtype=np.float32))]
    body, head = write_request(V2Request({tensor.name: tensor for tensor in tensors}, {"top_k": 2}))

    request = read_call(body, head).request
    assert request.parameters == {"top_k": 2}
    assert list(request.inputs) == ["text", "weight"]
    for tensor in tensors:
        np.testing.assert_array_equal(request.inputs[tensor.name].array, tensor.array)


def test_a_bfloat16_becomes_a_single() -> None:
    raw = struct.pack("<3H", 0x3FC0, 0xC000, 0x7F80)
    array = read_raw("x", "BF16", [3], memoryview(raw), LOC).array

    assert array.dtype == np.float32
    assert array.tolist() == [1.5, -2.0, float("inf")]


@pytest.mark.parametrize(
    ("datatype", "shape", "raw", "says"),
    [
        ("FP32", [2], b"1234", "asks for 8 bytes, the data has 4"),
        ("FP32", [1], b"12345678", "asks for 4 bytes, the data has 8"),
        ("FP32", [2**20, 2**20], b"1234", "asks for 4,398,046,511,104 bytes, the data has 4"),
        ("UINT8", [2**62, 2**62], b"1", "the data has 1"),
        ("FP32", [-1], b"1234", "whole numbers, 0 or more"),
        ("FP32", [2**63], b"1234", "whole numbers, 0 or more"),
        ("FP32", [True], b"1234", "whole numbers, 0 or more"),
        ("FP32", [1.0], b"1234", "whole numbers, 0 or more"),
        ("FP32", ["1"], b"1234", "whole numbers, 0 or more"),
        ("FP32", [0], b"", "the tensor is empty"),
        ("FP32", [0, 2**62], b"", "the tensor is empty"),
        ("FP32", [1] * 33, b"1234", "33 dimensions"),
        ("FP128", [1], b"1234", "no datatype 'FP128'"),
        ("BOOL", [2], b"\x00\x02", "0 or 1"),
        ("BYTES", [1], strings(b"a", b"b"), "5 bytes are left after the 1 values"),
        ("BYTES", [2], strings(b"abcd"), "the data ends before this value"),
        ("BYTES", [1], struct.pack("<I", 2**32 - 1) + b"abc", "says it has 4,294,967,295 bytes, 3 are left"),
        ("BYTES", [1], b"\x01\x00", "take 4 bytes or more; the data has 2"),
        ("BYTES", [2**40], strings(b"a"), "asks for 1,099,511,627,776 values"),
    ],
)
def test_what_does_not_fit_is_refused(datatype: str, shape: list[Any], raw: bytes, says: str) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(InvalidRequestError) as refused:
            read_raw("x", datatype, shape, memoryview(raw), LOC)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert says in refused.value.message
    assert refused.value.message.startswith("body.inputs.0.")
    assert peak < 1_000_000


@pytest.mark.parametrize("name", ["", "x" * 1001])
def test_a_name_that_is_none(name: str) -> None:
    with pytest.raises(InvalidRequestError, match="1 to 1,000 characters"):
        read_raw(name, "FP32", [1], memoryview(b"1234"), LOC)
