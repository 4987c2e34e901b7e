"""The protocol over real sockets: what clients may send, and what they hear."""

import asyncio
import json
import re
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from modelyard_server.connections import most_connections
from modelyard_server.protocol import MAX_HEAD_BYTES
from tests.server.conftest import DEADLINE, eventually
from tests.server.wire import BODY, Wire, codes, request, wired


@pytest.fixture
async def wire(sentiment: Path) -> AsyncIterator[Wire]:
    async with wired(sentiment) as wire:
        yield wire


# --- the short way --------------------------------------------------------------------------------
def without_changing(answer: bytes) -> bytes:
    return re.sub(rb"(?m)^(date|x-request-id): .*\r\n", b"", answer)


@pytest.mark.parametrize("body", [BODY, b"{}", b"nonsense"])
async def test_the_short_way_answers_as_the_long_way_does(wire: Wire, body: bytes) -> None:
    message = request(body, "Connection: close")
    short = await wire.told(message)
    long = await wire.told(message[:-3], message[-3:])

    assert codes(short) == codes(long)
    assert sorted(without_changing(short).split(b"\r\n")) == sorted(without_changing(long).split(b"\r\n"))
    assert short.lower().count(b"connection: close") == 1


async def test_requests_in_one_read_are_answered_in_order(wire: Wire) -> None:
    reader, writer = await wire.connect()
    writer.write(b"".join(request(BODY, f"X-Request-Id: n{number}") for number in range(300)))
    writer.write(request(BODY, "X-Request-Id: last", "Connection: close"))
    answers = await asyncio.wait_for(reader.read(), DEADLINE)
    writer.close()

    assert codes(answers) == [200] * 301
    assert re.findall(rb"x-request-id: (\S+)", answers) == [*(b"n%d" % n for n in range(300)), b"last"]


async def test_other_paths_and_predictions_take_turns(wire: Wire) -> None:
    reader, writer = await wire.connect()
    health = b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n"
    writer.write((request() + health) * 40 + request(BODY, "Connection: close"))
    answers = await asyncio.wait_for(reader.read(), DEADLINE)
    writer.close()

    assert codes(answers) == [200] * 81
    assert answers.count(b'"predictions"') == 41


async def test_a_request_byte_by_byte(wire: Wire) -> None:
    reader, writer = await wire.connect()
    message = request(BODY, "Connection: close")
    for index in range(len(message)):
        await wire.say(writer, message[index : index + 1])
    answer = await asyncio.wait_for(reader.read(), DEADLINE)
    writer.close()

    assert codes(answer) == [200]


async def test_http_1_0_ends_with_its_answer(wire: Wire) -> None:
    answer = await wire.told(request(version="1.0"))

    assert answer.split(b" ")[1] == b"200"


async def test_in_flight_comes_back_to_nothing(wire: Wire) -> None:
    for body in (BODY, b"{}", b"x" * 200_000):
        await wire.told(request(body, "Connection: close"))
    _, writer = await wire.connect()
    writer.write(request()[:-3])
    await eventually(lambda: wire.service.metrics.in_flight == 1, "the request is under way")
    writer.close()

    await eventually(lambda: wire.service.metrics.in_flight == 0, "the client's leaving is seen")


async def test_who_asks_before_sending_hears_to_go_on_or_not(wire: Wire) -> None:
    reader, writer = await wire.connect()
    message = request(BODY, "Expect: 100-continue", "Connection: close")
    writer.write(message[: -len(BODY)])
    assert (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), DEADLINE)).startswith(b"HTTP/1.1 100")
    writer.write(BODY)
    assert codes(await asyncio.wait_for(reader.read(), DEADLINE)) == [200]
    writer.close()

    large = b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: 999999999\r\nExpect: 100-continue\r\n\r\n"
    assert codes(await wire.told(large)) == [413]


# --- what is no request ---------------------------------------------------------------------------
@pytest.mark.parametrize(
    "head",
    [
        b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        b"Content-Length: 5\r\nContent-Length: 6\r\n",
        b"Content-Length: -1\r\n",
        b"Content-Length: 5, 5\r\n",
        b"Transfer-Encoding : chunked\r\n",
        b"Transfer-Encoding: chunked, identity\r\n",
        b"Transfer-Encoding: xchunked\r\n",
        b"Bad\x00Name: x\r\n",
        b" folded: x\r\n",
    ],
)
async def test_what_two_parsers_could_read_differently_is_refused(wire: Wire, head: bytes) -> None:
    smuggled = b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n"
    answer = await wire.told(b"POST /predict HTTP/1.1\r\nHost: x\r\n" + head + b"\r\n" + smuggled, end=True)

    assert codes(answer)[:1] == [400]
    assert b'"status":"ok"' not in answer


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(data=st.data())
async def test_no_bytes_bring_it_down(wire: Wire, data: st.DataObject) -> None:
    message = bytearray(request(BODY, "X-Request-Id: a", "traceparent: 00-a", "X-Request-Timeout-Ms: 9000"))
    for _ in range(data.draw(st.integers(1, 6))):
        place = data.draw(st.integers(0, len(message) - 1))
        message[place : place + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=4))
    with socket.create_connection(("127.0.0.1", wire.port)) as raw:
        raw.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.sock_sendall(raw, bytes(message))
        raw.shutdown(socket.SHUT_WR)
        answer = b""
        while part := await asyncio.wait_for(loop.sock_recv(raw, 65536), DEADLINE):
            answer += part

    assert 500 not in codes(answer)


async def test_a_head_that_is_too_large_is_refused_in_one_read_or_in_many(wire: Wire) -> None:
    header = "X-Long: " + "x" * MAX_HEAD_BYTES
    assert codes(await wire.told(request(BODY, header))) == [431]

    _, writer = await wire.connect()
    writer.write(b"POST /predict HTTP/1.1\r\nHost: x\r\n")
    with pytest.raises(ConnectionError):
        while True:
            writer.write(b"X-More: " + b"x" * 10_000 + b"\r\n")
            await writer.drain()
            await asyncio.sleep(0)


async def test_a_large_body_has_no_large_head(wire: Wire) -> None:
    body = json.dumps({"text": ["x" * 90_000]}).encode()

    assert codes(await wire.told(request(body, "Connection: close"))) == [200]


def test_open_files_bound_the_connections() -> None:
    assert most_connections(1024) == 768
    assert most_connections(1_048_576) == most_connections(-1) == 16_384
