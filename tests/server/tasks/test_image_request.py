import base64
import contextlib
import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelyard_server.errors import InvalidRequestError
from modelyard_server.tasks.base import Limits, Parsed, RemoteItem, Request
from modelyard_server.tasks.image_request import PictureReader
from modelyard_server.tasks.v2 import V2Request, V2Tensor
from tests.server.image_models import encoded, plain

PNG = encoded(plain("red"))
JPEG = encoded(plain("blue"), "JPEG")
TEXT = base64.b64encode(PNG).decode()
READER = PictureReader(Limits(max_items=3, max_item_bytes=10))
OPEN = PictureReader(Limits(max_items=3, max_item_bytes=10, image_urls=True))


def read(body: Any, content_type: str = "application/json", reader: PictureReader = READER) -> Parsed:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return reader.read(Request(content, content_type), "parameters")


def form(parts: list[tuple[str, str | None, bytes]], boundary: str = "xyz") -> tuple[bytes, str]:
    body = b""
    for name, file, content in parts:
        disposition = f'form-data; name="{name}"' + (f'; filename="{file}"' if file else "")
        body += f"--{boundary}\r\nContent-Disposition: {disposition}\r\n\r\n".encode() + content + b"\r\n"
    return body + f"--{boundary}--\r\n".encode(), f'multipart/form-data; boundary="{boundary}"'


@pytest.mark.parametrize(
    "text",
    [
        TEXT,
        f"data:image/png;base64,{TEXT}",
        "\n".join(TEXT[start : start + 76] for start in range(0, len(TEXT), 76)) + "\n",
    ],
)
def test_a_picture_may_come_as_base64(text: str) -> None:
    parsed = read({"image": [text, TEXT]})

    assert parsed == Parsed([PNG, PNG], "parameters", ("body", "image"))


@pytest.mark.parametrize(
    "content_type",
    ["image/png", "IMAGE/JPEG; q=1", "application/octet-stream", "", "application/x-www-form-urlencoded"],
)
def test_a_picture_may_come_by_itself(content_type: str) -> None:
    assert read(JPEG, content_type).values == [JPEG]


def test_what_is_called_a_picture_is_taken_as_one() -> None:
    assert read(b"whatever", "image/png").values == [b"whatever"]


def test_pictures_may_come_as_a_form() -> None:
    nasty = b"\r\n--xy\r\n--xy almost the boundary\r\n--" + PNG
    body, kind = form([("image", "a.png", PNG), ("image", "b.jpg", nasty), ("image", None, TEXT.encode())])

    assert read(body, kind) == Parsed([PNG, nasty, PNG], "parameters", ("body", "image"))


def test_addresses_wait_for_their_pictures_where_they_are_allowed() -> None:
    parsed = read({"image": [TEXT, "https://images.example.org/a.png"]}, reader=OPEN)

    remote = RemoteItem("https://images.example.org/a.png")
    assert parsed == Parsed([PNG, remote], "parameters", ("body", "image"), remote=True)
    assert not read({"image": [TEXT]}, reader=OPEN).remote


FORM = form([("image", "a.png", PNG)])


@pytest.mark.parametrize(
    ("body", "content_type", "loc", "kind", "words"),
    [
        ({}, "application/json", ["body", "image"], "missing", "base64"),
        ({"image": TEXT}, "application/json", ["body", "image"], "list_type", "also for one"),
        ({"image": []}, "application/json", ["body", "image"], "too_short", "at least one"),
        ({"image": [TEXT] * 4}, "application/json", ["body", "image"], "too_long", "several requests"),
        ({"image": [TEXT, 3]}, "application/json", ["body", "image", 1], "string_type", "quotes"),
        ({"image": [""]}, "application/json", ["body", "image", 0], "string_too_short", "leave"),
        ({"image": [TEXT, "%%"]}, "application/json", ["body", "image", 1], "base64_invalid", "no base64"),
        ({"image": ["data:,red"]}, "application/json", ["body", "image", 0], "base64_invalid", "data:image"),
        ({"image": ["data:;base64,"]}, "application/json", ["body", "image", 0], "too_short", "empty"),
        ({"image": [TEXT], "conf": 1}, "application/json", ["body", "conf"], "extra_forbidden", "address"),
        (b"{", "application/json", ["body", 1], "json_invalid", "base64"),
        (b"\xff", "", ["body", 0], "json_invalid", "UTF-8"),
        (
            {"image": ["http://images.example.org/a"]},
            "application/json",
            ["body", "image", 0],
            "url_forbidden",
            "spec.inputs.imageUrls.allow",
        ),
        (b"", "image/png", ["body", "image", 0], "too_short", "empty"),
        (FORM[0], "multipart/form-data", ["body"], "multipart_invalid", "boundary"),
        (FORM[0][:-20], FORM[1], ["body"], "multipart_invalid", ""),
        (b"nothing of the kind", FORM[1], ["body"], "multipart_invalid", ""),
        (form([("file", "a.png", PNG)])[0], FORM[1], ["body", "file"], "extra_forbidden", "image"),
        (form([("image", "a", PNG)] * 4)[0], FORM[1], ["body", "image"], "too_long", "at most 3"),
        (form([])[0], FORM[1], ["body", "image"], "too_short", "no picture"),
        (form([("image", "a", b"")])[0], FORM[1], ["body", "image", 0], "too_short", "empty"),
    ],
)
def test_what_is_wrong_is_told_with_its_place_and_its_mend(
    body: Any, content_type: str, loc: list[Any], kind: str, words: str
) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        read(body, content_type)

    detail = caught.value.details[0]
    assert (detail["loc"], detail["type"]) == (loc, kind)
    assert words in detail["msg"]


@given(
    body=st.binary(max_size=300), content_type=st.sampled_from(["application/json", FORM[1], "text/plain"])
)
def test_any_body_is_read_or_refused(body: bytes, content_type: str) -> None:
    try:
        parsed = read(body, content_type)
    except InvalidRequestError as error:
        assert error.details[0]["loc"][0] == "body"
    else:
        assert parsed.values


@given(start=st.integers(0, len(FORM[0])), bytes_=st.binary(max_size=8))
def test_a_damaged_form_is_read_or_refused(start: int, bytes_: bytes) -> None:
    body = FORM[0][:start] + bytes_ + FORM[0][start + len(bytes_) :]
    with contextlib.suppress(InvalidRequestError):
        assert read(body, FORM[1]).values


def tensor(*values: bytes, shape: tuple[int, ...] | None = None) -> V2Request:
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return V2Request({"image": V2Tensor("image", array.reshape(shape or (-1,)), ("body", "inputs", 0))}, {})


def test_a_tensor_holds_pictures_or_their_base64() -> None:
    parsed = READER.read_v2(tensor(PNG, TEXT.encode(), JPEG, shape=(3, 1)), None)

    assert parsed == Parsed([PNG, PNG, JPEG], None, ("body", "inputs", 0, "data"))


def test_a_tensor_may_hold_addresses() -> None:
    parsed = OPEN.read_v2(tensor(b"http://images.example.org/a"), None)

    assert parsed.remote
    assert parsed.values == [RemoteItem("http://images.example.org/a")]
    assert parsed.loc == ("body", "inputs", 0, "data")


@pytest.mark.parametrize(
    ("request_", "place"),
    [
        (tensor(b"\xfe\xfd"), "data.0"),
        (tensor(PNG, PNG, shape=(1, 2)), "shape"),
        (tensor(PNG, PNG, PNG, PNG), "data"),
        (V2Request({}, {}), "inputs"),
        (
            V2Request({"image": V2Tensor("image", np.zeros(2, np.float32), ("body", "inputs", 0))}, {}),
            "datatype",
        ),
    ],
)
def test_another_tensor_is_refused(request_: V2Request, place: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        READER.read_v2(request_, None)

    assert ".".join(map(str, caught.value.details[0]["loc"])).endswith(place)
