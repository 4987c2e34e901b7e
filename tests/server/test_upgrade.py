"""Clients that offer HTTP/2 with a request, as the JDK's and `curl --http2` do, get its answer."""

import asyncio
import json
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.server.conftest import DEADLINE
from tests.server.wire import BODY, Wire, codes, request, wired

OFFER = ("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAEAAEAAAAIAAAAB")
TENSORS = json.dumps(
    {"inputs": [{"name": "text", "datatype": "BYTES", "shape": [1], "data": ["good film"]}]}
).encode()
INFER = "/v2/models/sentiment/infer"
CASES = [("/predict", BODY, b'"predictions"'), (INFER, TENSORS, b'"outputs"')]
LAST = request(BODY, "Connection: close")


@pytest.fixture
async def wire(sentiment: Path) -> AsyncIterator[Wire]:
    async with wired(sentiment) as wire:
        yield wire


@pytest.mark.parametrize(("target", "body", "told"), CASES)
async def test_the_body_is_read_in_one_packet_or_in_many(
    wire: Wire, target: str, body: bytes, told: bytes
) -> None:
    message = request(body, *OFFER, target=target)
    head = len(message) - len(body)
    for parts in ([message], [message[:head], message[head:]], [message[:20], message[20:-5], message[-5:]]):
        answers = await wire.told(*parts, LAST)

        assert codes(answers) == [200, 200]
        assert told in answers


@pytest.mark.parametrize(("target", "body", "told"), CASES)
async def test_a_chunked_body_is_read(wire: Wire, target: str, body: bytes, told: bytes) -> None:
    head = "\r\n".join([f"POST {target} HTTP/1.1", "Host: x", "Transfer-Encoding: chunked", *OFFER])
    first, second = (b"%x\r\n%b\r\n" % (len(part), part) for part in (body[:7], body[7:]))
    whole = head.encode() + b"\r\n\r\n" + first + second + b"0\r\n\r\n"

    for parts in ([whole], [whole[: -len(second)], whole[-len(second) :]]):
        answers = await wire.told(*parts, LAST)

        assert codes(answers) == [200, 200]
        assert told in answers


async def test_each_request_of_a_connection_may_offer(wire: Wire) -> None:
    reader, writer = await wire.connect()
    for _ in range(3):
        writer.write(request(BODY, *OFFER))
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), DEADLINE)
        answer = await asyncio.wait_for(reader.readuntil(b"]]}"), DEADLINE)

        assert codes(head) == [200]
        assert b"POSITIVE" in answer
    writer.close()


async def test_requests_in_one_read_are_answered_in_order(wire: Wire) -> None:
    health = b"GET /health HTTP/1.1\r\nHost: x\r\n" + "\r\n".join(OFFER).encode() + b"\r\n\r\n"
    offered = request(BODY, *OFFER, "X-Request-Id: offered") + request(BODY, "X-Request-Id: plain")
    answers = await wire.told((offered + health) * 40 + LAST)

    assert codes(answers) == [200] * 121
    assert answers.count(b'"predictions"') == 81
    assert answers.index(b"offered") < answers.index(b"plain") < answers.index(b'"status"')


async def test_other_wishes_of_the_connection_hold(wire: Wire) -> None:
    answer = await wire.told(request(BODY, "Connection: close, Upgrade", "Upgrade: h2c"))
    assert codes(answer) == [200]

    reader, writer = await wire.connect()
    message = request(BODY, *OFFER, "Expect: 100-continue")
    writer.write(message[: -len(BODY)])
    assert (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), DEADLINE)).startswith(b"HTTP/1.1 100")
    writer.write(BODY + LAST)
    assert codes(await asyncio.wait_for(reader.read(), DEADLINE)) == [200, 200]
    writer.close()


@pytest.mark.parametrize(
    "body",
    [
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\nno length\r\n",
    ],
)
async def test_a_body_that_can_be_read_in_two_ways_is_refused(wire: Wire, body: str) -> None:
    head = "\r\n".join(["POST /predict HTTP/1.1", "Host: x", *OFFER])
    smuggled = b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n"
    answer = await wire.told(f"{head}\r\n{body}".encode() + smuggled, end=True)

    assert codes(answer)[-1:] == [400]
    assert b'"status":"ok"' not in answer


@pytest.mark.skipif(shutil.which("curl") is None, reason="no curl is installed")
@pytest.mark.parametrize(("target", "body", "told"), CASES)
async def test_curl_that_would_like_http_2(wire: Wire, target: str, body: bytes, told: bytes) -> None:
    address = f"http://127.0.0.1:{wire.port}{target}"
    curl = await asyncio.create_subprocess_exec(
        "curl", "--silent", "--http2", "--max-time", str(DEADLINE), "--data-binary", "@-",
        "--header", "Content-Type: application/json", address, address,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    answer, complaints = await curl.communicate(body)
    if b"does not support" in complaints:
        pytest.skip("this curl has no HTTP/2")

    assert curl.returncode == 0
    assert answer.count(told) == 2
