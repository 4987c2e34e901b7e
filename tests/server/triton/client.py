"""What users of tritonclient do. Runs in an environment of its own: `client.py TRANSPORT CASE ADDRESS`.

Each case is a function that takes the client's module and a client, and asserts.
"""

import asyncio
import importlib
import queue
import sys
from typing import Any

import ml_dtypes
import numpy as np
import other_tasks
from tritonclient.utils import InferenceServerException

TEXTS = ["awesome", "boring film", "good ünïcode \u2603"]
VALUES = {
    "BOOL": np.array([[True, False]]),
    "UINT8": np.array([[0, 255]], dtype=np.uint8),
    "UINT16": np.array([[0, 65535]], dtype=np.uint16),
    "UINT32": np.array([[0, 2**32 - 1]], dtype=np.uint32),
    "UINT64": np.array([[0, 2**64 - 1]], dtype=np.uint64),
    "INT8": np.array([[-128, 127]], dtype=np.int8),
    "INT16": np.array([[-(2**15), 2**15 - 1]], dtype=np.int16),
    "INT32": np.array([[-(2**31), 2**31 - 1]], dtype=np.int32),
    "INT64": np.array([[-(2**63), 2**63 - 1]], dtype=np.int64),
    "FP16": np.array([[0.5, -65504.0]], dtype=np.float16),
    "FP32": np.array([[1.5, -3.4e38]], dtype=np.float32),
    "FP64": np.array([[1e300, -2.0]], dtype=np.float64),
    "BYTES": np.array([["ä".encode(), b""]], dtype=object),
}


def texts(t: Any, **how: Any) -> list[Any]:
    tensor = t.InferInput("text", [len(TEXTS)], "BYTES")
    tensor.set_data_from_numpy(np.array([text.encode() for text in TEXTS], dtype=object), **how)
    return [tensor]


def check_labels(result: Any) -> None:
    labels = result.as_numpy("labels")
    assert labels.shape == (3, 2), labels
    assert [row[0] if isinstance(row[0], str) else row[0].decode() for row in labels] == [
        "POSITIVE",
        "NEGATIVE",
        "POSITIVE",
    ], labels
    scores = result.as_numpy("scores")
    assert scores.dtype == np.float32
    assert scores.shape == (3, 2)
    assert np.allclose(scores.sum(axis=1), 1, atol=1e-5)


def tensors(t: Any, values: dict[str, Any], **how: Any) -> list[Any]:
    made = []
    for name, value in values.items():
        tensor = t.InferInput(name, list(value.shape), name)
        tensor.set_data_from_numpy(value, **how)
        made.append(tensor)
    return made


def check_equal(result: Any, values: dict[str, Any]) -> None:
    for name, value in values.items():
        got = result.as_numpy(f"{name}_out")
        assert got.shape == value.shape, (name, got)
        if name == "BYTES":
            got = np.vectorize(lambda one: one.encode() if isinstance(one, str) else one, otypes=[object])(
                got
            )
        assert got.dtype == value.dtype, (name, got.dtype)
        assert (got == value).all(), (name, got, value)


def refusal(call: Any) -> InferenceServerException:
    try:
        call()
    except InferenceServerException as error:
        return error
    raise AssertionError("it was not refused")


# --- texts ---------------------------------------------------------------------------------------
def text_health_and_metadata(t: Any, client: Any) -> None:
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready("sentiment")
    assert client.is_model_ready("sentiment", "r1")
    server = client.get_server_metadata(**as_json(t))
    assert server["name"] == "modelyard"
    model = client.get_model_metadata("sentiment", "r1", **as_json(t))
    assert model["name"] == "sentiment"
    assert model["versions"] == ["r1"]
    assert [tensor["name"] for tensor in model["inputs"]] == ["text"]
    assert [tensor["name"] for tensor in model["outputs"]] == ["labels", "scores"]
    assert [int(size) for size in model["outputs"][0]["shape"]] == [-1, -1]


def text_binary(t: Any, client: Any) -> None:
    result = client.infer("sentiment", texts(t), request_id="mine", model_version="r1")
    check_labels(result)
    response = result.get_response()
    assert (response["id"] if isinstance(response, dict) else response.id) == "mine"


def text_chosen_outputs(t: Any, client: Any) -> None:
    result = client.infer("sentiment", texts(t), outputs=[t.InferRequestedOutput("scores")])
    assert result.as_numpy("scores").shape == (3, 2)
    assert result.as_numpy("labels") is None


def text_parameters(t: Any, client: Any) -> None:
    result = client.infer("sentiment", texts(t), parameters={"top_k": 1}, timeout=5_000_000, priority=1)
    assert result.as_numpy("labels").shape == (3, 1)


def text_errors(t: Any, client: Any) -> None:
    http = t.__name__.endswith("http")
    error = refusal(lambda: client.infer("other", texts(t)))
    assert "this server has 'sentiment'" in error.message()
    assert error.status() == ("404" if http else "StatusCode.NOT_FOUND")
    error = refusal(lambda: client.infer("sentiment", texts(t), model_version="7"))
    assert error.status() == ("404" if http else "StatusCode.NOT_FOUND")
    wrong = t.InferInput("text", [1], "FP32")
    wrong.set_data_from_numpy(np.array([1], dtype=np.float32))
    error = refusal(lambda: client.infer("sentiment", [wrong]))
    assert "must be BYTES" in error.message()
    assert error.status() == ("400" if http else "StatusCode.INVALID_ARGUMENT")
    error = refusal(lambda: client.infer("sentiment", texts(t), outputs=[t.InferRequestedOutput("nothing")]))
    assert "no output 'nothing'" in error.message()
    error = refusal(
        lambda: client.infer("sentiment", texts(t), outputs=[t.InferRequestedOutput("labels", class_count=2)])
    )
    assert "classification" in error.message()
    error = refusal(lambda: client.infer("sentiment", texts(t), parameters={"k": 1}))
    assert "no parameter 'k'" in error.message()


def http_text_json(t: Any, client: Any) -> None:
    check_labels(
        client.infer(
            "sentiment",
            texts(t, binary_data=False),
            outputs=[
                t.InferRequestedOutput("labels", binary_data=False),
                t.InferRequestedOutput("scores", binary_data=False),
            ],
        )
    )


def http_text_mixed(t: Any, client: Any) -> None:
    check_labels(
        client.infer(
            "sentiment",
            texts(t, binary_data=False),
            outputs=[
                t.InferRequestedOutput("scores", binary_data=True),
                t.InferRequestedOutput("labels", binary_data=False),
            ],
        )
    )


def http_text_json_in_binary_out(t: Any, client: Any) -> None:
    check_labels(client.infer("sentiment", texts(t, binary_data=False)))


def http_text_compressed(t: Any, client: Any) -> None:
    for algorithm in ("gzip", "deflate"):
        for binary in (True, False):
            check_labels(
                client.infer(
                    "sentiment",
                    texts(t, binary_data=binary),
                    request_compression_algorithm=algorithm,
                    response_compression_algorithm=algorithm,
                )
            )


def grpc_text_compressed(t: Any, client: Any) -> None:
    for algorithm in ("gzip", "deflate"):
        check_labels(client.infer("sentiment", texts(t), compression_algorithm=algorithm))


def http_text_async(t: Any, client: Any) -> None:
    for request in [client.async_infer("sentiment", texts(t)) for _ in range(8)]:
        check_labels(request.get_result())


def grpc_text_async(t: Any, client: Any) -> None:
    done: queue.Queue[Any] = queue.Queue()
    for _ in range(8):
        client.async_infer("sentiment", texts(t), lambda result, error: done.put(error or result))
    for _ in range(8):
        check_labels(done.get(timeout=30))


def text_aio(t: Any, client: Any) -> None:
    address = sys.argv[3]
    aio = importlib.import_module(f"{t.__name__}.aio")

    async def main() -> None:
        async with aio.InferenceServerClient(address) as many:
            for result in await asyncio.gather(*[many.infer("sentiment", texts(t)) for _ in range(8)]):
                check_labels(result)

    asyncio.run(main())


def grpc_text_deadline(t: Any, client: Any) -> None:
    error = refusal(lambda: client.infer("sentiment", texts(t), client_timeout=0.000_001))
    assert error.status() == "StatusCode.DEADLINE_EXCEEDED"


# --- tensors of every type -----------------------------------------------------------------------
def tensor_every_type(t: Any, client: Any) -> None:
    check_equal(client.infer("sentiment", tensors(t, VALUES)), VALUES)


def http_tensor_every_type_as_json(t: Any, client: Any) -> None:
    # FP16 has no JSON form: it goes as bytes beside the rest.
    plain = {name: value for name, value in VALUES.items() if name != "FP16"}
    inputs = tensors(t, plain, binary_data=False) + tensors(t, {"FP16": VALUES["FP16"]})
    outputs = [t.InferRequestedOutput(f"{name}_out", binary_data=name == "FP16") for name in VALUES]
    check_equal(client.infer("sentiment", inputs, outputs=outputs), VALUES)


def tensor_many_rows(t: Any, client: Any) -> None:
    many = {name: np.repeat(value, 50, axis=0) for name, value in VALUES.items()}
    check_equal(client.infer("sentiment", tensors(t, many)), many)


def tensor_bfloat16_for_a_single(t: Any, client: Any) -> None:
    exact = np.array([[1.5, -2.0]], dtype=ml_dtypes.bfloat16)
    half = t.InferInput("FP32", [1, 2], "BF16")
    half.set_data_from_numpy(exact)
    rest = {name: value for name, value in VALUES.items() if name != "FP32"}
    result = client.infer("sentiment", [half, *tensors(t, rest)])
    assert (result.as_numpy("FP32_out") == exact.astype(np.float32)).all()


def tensor_errors(t: Any, client: Any) -> None:
    http = t.__name__.endswith("http")
    inputs = tensors(t, VALUES)
    inputs[0].set_shape([2**20, 2**20])
    error = refusal(lambda: client.infer("sentiment", inputs))
    assert "asks for 1,099,511,627,776 bytes, the data has 2" in error.message(), error
    assert error.status() == ("400" if http else "StatusCode.INVALID_ARGUMENT")
    error = refusal(lambda: client.infer("sentiment", tensors(t, VALUES)[1:]))
    assert "BOOL" in error.message()


def as_json(t: Any) -> dict[str, bool]:
    return {"as_json": True} if t.__name__.endswith("grpc") else {}


if __name__ == "__main__":
    transport, case, address = sys.argv[1:4]
    module = importlib.import_module(f"tritonclient.{transport}")
    with module.InferenceServerClient(address) as opened:
        {**vars(other_tasks), **globals()}[case](module, opened)
