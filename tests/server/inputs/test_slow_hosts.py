"""Hosts that waste time, and requests that wait for them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from modelyard_server.errors import ProblemError
from modelyard_server.inputs.download import Bounds
from tests.server.conftest import eventually
from tests.server.image_models import encoded, plain
from tests.server.inputs.world import URL, World, parsed, refused

RED = encoded(plain("red"))

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def host(handler: Handler) -> AsyncIterator[World]:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await handler(reader, writer)
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    try:
        yield World(server.sockets[0].getsockname()[1])
    finally:
        server.close()


async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()


async def dripping(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + RED)
    while not reader.at_eof():
        writer.write(b"\0")
        await writer.drain()
        await asyncio.sleep(0.01)


async def babbling(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"220 mail.example.org ESMTP\r\n" * 10)
    await writer.drain()


async def endless_head(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while not reader.at_eof():
        writer.write(b"X-Filler: " + b"a" * 8000 + b"\r\n")
        await writer.drain()


@pytest.mark.parametrize(
    ("handler", "words"),
    [
        (silent, "stopped sending"),
        (dripping, "did not come within 0.3 s"),
        (babbling, "speaks no HTTP"),
        (endless_head, "speaks no HTTP"),
    ],
)
async def test_a_host_may_not_waste_time(handler: Handler, words: str) -> None:
    bounds = Bounds(1_000_000, seconds=5.0, idle_seconds=0.1)
    if handler is dripping:
        bounds = Bounds(1_000_000, seconds=0.3, idle_seconds=5.0)
    async with host(handler) as world:
        (detail,) = await refused(world.pictures(bounds=bounds), f"{URL}/a.png")

    assert detail["type"] == "url_unreachable"
    assert words in detail["msg"]


async def test_requests_that_wait_hold_so_many_bytes_together_and_no_more() -> None:
    waiting = asyncio.Event()
    gone: list[bool] = []

    async def half(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        target = (await reader.readuntil(b"\r\n\r\n")).split()[1]
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n" + RED + bytes(9_000 - len(RED)))
        await writer.drain()
        if target.startswith(b"/wait"):
            waiting.set()
            await reader.read()
            gone.append(True)
        writer.write(bytes(1000))
        await writer.drain()

    async with host(half) as world:
        pictures = world.pictures(bounds=Bounds(10_000, seconds=30.0, idle_seconds=30.0))
        # Of 160,000 bytes for all requests, 17 x 9,000 are held; of 16 at once, 15 connections are taken.
        held = [asyncio.ensure_future(pictures.fetch(parsed(f"{URL}/wait{n}"))) for n in range(15)]
        await waiting.wait()
        await eventually(lambda: pictures._held >= 15 * 9_000, "all but the last piece has come")
        pictures.hold(9_000 * 2)
        with pytest.raises(ProblemError) as caught:
            await pictures.fetch(parsed(f"{URL}/one"))
        assert (caught.value.status, caught.value.retry_after) == (503, 1)

        # Who gives up gives back.
        for task in held:
            task.cancel()
        await asyncio.gather(*held, return_exceptions=True)
        pictures.hold(-9_000 * 2)
        assert pictures._held == 0
        assert len((await pictures.fetch(parsed(f"{URL}/one"))).values[0]) == 10_000
        await eventually(lambda: len(gone) == 15, "the hosts hear that nobody waits")
        await pictures.close()


async def test_a_request_with_slow_hosts_leaves_room_for_others() -> None:
    asked: list[bytes] = []

    async def some(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        target = (await reader.readuntil(b"\r\n\r\n")).split()[1]
        asked.append(target)
        if target.startswith(b"/slow"):
            await reader.read()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(RED) + RED)
        await writer.drain()

    async with host(some) as world:
        pictures = world.pictures(bounds=Bounds(10_000, seconds=30.0, idle_seconds=30.0))
        slow = asyncio.ensure_future(pictures.fetch(parsed(*(f"{URL}/slow{n}" for n in range(100)))))
        await eventually(lambda: len(asked) == 8, "as many of the request are under way as may be")

        assert (await pictures.fetch(parsed(f"{URL}/quick"))).values == [RED]

        slow.cancel()
        await asyncio.gather(slow, return_exceptions=True)
        await pictures.close()
    assert len(asked) == 9
