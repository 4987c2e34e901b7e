import asyncio
import gzip
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from modelyard_server.errors import InvalidRequestError, ProblemError
from modelyard_server.inputs import download
from modelyard_server.inputs.download import Bounds
from modelyard_server.inputs.pictures import Pictures
from modelyard_server.tasks.base import Parsed, RemoteItem
from tests.server.conftest import eventually
from tests.server.fetch.webserver import Page, WebServer, serving
from tests.server.image_models import encoded, plain
from tests.server.inputs.world import HOST, INWARD, PUBLIC, URL, World

RED, BLUE = encoded(plain("red")), encoded(plain("blue"), "JPEG")
LOC = ("body", "image")


@pytest.fixture
def web() -> Iterator[WebServer]:
    with serving() as server:
        server.put("/red.png", RED)
        server.put("/blue.jpg", BLUE)
        yield server


@pytest.fixture
def world(web: WebServer) -> World:
    return World(int(web.url.rpartition(":")[2]))


def parsed(*values: Any) -> Parsed:
    return Parsed(
        [RemoteItem(value) if isinstance(value, str) else value for value in values],
        "parameters",
        LOC,
        remote=True,
    )


async def fetched(pictures: Pictures, *values: Any) -> Parsed:
    try:
        return await pictures.fetch(parsed(*values))
    finally:
        await pictures.close()


async def refused(pictures: Pictures, *values: Any) -> list[dict[str, Any]]:
    with pytest.raises(InvalidRequestError) as caught:
        await fetched(pictures, *values)
    return caught.value.details


async def test_pictures_take_the_places_of_their_addresses(web: WebServer, world: World) -> None:
    got = await fetched(
        world.pictures(), f"{URL}/red.png", BLUE, f"{URL}/blue.jpg?size=1#top", f"{URL}/red.png"
    )

    assert got == Parsed([RED, BLUE, BLUE, RED], "parameters", LOC, remote=False)
    # One that is named twice is fetched once, and hosts hear nothing of the client's.
    assert sorted((one.path, one.query) for one in web.requests) == [
        ("/blue.jpg", "size=1"),
        ("/red.png", ""),
    ]
    assert web.requests[0].headers == {
        "host": HOST,
        "user-agent": "modelyard",
        "accept": "image/*",
        "accept-encoding": "identity",
    }


async def test_redirects_are_followed(web: WebServer, world: World) -> None:
    web.pages["/a"] = Page(status=302, headers={"Location": "/b"})
    web.pages["/b"] = Page(status=308, headers={"Location": f"{URL}:80/red.png"})

    assert (await fetched(world.pictures(), f"{URL}/a")).values == [RED]


@pytest.mark.parametrize(
    "target",
    [
        "http://169.254.169.254/latest/meta-data/",
        "http://[::1]/",
        "http://10.0.0.1/",
        "http://127.0.0.1:8080/admin",
        "http://2130706433/",
        "http://localhost/",
        "//evil.example.net/",
        "http://images.example.org:8080/red.png",
        "http://images.example.org@evil.example.net/",
        "file:///etc/passwd",
        "gopher://images.example.org/",
        *(f"http://{label}.example.org/" for label in INWARD),
    ],
)
async def test_redirects_to_elsewhere_are_refused(target: str, web: WebServer, world: World) -> None:
    web.pages["/a"] = Page(status=302, headers={"Location": target})

    (detail,) = await refused(world.pictures(HOST, "*.example.org"), RED, f"{URL}/a")

    assert detail["loc"] == ["body", "image", 1]
    assert detail["type"] in {"url_forbidden", "url_invalid"}
    assert world.wire.connected == [(PUBLIC, 80)]


@pytest.mark.parametrize("label", INWARD)
async def test_names_that_lead_inward_are_refused(label: str, world: World) -> None:
    (detail,) = await refused(world.pictures("*.example.org"), f"http://{label}.example.org/red.png")

    assert detail["type"] == "url_forbidden"
    assert "spec.inputs.imageUrls.allow" in detail["msg"]
    assert world.wire.connected == []


async def test_a_store_inside_the_cluster_may_be_allowed(world: World) -> None:
    pictures = world.pictures("http://private.example.org:9000")

    assert (await fetched(pictures, "http://private.example.org:9000/red.png")).values == [RED]


@pytest.mark.parametrize(
    ("url", "kind", "words"),
    [
        ("http://example.net/a.png", "url_forbidden", "'example.net' at port 80: have it written into"),
        ("https://images.example.org:444/a.png", "url_forbidden", "port 444"),
        ("http://[::1]/a.png", "url_forbidden", "imageUrls.allow"),
        ("http://", "url_invalid", "begin with http"),
        ("http:///a.png", "url_invalid", "begin with http"),
        ("http://images.example.org:0x50/", "url_invalid", "no URL"),
        ("http://images.example.org:99999/", "url_forbidden", "port 99999"),
        ("http://me:secret@images.example.org/", "url_invalid", "user name"),
        (f"{URL}/{'a' * 5000}", "url_invalid", "longer than 4,096"),
        (f"{URL}/nothing.png", "url_unreachable", "HTTP 404"),
        (f"{URL}/loop", "url_unreachable", "redirects more than 3 times"),
        (f"{URL}/nowhere", "url_unreachable", "redirects to nowhere"),
        (f"{URL}/page", "url_invalid", "no picture: name JPEG"),
        (f"{URL}/empty", "url_invalid", "no picture"),
        (f"{URL}/large", "url_too_large", "more than 100,000 bytes"),
        (f"{URL}/growing", "url_too_large", "more than 100,000 bytes"),
        (f"{URL}/packed", "url_unreachable", "compressed"),
        (f"{URL}/cut", "url_unreachable", "broke the connection"),
        ("http://unknown.images.example.org/", "url_unreachable", "can't be connected to"),
        ("https://images.example.org/red.png", "url_unreachable", "can't be connected to"),
    ],
)
async def test_what_cannot_be_fetched_is_told_with_its_place(
    url: str, kind: str, words: str, web: WebServer, world: World
) -> None:
    web.pages |= {
        "/loop": Page(status=302, headers={"Location": "/loop"}),
        "/nowhere": Page(status=302),
        "/page": Page(b"<html>no picture at all</html>"),
        "/empty": Page(b""),
        "/large": Page(RED, claimed=100_001),
        "/growing": Page(RED + bytes(200_000)),
        "/packed": Page(gzip.compress(RED), headers={"Content-Encoding": "gzip"}),
        "/cut": Page(RED, cuts=[len(RED) // 2]),
    }
    pictures = world.pictures(HOST, "*.images.example.org", bounds=Bounds(100_000))

    (detail,) = await refused(pictures, RED, url)

    assert (detail["loc"], detail["type"]) == (["body", "image", 1], kind)
    assert words in detail["msg"]
    # Where a name leads is nobody's business.
    assert PUBLIC not in detail["msg"]


async def test_every_place_is_told(world: World) -> None:
    details = await refused(
        world.pictures(), f"{URL}/no.png", f"{URL}/red.png", "http://a.net/", f"{URL}/no.png"
    )

    assert [(detail["loc"][-1], detail["type"]) for detail in details] == [
        (0, "url_unreachable"),
        (2, "url_forbidden"),
        (3, "url_unreachable"),
    ]


def test_https_is_not_left_on_the_way() -> None:
    redirect: Any = type("Response", (), {"headers": [(b"Location", b"http://images.example.org/")]})
    with pytest.raises(download.DownloadError, match="from https to http"):
        download._next(download._parse("https://images.example.org/"), redirect)


async def test_pictures_of_a_request_have_a_bound_together(web: WebServer, world: World) -> None:
    for index in range(6):
        web.put(f"/{index}", RED + bytes(9_000))

    details = await refused(world.pictures(bounds=Bounds(10_000)), *(f"{URL}/{index}" for index in range(6)))

    assert {detail["type"] for detail in details} == {"url_too_large"}
    assert "more than 40,000 bytes together: send fewer" in details[0]["msg"]
    assert len(details) < 6


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
