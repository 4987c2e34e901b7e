import gzip
from typing import Any

import pytest

from modelyard_server.inputs import download
from modelyard_server.inputs.download import Bounds
from modelyard_server.tasks.base import Parsed
from tests.server.fetch.webserver import Page, WebServer
from tests.server.inputs.conftest import BLUE, RED
from tests.server.inputs.world import HOST, INWARD, LOC, PUBLIC, URL, World, fetched, refused


@pytest.fixture
def world(web: WebServer) -> World:
    return World(int(web.url.rpartition(":")[2]))


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
