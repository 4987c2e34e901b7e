import asyncio
import ipaddress

import httpcore2
import pytest

from modelyard_server.inputs.addresses import Address
from modelyard_server.inputs.allow import AllowList
from modelyard_server.inputs.network import AddressRefusedError, CheckedBackend, resolve
from tests.server.fetch.webserver import WebServer
from tests.server.inputs.world import INWARD, PUBLIC, World


@pytest.fixture
def world(web: WebServer) -> World:
    return World(int(web.url.rpartition(":")[2]))


def backend(world: World, *allow: str) -> CheckedBackend:
    return CheckedBackend(AllowList(allow), world.resolve, world.wire)


@pytest.mark.parametrize("label", INWARD)
async def test_a_name_that_leads_inward_is_not_connected_to(label: str, world: World) -> None:
    with pytest.raises(AddressRefusedError):
        await backend(world).connect_tcp(f"{label}.example.org", 80, 1.0)

    assert world.wire.connected == []


async def test_of_several_addresses_one_that_may_be_is_taken(world: World) -> None:
    stream = await backend(world).connect_tcp("mixed.example.org", 80, 5.0)
    await stream.aclose()

    assert world.wire.connected == [(PUBLIC, 80)]


async def test_a_private_place_is_connected_to_where_it_is_written_out(world: World) -> None:
    allowed = backend(world, "http://private.example.org:9000")
    stream = await allowed.connect_tcp("private.example.org", 9000, 5.0)
    await stream.aclose()
    with pytest.raises(AddressRefusedError):
        await allowed.connect_tcp("private.example.org", 80, 1.0)
    with pytest.raises(AddressRefusedError):
        await backend(world, "http://metadata.example.org:80").connect_tcp("metadata.example.org", 80, 1.0)

    assert world.wire.connected == [("10.0.0.1", 9000)]


async def test_a_name_that_changes_its_mind_gains_nothing(world: World) -> None:
    """DNS rebinding: what was checked is what is connected to, and each connection is checked."""
    checked = backend(world)
    world.names["rebound.example.org"] = [PUBLIC]
    stream = await checked.connect_tcp("rebound.example.org", 80, 5.0)
    await stream.aclose()
    world.names["rebound.example.org"] = ["127.0.0.1"]

    with pytest.raises(AddressRefusedError):
        await checked.connect_tcp("rebound.example.org", 80, 1.0)

    assert world.wire.connected == [(PUBLIC, 80)]


async def test_a_name_that_nobody_knows_or_tells_is_an_error_of_connecting(world: World) -> None:
    with pytest.raises(httpcore2.ConnectError):
        await backend(world).connect_tcp("nowhere.example.org", 80, 1.0)

    async def never(host: str, port: int) -> list[Address]:
        await asyncio.Event().wait()
        return []

    with pytest.raises(httpcore2.ConnectTimeout):
        await CheckedBackend(AllowList([]), never, world.wire).connect_tcp("a.example.org", 80, 0.01)


@pytest.mark.parametrize("host", ["127.0.0.1", "2130706433", "0x7f.1", "017700000001"])
async def test_numbers_in_any_writing_are_the_address_that_they_are(host: str) -> None:
    assert await resolve(host, 80) == [ipaddress.ip_address("127.0.0.1")]


@pytest.mark.parametrize("host", ["a" * 300 + ".example.org", "a..b", "\ud800"])
async def test_what_is_no_name_is_not_known(host: str) -> None:
    with pytest.raises(OSError, match=r".*"):
        await resolve(host, 80)
