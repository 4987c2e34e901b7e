"""Compressed bodies, and those that would not end."""

import gzip
import json
import tracemalloc
import zlib
from pathlib import Path
from typing import Any

import pytest

from modelyard_server.errors import InvalidRequestError, ProblemError
from modelyard_server.routes.encoding import check_encoding, inflate
from tests.server.conftest import Client, Serve

TEXT = {"name": "text", "shape": [1], "datatype": "BYTES", "data": ["awesome"]}


@pytest.mark.parametrize("pack", [gzip.compress, zlib.compress])
def test_what_was_packed_comes_out(pack: type[bytes]) -> None:
    assert inflate(pack(b"abc" * 1000), 3000) == b"abc" * 1000
    assert inflate(gzip.compress(b"abc") + gzip.compress(b"def"), 6) == b"abcdef"


@pytest.mark.parametrize("pack", [gzip.compress, zlib.compress])
def test_a_bomb_takes_no_more_than_the_limit(pack: type[bytes]) -> None:
    bomb = pack(bytes(200_000_000))
    tracemalloc.start()
    try:
        with pytest.raises(ProblemError) as refused:
            inflate(bomb, 1_000_000)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert refused.value.status == 413
    assert peak < 3_000_000


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "ends too early"),
        (gzip.compress(b"abc")[:-1], "ends too early"),
        (gzip.compress(b"abc") + b"xyz", "can't be decompressed"),
        (b"plain", "can't be decompressed"),
        (gzip.compress(b"") * 101, "over 100 compressed parts"),
    ],
    ids=["nothing", "cut-off", "more-behind", "plain", "too-many-parts"],
)
def test_what_is_not_packed(body: bytes, says: str) -> None:
    with pytest.raises(InvalidRequestError, match=says):
        inflate(body, 1000)


@pytest.mark.parametrize(
    ("encoding", "packed"), [("", False), ("identity", False), ("GZIP", True), ("deflate", True)]
)
def test_encodings(encoding: str, packed: bool) -> None:
    assert check_encoding({b"content-encoding": encoding.encode()}) is packed


def test_no_encoding_is_plain() -> None:
    assert check_encoding({}) is False


@pytest.mark.parametrize(
    ("path", "content", "wrong"),
    [
        ("/predict", {"text": ["awesome"]}, 422),
        ("/v2/models/sentiment/infer", {"inputs": [TEXT]}, 400),
        ("/v1/models/sentiment:predict", {"instances": ["awesome"]}, 400),
        ("/invocations", {"inputs": "awesome"}, 400),
    ],
)
async def test_over_http(serve: Serve, sentiment: Path, path: str, content: Any, wrong: int) -> None:
    body = json.dumps(content).encode()

    async def post(client: Client, content: bytes, encoding: str) -> tuple[int, str]:
        response = await client.post(path, content=content, headers={"content-encoding": encoding})
        return response.status_code, response.headers.get("accept-encoding", "")

    async with serve(sentiment, max_body_bytes=10_000) as client:
        assert await post(client, gzip.compress(body), "gzip") == (200, "")
        assert await post(client, gzip.compress(bytes(10_001)), "gzip") == (413, "")
        assert await post(client, gzip.compress(bytes(100_000_000)), "gzip") == (413, "")
        assert await post(client, body, "gzip") == (wrong, "")
        assert await post(client, body, "br") == (415, "gzip, deflate")
