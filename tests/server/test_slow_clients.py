"""Clients that dawdle, and clients that are too many."""

import asyncio
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from modelyard_server.protocol import BODY_RATE, BODY_SECONDS, HEAD_SECONDS, STUCK_SECONDS
from modelyard_server.server import KEEP_ALIVE_SECONDS
from tests.server.conftest import DEADLINE, eventually
from tests.server.wire import BODY, Wire, codes, request, wired


@pytest.fixture
async def wire(sentiment: Path) -> AsyncIterator[Wire]:
    async with wired(sentiment) as wire:
        yield wire


# --- clients that dawdle --------------------------------------------------------------------------
async def test_a_head_that_does_not_end_is_ended(wire: Wire) -> None:
    reader, writer = await wire.connect()
    await wire.say(writer, b"POST /predict HTTP/1.1\r\n")
    wire.later = HEAD_SECONDS / 2
    wire.policy.look()
    await wire.say(writer, b"X-Drip: 1\r\n")
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
    await wire.say(writer, request(b"x" * 1_000_000)[: 200 + sent])
    await eventually(lambda: wire.service.metrics.in_flight == 1, "the request is under way")
    wire.later = BODY_SECONDS + 5
    wire.policy.look()
    [connection] = wire.policy._connections
    assert not connection.transport.is_closing()  # type: ignore[attr-defined]
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
        await eventually(lambda: len(wire.policy) == 1, "the connection is accepted")
        connection: Any = next(iter(wire.policy._connections))
        # The kernel would take megabytes before anything piles up.
        sending = connection.transport.get_extra_info("socket")
        sending.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        await eventually(lambda: connection.flow.write_paused, "the answers pile up")
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
    assert codes(await wire.told(request(BODY, "Connection: close"))) == [200]
    kept[1][1].close()
