"""Bad payloads are told as FastAPI tells them: held against a real FastAPI application."""

from typing import Annotated, Any

import httpx
import pytest
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field

from modelyard_server.errors import InvalidRequestError
from modelyard_server.tasks.base import Limits
from modelyard_server.tasks.text_request import TextReader
from tests.server.conftest import Client

MAX_ITEMS = 7


class Plain(BaseModel):
    text: list[str]


class Same(BaseModel):
    """The same rules as ours, in FastAPI's words."""

    model_config = ConfigDict(extra="forbid")

    text: Annotated[list[Annotated[str, Field(min_length=1)]], Field(min_length=1, max_length=MAX_ITEMS)]


def app_of(model: type[BaseModel]) -> FastAPI:
    app = FastAPI()

    @app.post("/predict")
    async def predict(body: model) -> dict[str, str]:  # type: ignore[valid-type]
        return {}

    return app


PLAIN, SAME = app_of(Plain), app_of(Same)
READER = TextReader(Limits(max_items=MAX_ITEMS, max_item_bytes=1000), 16)

CORPUS: list[bytes] = [
    b"",
    b" ",
    b"text=hello",
    b"\xff\xfe",
    b"null",
    b"true",
    b"1",
    b'"x"',
    b"[]",
    b'["a"]',
    b'[{"text":["a"]}]',
    b"{}",
    b'{"texts":["a"]}',
    b'{"text":null}',
    b'{"text":"one"}',
    b'{"text":1}',
    b'{"text":true}',
    b'{"text":{"a":1}}',
    b'{"text":["a",4]}',
    b'{"text":[1,"a",null,2.5,true,[],{}]}',
    b'{"text":[["a"]]}',
    b'{"text":["a"]',
    b'{"text":["a"],}',
    b"{'text':['a']}",
    b'{"text":["a"]} x',
    b'{"text":["a\nb"]}',
    b'{"text":["a"],"text":3}',
    b'{"text":[123456789012345678901234567890]}',
]
"""Bad under the model `text: list[str]` alone."""
STRICTER: list[bytes] = [
    b'{"text":[]}',
    b'{"text":[""]}',
    b'{"text":["a","",""]}',
    b'{"text":["a"],"x":1}',
    b'{"texts":["a"]}',
    b'{"text":["a","b","c","d","e","f","g","h"]}',
    b'{"text":["a","b","c","d","e","f","g","h",1]}',
    b'{"text":"one","top_k":1}',
]
"""Bad under our rules, which FastAPI must be told."""


async def told_by_fastapi(app: FastAPI, body: bytes) -> tuple[int, Any]:
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        response = await client.post("/predict", content=body, headers={"content-type": "application/json"})
    return response.status_code, response.json() if response.status_code == 422 else None


def told_by_us(body: bytes) -> list[dict[str, Any]]:
    with pytest.raises(InvalidRequestError) as raised:
        READER.read(body)
    details: list[dict[str, Any]] = httpx.Response(422, content=raised.value.body()).json()["detail"]
    return details


def assert_equal(ours: list[dict[str, Any]], theirs: list[dict[str, Any]]) -> None:
    assert [(fault["type"], fault["loc"]) for fault in ours] == [
        (fault["type"], fault["loc"]) for fault in theirs
    ]
    for our, their in zip(ours, theirs, strict=True):
        assert our["msg"].startswith(their["msg"])
        if "input" in our:
            assert our["input"] == their["input"]
        assert our.get("ctx") == their.get("ctx")


@pytest.mark.parametrize("body", [body for body in CORPUS if b"texts" not in body])
async def test_the_faults_are_those_of_a_plain_model(body: bytes) -> None:
    status, theirs = await told_by_fastapi(PLAIN, body)

    assert status == 422
    assert_equal(told_by_us(body), theirs["detail"])


@pytest.mark.parametrize("body", [*CORPUS, *STRICTER])
async def test_the_faults_are_those_of_a_model_with_our_rules(body: bytes) -> None:
    status, theirs = await told_by_fastapi(SAME, body)

    assert status == 422
    assert_equal(told_by_us(body), theirs["detail"])


async def test_the_answer_is_fastapis_with_a_mend(client: Client) -> None:
    response = await client.post("/predict", content=b'{"text": "one"}')

    assert response.status_code == 422
    assert response.json() == {
        "detail": [
            {
                "type": "list_type",
                "loc": ["body", "text"],
                "msg": 'Input should be a valid list: also for one string, send {"text": ["one string", '
                '"another"]}',
                "input": "one",
            }
        ]
    }


def test_a_large_input_is_not_sent_back() -> None:
    [fault] = told_by_us(b'{"text":"' + b"x" * 5000 + b'"}')

    assert "input" not in fault


def test_of_many_faults_the_first_hundred_are_told() -> None:
    reader = TextReader(Limits(max_items=1000, max_item_bytes=1000), 16)
    with pytest.raises(InvalidRequestError) as raised:
        reader.read(b'{"text":[' + b",".join([b"1"] * 900) + b"]}")

    assert len(raised.value.details) == 100


@pytest.mark.parametrize(
    "body",
    [
        b'{"text":["\\ud800"]}',
        b'{"\\ud800":["a"]}',
        b'{"text":["\xff"]}',
        b"[" * 100_000,
        b'{"text":' * 100_000,
        b'{"text":[' + b"9" * 5000 + b"]}",
        b'{"text":[NaN, Infinity]}',
        b'{"' + b"k" * 100_000 + b'":1,"text":["a"]}',
    ],
)
def test_what_fastapi_fails_on_is_refused_all_the_same(body: bytes) -> None:
    faults = told_by_us(body)

    assert len(repr(faults)) < 5000


def test_a_byte_order_mark_does_no_harm() -> None:
    assert READER.read(b'\xef\xbb\xbf{"text":["a"]}') == ["a"]


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=7) | st.dictionaries(st.sampled_from(["text", "x"]), inner, max_size=2)
    ),
    max_leaves=12,
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(JSON | st.fixed_dictionaries({"text": JSON}))
async def test_any_json_is_judged_as_fastapi_judges_it(value: Any) -> None:
    body = httpx.Request("POST", "http://x", json=value).content
    status, theirs = await told_by_fastapi(SAME, body)
    if status == 200:
        assert READER.read(body) == value["text"]
    else:
        assert_equal(told_by_us(body), theirs["detail"])
