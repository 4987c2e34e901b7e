"""V2 requests as JSON with bytes behind it, and the hostile ones among them."""

import base64
import json
import struct
from typing import Any

import numpy as np
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelyard_server.errors import InvalidRequestError
from modelyard_server.tasks.v2 import DTYPES, V2Tensor
from modelyard_server.tasks.v2_json import read_call, write_answer


def raw_input(name: str, shape: Any, datatype: Any, size: Any) -> dict[str, Any]:
    return {"name": name, "shape": shape, "datatype": datatype, "parameters": {"binary_data_size": size}}


def body(content: Any, tail: bytes = b"") -> tuple[bytes, int]:
    head = json.dumps(content).encode()
    return head + tail, len(head)


def message(content: Any, tail: bytes = b"", length: int | None = None) -> str:
    sent, own = body(content, tail)
    with pytest.raises(InvalidRequestError) as refused:
        read_call(sent, own if length is None else length)
    return refused.value.message


PLAIN = {"name": "p", "shape": [2], "datatype": "INT32", "data": [1, 2]}


def test_json_and_bytes_side_by_side() -> None:
    tail = struct.pack("<2f", 1.5, -2) + struct.pack("<I", 3) + b"\xff\x00a"
    sent, length = body(
        {
            "id": "7",
            "inputs": [raw_input("x", [2], "FP32", 8), PLAIN, raw_input("t", [1], "BYTES", 7)],
            "outputs": [{"name": "o", "parameters": {"binary_data": True}}, {"name": "q"}],
            "parameters": {"top_k": 1, "binary_data_output": False, "timeout": 1500, "priority": 3},
        },
        tail,
    )
    call = read_call(sent, length)

    assert call.id == "7"
    assert {name: tensor.array.tolist() for name, tensor in call.request.inputs.items()} == {
        "x": [1.5, -2.0],
        "p": [1, 2],
        "t": [b"\xff\x00a"],
    }
    assert call.request.parameters == {"top_k": 1}
    assert call.timeout == 0.0015
    q = V2Tensor("q", np.array([1], dtype=np.int8))
    o = V2Tensor("o", np.array([2], dtype=np.int16))
    assert call.select([q, o]) == [(o, True), (q, False)]
    assert write_answer({"model_name": "m"}, call.select([q, o])) == (
        b'{"model_name":"m","outputs":[{"name":"o","shape":[1],"datatype":"INT16",'
        b'"parameters":{"binary_data_size":2}},{"name":"q","shape":[1],"datatype":"INT8","data":[1]}]}\x02\x00',
        164,
    )


def test_base64_where_the_tensor_says_so() -> None:
    tensor = {
        "name": "t",
        "shape": [1],
        "datatype": "BYTES",
        "data": [base64.b64encode(b"\xff\xd8").decode()],
    }
    plain = read_call(orjson.dumps({"inputs": [tensor]}))
    decoded = read_call(orjson.dumps({"inputs": [{**tensor, "parameters": {"content_type": "base64"}}]}))

    assert plain.request.inputs["t"].array.tolist() == [b"/9g="]
    assert decoded.request.inputs["t"].array.tolist() == [b"\xff\xd8"]
    broken = {**tensor, "data": ["/9g"], "parameters": {"content_type": "base64"}}
    assert "body.inputs.0.data.0: the value is not base64" in message({"inputs": [broken]})


@pytest.mark.parametrize(
    ("content", "tail", "length", "says"),
    [
        ({"inputs": [raw_input("x", [2], "FP32", 8)]}, b"1234", None, "is 8, but 4 bytes are left"),
        (
            {"inputs": [raw_input("x", [1], "FP32", 4)]},
            b"12345",
            None,
            "1 bytes behind the JSON belong to no",
        ),
        ({"inputs": [PLAIN]}, b"1", None, "1 bytes behind the JSON belong to no tensor"),
        ({"inputs": [raw_input("x", [1], "FP32", 2**70)]}, b"1234", None, "must be a whole number"),
        ({"inputs": [raw_input("x", [1], "FP32", 2**62)]}, b"1234", None, "is 4611686018427387904, but 4"),
        ({"inputs": [raw_input("x", [1], "FP32", -4)]}, b"1234", None, "0 or more"),
        ({"inputs": [raw_input("x", [1], "FP32", True)]}, b"1234", None, "0 or more"),
        ({"inputs": [raw_input("x", [1], "FP32", "4")]}, b"1234", None, "0 or more"),
        ({"inputs": [{**raw_input("x", [1], "FP32", 4), "data": [1]}]}, b"1234", None, "not both"),
        ({"inputs": [raw_input("x", [2**40], "FP32", 4)]}, b"1234", None, "the data has 4"),
        (
            {"inputs": [raw_input("x", [1], "FP32", 4), raw_input("x", [1], "FP32", 4)]},
            b"12345678",
            None,
            "same",
        ),
        ({"inputs": [PLAIN]}, b"", 10**9, "the body has"),
        ({"inputs": [PLAIN]}, b"", 0, "not JSON"),
        ({"inputs": [PLAIN]}, b"", 5, "not JSON"),
        ({"inputs": [{**PLAIN, "shape": [2] * 100_000}]}, b"", None, "100,000 dimensions"),
        ({"inputs": [{**PLAIN, "shape": [2**63 - 1] * 32}]}, b"", None, "the data has 2"),
        ({"inputs": [{**PLAIN, "data": [[1], 2]}]}, b"", None, "nested deeper"),
        ({"inputs": [{**PLAIN, "shape": [2, 1], "data": [[1], 2]}]}, b"", None, "side by side"),
        ({"inputs": [{**PLAIN, "parameters": 7}]}, b"", None, "must be an object"),
        ({"inputs": [{**PLAIN, "parameters": {"shared_memory_region": "x"}}]}, b"", None, "shares no memory"),
        ({"inputs": [PLAIN], "outputs": [7]}, b"", None, "an output is an object"),
        ({"inputs": [PLAIN], "outputs": [{}]}, b"", None, "needs 'name'"),
        (
            {"inputs": [PLAIN], "outputs": [{"name": "o", "parameters": {"binary_data": 1}}]},
            b"",
            None,
            "true or",
        ),
        ({"inputs": [PLAIN], "parameters": {"binary_data_output": 1}}, b"", None, "true or false"),
        ({"inputs": [PLAIN], "parameters": {"timeout": -1}}, b"", None, "microseconds"),
        ({"inputs": []}, b"", None, "give a list of tensors"),
        ({"inputs": {}}, b"", None, "give a list of tensors"),
    ],
)
def test_what_does_not_fit_is_refused(content: Any, tail: bytes, length: int | None, says: str) -> None:
    assert says in message(content, tail, length)


def test_lists_nested_without_end() -> None:
    deep = (
        b'{"inputs":[{"name":"x","shape":[1],"datatype":"FP32","data":'
        + b"[" * 900
        + b"1"
        + b"]" * 900
        + b"}]}"
    )

    with pytest.raises(InvalidRequestError, match="nested deeper"):
        read_call(deep)


def test_an_output_named_twice() -> None:
    call = read_call(orjson.dumps({"inputs": [PLAIN], "outputs": [{"name": "o"}, {"name": "o"}]}))

    with pytest.raises(InvalidRequestError, match="twice"):
        call.select([V2Tensor("o", np.array([1]))])


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64)
    | st.floats(allow_nan=False)
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
sizes = st.integers(-2, 5) | st.sampled_from([2**31, 2**40, 2**63, -(2**63)])
entries = st.fixed_dictionaries(
    {},
    optional={
        "name": st.sampled_from(["a", "b", ""]) | json_values,
        "shape": st.lists(sizes, max_size=4) | json_values,
        "datatype": st.sampled_from([*DTYPES, "BF16", "FP8"]) | json_values,
        "data": st.lists(st.integers(-1, 300) | st.booleans() | st.text(max_size=3), max_size=6)
        | json_values,
        "parameters": st.fixed_dictionaries({}, optional={"binary_data_size": sizes | json_values})
        | json_values,
    },
)
contents = st.fixed_dictionaries(
    {},
    optional={
        "id": st.text(max_size=3) | json_values,
        "inputs": st.lists(entries, max_size=3) | json_values,
        "outputs": st.lists(entries, max_size=2) | json_values,
        "parameters": json_values,
    },
)


@given(contents, st.binary(max_size=40), st.integers(-5, 5))
def test_any_content_is_read_or_refused(content: Any, tail: bytes, shift: int) -> None:
    sent, length = body(content, tail)
    try:
        call = read_call(sent, max(0, length + shift))
    except InvalidRequestError as error:
        assert error.message
        return
    for name, tensor in call.request.inputs.items():
        assert tensor.name == name
        assert tensor.array.size > 0


@given(st.binary(max_size=200), st.none() | st.integers(0, 300))
def test_any_bytes_are_read_or_refused(sent: bytes, length: int | None) -> None:
    with pytest.raises(InvalidRequestError):
        read_call(sent, length)
