"""Broken and hostile pictures, over the wire: 422 or 413, never 500, and the server goes on."""

import base64
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from modelyard_server.tasks.pictures.formats import SIGNATURES
from tests.server.conftest import DEADLINE, ServerProcess
from tests.server.image_models import encoded, plain, textured
from tests.server.task_models import TASKS
from tests.server.tasks.pictures.bombs import BOMBS, packed_text

KINDS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF")
WHOLE = {kind: encoded(textured((60, 45)), kind) for kind in KINDS}
MAX_BYTES = 200_000
RESIDENT = 500_000_000
"""Bytes that the server may have in memory at the end; a bomb that goes off takes more."""


def as_json(content: bytes) -> dict[str, Any]:
    return {"json": {"image": [base64.b64encode(content).decode()]}}


def as_form(content: bytes) -> dict[str, Any]:
    return {"files": [("image", ("a.png", content))]}


def as_it_is(content: bytes) -> dict[str, Any]:
    return {"content": content, "headers": {"Content-Type": "image/png"}}


WAYS: tuple[Callable[[bytes], dict[str, Any]], ...] = (as_json, as_form, as_it_is)


@pytest.fixture(scope="module", params=["image-classification", "object-detection"])
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ServerProcess]:
    directory = tmp_path_factory.mktemp(request.param)
    model = TASKS[request.param](directory / "model")
    process = ServerProcess(
        model,
        directory / "server.log",
        {"MODELYARD_MAX_BYTES": str(MAX_BYTES), "MODELYARD_MAX_PIXELS": "1000000"},
    )
    try:
        process.wait_ready()
        yield process
        assert process.process.poll() is None
        assert "Traceback" not in process.logged
        # Pillow's own words about a file are none of the log's.
        assert "Warning" not in process.logged
        assert _resident(process) < RESIDENT
        healthy = httpx.post(f"{process.url}/predict", timeout=DEADLINE, **as_it_is(WHOLE["PNG"]))
        assert healthy.status_code == 200
    finally:
        process.kill()


def _resident(process: ServerProcess) -> int:
    status = Path(f"/proc/{process.process.pid}/status").read_text().splitlines()
    [line] = [line for line in status if line.startswith("VmHWM")]
    return int(line.split()[1]) * 1024


def post(server: ServerProcess, **request: Any) -> httpx.Response:
    return httpx.post(f"{server.url}/predict", timeout=DEADLINE, **request)


def assert_refused(answer: httpx.Response) -> str:
    assert answer.status_code == 422, answer.text
    (detail,) = answer.json()["detail"]
    assert detail["loc"] == ["body", "image", 0]
    assert detail["type"] == "picture_invalid"
    return str(detail["msg"])


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", KINDS)
def test_a_picture_that_is_cut_off_is_refused(
    kind: str, way: Callable[[bytes], dict[str, Any]], server: ServerProcess
) -> None:
    content = WHOLE[kind]
    assert post(server, **way(content)).status_code == 200
    for share in (0.02, 0.3, 0.8):
        assert "broken or cut off" in assert_refused(
            post(server, **way(content[: int(len(content) * share)]))
        )


@pytest.mark.parametrize("make", BOMBS)
def test_a_bomb_is_refused_by_its_header(make: Callable[[int, int], bytes], server: ServerProcess) -> None:
    for size in ((1500, 1500), (16_383, 16_383)):
        assert "pixels" in assert_refused(post(server, **as_form(make(*size))))


@pytest.mark.parametrize("kind", ["zTXt", "iTXt", "iCCP"])
def test_a_bomb_beside_the_pixels_does_nothing(kind: str, server: ServerProcess) -> None:
    content = packed_text(kind)
    # What goes over the wire must fit; the bomb is in what it unpacks to.
    assert len(content) < MAX_BYTES
    assert post(server, **as_form(content)).status_code in {200, 422}


@pytest.mark.parametrize("way", WAYS)
def test_a_body_over_the_limit_is_refused(
    way: Callable[[bytes], dict[str, Any]], server: ServerProcess
) -> None:
    answer = post(server, **way(WHOLE["PNG"] + bytes(MAX_BYTES)))

    assert answer.status_code == 413
    assert f"{MAX_BYTES:,} bytes at most" in answer.json()["detail"]


def test_of_many_pictures_the_broken_one_is_named(server: ServerProcess) -> None:
    files = [("image", (f"{kind}.bin", WHOLE[kind])) for kind in KINDS]
    files[3] = ("image", ("gif.bin", WHOLE["GIF"][:40]))
    (detail,) = post(server, files=files).json()["detail"]

    assert detail["loc"] == ["body", "image", 3]


def test_the_protocols_refuse_in_their_own_words(server: ServerProcess) -> None:
    text = base64.b64encode(WHOLE["JPEG"][:100]).decode()
    tensor = {"name": "image", "datatype": "BYTES", "shape": [1], "data": [text]}
    bodies = {
        "/v2/models/sentiment/infer": {"inputs": [tensor]},
        "/v1/models/sentiment:predict": {"instances": [{"b64": text}]},
        "/invocations": {"inputs": text},
    }
    for path, body in bodies.items():
        answer = httpx.post(f"{server.url}{path}", json=body, timeout=DEADLINE)

        assert answer.status_code == 400, answer.text
        assert "the JPEG picture's header is broken or cut off" in answer.text


ANYTHING = settings(max_examples=80, suppress_health_check=list(HealthCheck))


@given(
    signature=st.sampled_from([b"", *SIGNATURES]),
    rest=st.binary(max_size=600),
    way=st.sampled_from(WAYS),
)
@ANYTHING
def test_no_bytes_are_too_much(
    signature: bytes, rest: bytes, way: Callable[[bytes], dict[str, Any]], server: ServerProcess
) -> None:
    assert post(server, **way(signature + rest)).status_code in {200, 422}


@given(
    kind=st.sampled_from(KINDS),
    start=st.integers(0, 10_000),
    noise=st.binary(min_size=1, max_size=12),
    cut=st.integers(0, 60),
    way=st.sampled_from(WAYS),
)
@ANYTHING
def test_no_damage_is_too_much(
    kind: str,
    start: int,
    noise: bytes,
    cut: int,
    way: Callable[[bytes], dict[str, Any]],
    server: ServerProcess,
) -> None:
    whole = WHOLE[kind]
    start %= len(whole)
    content = whole[:start] + noise + whole[start + len(noise) : len(whole) - cut]

    answer = post(server, **way(content))

    assert answer.status_code in {200, 422}, answer.text


@given(body=st.binary(max_size=400), boundary=st.sampled_from(["xyz", "", "a" * 300]))
@ANYTHING
def test_no_form_is_too_much(body: bytes, boundary: str, server: ServerProcess) -> None:
    answer = post(
        server,
        content=b"--xyz\r\nContent-Disposition: form-data; name=image\r\n\r\n" + body,
        headers={"Content-Type": f"multipart/form-data; boundary={boundary}"},
    )

    assert answer.status_code in {200, 422}, answer.text


def test_parts_without_number_are_refused_early(server: ServerProcess) -> None:
    parts = b'--x\r\nContent-Disposition: form-data; name="image"; filename="a"\r\n\r\n\r\n' * 2_000
    answer = post(
        server, content=parts + b"--x--", headers={"Content-Type": "multipart/form-data; boundary=x"}
    )

    assert answer.status_code == 422
    assert "at most 1,000" in answer.json()["detail"][0]["msg"]


def test_a_large_picture_is_served_within_its_bound(server: ServerProcess) -> None:
    assert post(server, **as_it_is(encoded(plain("red", (1000, 1000))))).status_code == 200
