"""Every route against requests made from the API's own document, and V2 against bytes: never a 500."""

import gzip
import json
import zlib
from collections.abc import Iterator

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.server.conftest import DEADLINE, ServerProcess
from tests.server.task_models import TASKS

EXAMPLES = 50
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
FEW = settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
PREDICTIONS = [
    "/predict",
    "/v2/models/sentiment/infer",
    "/v1/models/sentiment:predict",
    "/invocations",
]
# Whatever the task. The documentation's pages are no API, and a scrape takes no input.
OTHERS = [
    "/v2/models/sentiment/versions/r1/infer",
    "/v2",
    "/v2/health/live",
    "/v2/health/ready",
    "/v2/models/{name}",
    "/v2/models/{name}/ready",
    "/v2/models/{name}/versions/{revision}",
    "/v2/models/{name}/versions/{revision}/ready",
    "/v1/models",
    "/v1/models/{name}",
    "/ping",
    "/health",
    "/ready",
    "/admin/serving",
    "/admin/cache/purge",
    "/admin/shadow",
]
EVERY_TASK = pytest.mark.parametrize("server", TASKS, indirect=True)
ONE_TASK = pytest.mark.parametrize("server", ["text-classification"], indirect=True)


@pytest.fixture(scope="module")
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ServerProcess]:
    directory = tmp_path_factory.mktemp(f"fuzz-{request.param}")
    process = ServerProcess(TASKS[request.param](directory / "model"), directory / "server.log", {})
    try:
        process.wait_ready()
        yield process
        assert process.process.poll() is None
        assert "Traceback" not in process.logged
    finally:
        process.kill()


@EVERY_TASK
def test_every_path_is_tried(server: ServerProcess) -> None:
    documented = httpx.get(f"{server.url}/openapi.json").json()["paths"]

    assert set(documented) - {"/metrics"} == {*PREDICTIONS, *OTHERS}


@EVERY_TASK
@pytest.mark.parametrize("path", PREDICTIONS)
def test_every_documented_example_works(server: ServerProcess, path: str) -> None:
    operation = httpx.get(f"{server.url}/openapi.json").json()["paths"][path]["post"]
    content = operation["requestBody"]["content"]["application/json"]
    examples = [each["value"] for each in content.get("examples", {}).values()] or [content["example"]]
    for example in examples:
        response = httpx.post(f"{server.url}{path}", json=example, timeout=DEADLINE)
        assert response.status_code == 200, response.text


@EVERY_TASK
@pytest.mark.parametrize("path", PREDICTIONS)
def test_no_prediction_is_too_much(server: ServerProcess, path: str) -> None:
    tried = try_all(server, path)

    assert tried >= EXAMPLES


@ONE_TASK
@pytest.mark.parametrize("path", OTHERS)
def test_no_request_is_too_much(server: ServerProcess, path: str) -> None:
    assert try_all(server, path)


def try_all(server: ServerProcess, path: str) -> int:
    """Send requests as the API's document allows them, and as it does not; returns how many."""
    schema = schemathesis.openapi.from_url(f"{server.url}/openapi.json")
    operations = [found.ok() for found in schema.include(path=path).get_all_operations()]
    count = 0
    for operation in operations:
        modes = [GenerationMode.POSITIVE]
        if operation.body or operation.path_parameters or operation.query or operation.headers:
            modes.append(GenerationMode.NEGATIVE)

        @given(st.one_of([operation.as_strategy(generation_mode=mode) for mode in modes]))
        @FEW
        def tried(case: schemathesis.Case) -> None:
            nonlocal count
            count += 1
            response = case.call(timeout=DEADLINE)
            case.validate_response(response, checks=CHECKS)

        tried()
    return count


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.sampled_from([0, 1, 4, 2**31, 2**40, 2**62])
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
tensors = st.fixed_dictionaries(
    {
        "name": st.sampled_from(["x", "text"]) | json_values,
        "shape": st.lists(st.sampled_from([-1, 0, 1, 2, 4, 2**40]), max_size=3) | json_values,
        "datatype": st.sampled_from(["FP32", "BYTES", "FP16", "BF16", "INT64"]) | json_values,
    },
    optional={
        "data": st.lists(st.text(max_size=3) | st.integers(0, 9), max_size=8) | json_values,
        "parameters": st.fixed_dictionaries(
            {}, optional={"binary_data_size": st.integers(0, 40) | json_values}
        ),
    },
)
contents = st.fixed_dictionaries(
    {"inputs": st.lists(tensors, max_size=2) | json_values},
    optional={"outputs": json_values, "parameters": json_values, "id": json_values},
)
bodies = st.one_of(contents.map(lambda content: json.dumps(content).encode()), st.binary(max_size=100))


@EVERY_TASK
@pytest.mark.parametrize("path", PREDICTIONS)
def test_no_body_is_too_much(server: ServerProcess, path: str) -> None:
    with httpx.Client(base_url=server.url, timeout=DEADLINE) as client:

        @given(
            bodies,
            st.binary(max_size=40),
            st.none() | st.integers(-3, 3) | st.sampled_from([2**31, 2**62, 10**30]),
            st.sampled_from(["", "gzip", "deflate", "identity", "br"]),
            st.sampled_from(
                ["application/json", "text/csv", "text/plain", "image/png", "multipart/form-data; boundary=x"]
            ),
            st.booleans(),
        )
        @FEW
        def tried(body: bytes, tail: bytes, shift: int | None, encoding: str, kind: str, pack: bool) -> None:
            headers = {"content-type": kind, "content-encoding": encoding}
            if shift is not None:
                headers["inference-header-content-length"] = str(max(0, len(body) + shift))
            content = body + tail
            if pack and encoding in {"gzip", "deflate"}:
                content = {"gzip": gzip.compress, "deflate": zlib.compress}[encoding](content)
            response = client.post(path, content=content, headers=headers)
            assert response.status_code < 500, response.text

        tried()
