"""The protocol over real sockets: what clients may send, how slowly, and how many may come."""

import asyncio
import json
import re
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from uvicorn.server import ServerState

from modelyard_server.app import create_app
from modelyard_server.connections import ConnectionPolicy, most_connections
from modelyard_server.protocol import (
    BODY_RATE,
    BODY_SECONDS,
    HEAD_SECONDS,
    MAX_HEAD_BYTES,
    STUCK_SECONDS,
    protocol_class,
)
from modelyard_server.routes import predict
from modelyard_server.server import KEEP_ALIVE_SECONDS
from tests.server.conftest import DEADLINE, Client, eventually, served

BODY = json.dumps({"text": ["good film"]}).encode()


def request(body: bytes = BODY, *headers: str, version: str = "1.1", target: str = "/predict") -> bytes:
    lines = [
        f"POST {target} HTTP/{version}",
        "Host: x",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        *headers,
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


class Wire:
    """A service on a port of 127.0.0.1, on the test's own loop and with a clock that the test moves."""

    def __init__(self, client: Client) -> None:
        self.service = client.service
        self.later = 0.0
        self.policy = ConnectionPolicy(0, clock=lambda: time.monotonic() + self.later)
        self.port = 0

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        known = len(self.policy)
        streams = await asyncio.open_connection("127.0.0.1", self.port)
        await eventually(lambda: len(self.policy) > known, "the connection is accepted")
        return streams

    async def send(self, *parts: bytes) -> bytes:
        """Send a request's parts, one read each, then read all until the server closes or falls silent."""
        reader, writer = await self.connect()
        for part in parts:
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(0.01)
        return await self.read(reader, writer)

    async def read(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        if writer.can_write_eof():
            writer.write_eof()
        answer = await asyncio.wait_for(reader.read(), DEADLINE)
        writer.close()
        return answer


@asynccontextmanager
async def wired(directory: Path, **options: Any) -> AsyncIterator[Wire]:
    async with served(directory, **options) as client:
        wire = Wire(client)
        service = client.service
        config = uvicorn.Config(
            create_app(service),
            http=protocol_class(wire.policy, predict.PATH, predict.PredictEndpoint(service).answer_now),
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
        )
        config.load()
        state = ServerState()
        loop = asyncio.get_running_loop()

        def protocol() -> asyncio.Protocol:
            made: asyncio.Protocol = config.http_protocol_class(config, state, {}, loop)  # type: ignore[call-arg, arg-type, assignment]
            return made

        server = await loop.create_server(protocol, "127.0.0.1", 0, backlog=1024)
        wire.port = server.sockets[0].getsockname()[1]
        try:
            yield wire
        finally:
            server.close()
            for connection in list(state.connections):
                connection.transport.abort()
            await asyncio.gather(*state.tasks, return_exceptions=True)


@pytest.fixture
async def wire(sentiment: Path) -> AsyncIterator[Wire]:
    async with wired(sentiment) as wire:
        yield wire


def codes(answers: bytes) -> list[int]:
    return [int(code) for code in re.findall(rb"HTTP/1\.1 (\d{3}) ", answers)]


def without_changing(answer: bytes) -> bytes:
    return re.sub(rb"(?m)^(date|x-request-id): .*\r\n", b"", answer)


# --- the short way --------------------------------------------------------------------------------
async def close_after(wire: Wire, *parts: bytes) -> bytes:
    reader, writer = await wire.connect()
    for part in parts:
        writer.write(part)
        await asyncio.sleep(0.02)
    answer = await asyncio.wait_for(reader.read(), DEADLINE)
    writer.close()
    return answer


@pytest.mark.parametrize("body", [BODY, b"{}", b"nonsense"])
async def test_the_short_way_answers_as_the_long_way_does(wire: Wire, body: bytes) -> None:
    message = request(body, "Connection: close")
    short = await close_after(wire, message)
    long = await close_after(wire, message[:-3], message[-3:])

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
        writer.write(message[index : index + 1])
        await asyncio.sleep(0)
    answer = await asyncio.wait_for(reader.read(), DEADLINE)
    writer.close()

    assert codes(answer) == [200]


async def test_http_1_0_ends_with_its_answer(wire: Wire) -> None:
    answer = await close_after(wire, request(version="1.0"))

    assert answer.split(b" ")[1] == b"200"


async def test_in_flight_comes_back_to_nothing(wire: Wire) -> None:
    for body in (BODY, b"{}", b"x" * 200_000):
        await close_after(wire, request(body, "Connection: close"))
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
    assert codes(await close_after(wire, large)) == [413]


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
    answer = await wire.send(b"POST /predict HTTP/1.1\r\nHost: x\r\n" + head + b"\r\n" + smuggled)

    assert codes(answer)[:1] == [400]
    assert b'"status":"ok"' not in answer


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
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
    assert codes(await close_after(wire, request(BODY, header))) == [431]

    _, writer = await wire.connect()
    writer.write(b"POST /predict HTTP/1.1\r\nHost: x\r\n")
    with pytest.raises(ConnectionError):
        for _ in range(1000):
            writer.write(b"X-More: " + b"x" * 10_000 + b"\r\n")
            await writer.drain()
            await asyncio.sleep(0)


async def test_a_large_body_has_no_large_head(wire: Wire) -> None:
    body = json.dumps({"text": ["x" * 90_000]}).encode()

    assert codes(await close_after(wire, request(body, "Connection: close"))) == [200]


# --- clients that dawdle --------------------------------------------------------------------------
async def test_a_head_that_does_not_end_is_ended(wire: Wire) -> None:
    reader, writer = await wire.connect()
    writer.write(b"POST /predict HTTP/1.1\r\n")
    await asyncio.sleep(0.05)
    wire.later = HEAD_SECONDS - 1
    wire.policy.look()
    writer.write(b"X-Drip: 1\r\n")
    await asyncio.sleep(0.05)
    wire.later = HEAD_SECONDS + 1
    wire.policy.look()

    answer = await asyncio.wait_for(reader.read(), DEADLINE)
    writer.close()
    assert codes(answer) == [408]
    assert b"connection: close" in answer
    await eventually(lambda: len(wire.policy) == 0, "the connection is gone")


async def test_a_body_must_come_at_some_rate(wire: Wire) -> None:
    sent = 10 * BODY_RATE
    reader, writer = await wire.connect()
    writer.write(request(b"x" * 1_000_000)[: 200 + sent])
    await eventually(lambda: wire.service.metrics.in_flight == 1, "the request is under way")
    await asyncio.sleep(0.1)
    wire.later = BODY_SECONDS + 5
    wire.policy.look()
    await asyncio.sleep(0.05)
    assert len(wire.policy) == 1
    wire.later = BODY_SECONDS + 15
    wire.policy.look()

    assert codes(await asyncio.wait_for(reader.read(), DEADLINE)) == [408]
    writer.close()
    await eventually(lambda: wire.service.metrics.in_flight == 0, "the request is over")


async def test_an_idle_connection_is_kept_for_as_long_as_it_may(wire: Wire) -> None:
    fresh = await wire.connect()
    used = await wire.connect()
    used[1].write(request())
    assert codes(await asyncio.wait_for(used[0].read(65536), DEADLINE)) == [200]
    wire.later = KEEP_ALIVE_SECONDS - 1
    wire.policy.look()
    used[1].write(request())
    assert codes(await asyncio.wait_for(used[0].read(65536), DEADLINE)) == [200]
    wire.later = KEEP_ALIVE_SECONDS + 1
    wire.policy.look()

    for reader, writer in (fresh, used):
        assert await asyncio.wait_for(reader.read(), DEADLINE) == b""
        writer.close()


async def test_answers_that_nobody_reads_are_given_up(wire: Wire) -> None:
    with socket.socket() as raw:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        raw.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(raw, ("127.0.0.1", wire.port))
        ask = b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n"

        async def greedy() -> None:
            while True:
                await loop.sock_sendall(raw, ask * 50)

        asking = asyncio.create_task(greedy())
        [connection] = wire.policy._connections
        await eventually(lambda: connection.flow.write_paused, "the answers pile up")  # type: ignore[attr-defined]
        wire.policy.look()
        wire.later = STUCK_SECONDS + 1
        wire.policy.look()
        await eventually(lambda: len(wire.policy) == 0, "the connection is given up")
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)


# --- how many -------------------------------------------------------------------------------------
async def test_beyond_the_limit_connections_are_told_to_come_back(wire: Wire) -> None:
    wire.policy.most = 2
    kept = [await wire.connect() for _ in range(2)]
    reader, writer = await asyncio.open_connection("127.0.0.1", wire.port)
    refused = await asyncio.wait_for(reader.read(), DEADLINE)
    writer.close()

    assert codes(refused) == [503]
    assert b"retry-after: 1" in refused
    assert b"application/problem+json" in refused
    for reader, writer in kept:
        writer.write(request())
        assert codes(await asyncio.wait_for(reader.read(65536), DEADLINE)) == [200]
    kept[0][1].close()
    await eventually(lambda: len(wire.policy) == 1, "there is room again")
    assert codes(await close_after(wire, request(BODY, "Connection: close"))) == [200]
    kept[1][1].close()


def test_open_files_bound_the_connections() -> None:
    assert most_connections(1024) == 768
    assert most_connections(1_048_576) == most_connections(-1) == 16_384
