"""A network for the tests: names with whatever addresses, all of which lead to a web server of this machine.

What decides where pictures may come from is the real thing; only the wire behind it is bent.
"""

import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpcore2
import pytest

from modelyard_server.errors import InvalidRequestError
from modelyard_server.inputs.addresses import Address
from modelyard_server.inputs.allow import AllowList
from modelyard_server.inputs.download import Bounds
from modelyard_server.inputs.pictures import Pictures
from modelyard_server.tasks.base import Parsed, RemoteItem

PUBLIC = "93.184.216.34"
HOST = "images.example.org"
URL = f"http://{HOST}"
INWARD = {
    "metadata": "169.254.169.254",
    "loopback": "127.0.0.1",
    "loopback6": "::1",
    "private": "10.0.0.1",
    "private172": "172.16.0.1",
    "private192": "192.168.1.1",
    "carrier": "100.64.0.1",
    "unique": "fd00::1",
    "link": "fe80::1",
    "mapped": "::ffff:127.0.0.1",
    "translated": "64:ff9b::7f00:1",
    "nothing": "0.0.0.0",
    "broadcast": "255.255.255.255",
    "multicast": "224.0.0.1",
}
"""Addresses that a request must not reach, by the label of a name below example.org that has it."""
LOC = ("body", "image")
NAMES: Mapping[str, Sequence[str]] = {
    HOST: [PUBLIC],
    "mixed.example.org": ["10.0.0.1", PUBLIC],
    **{f"{label}.example.org": [address] for label, address in INWARD.items()},
}


class Wire(httpcore2.AsyncNetworkBackend):
    """Connects every address to one port of this machine, and remembers which were asked for."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.connected: list[tuple[str, int]] = []
        self._network = httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the interface's
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        self.connected.append((host, port))
        return await self._network.connect_tcp("127.0.0.1", self.port, timeout, local_address, socket_options)


@dataclass
class World:
    """Names, and the wire."""

    port: int
    names: dict[str, Sequence[str]] = field(default_factory=lambda: dict(NAMES))

    def __post_init__(self) -> None:
        self.wire = Wire(self.port)

    async def resolve(self, host: str, port: int) -> list[Address]:
        if host not in self.names:
            raise OSError("no such name")
        return [ipaddress.ip_address(address) for address in self.names[host]]

    def pictures(self, *allow: str, bounds: Bounds | None = None) -> Pictures:
        return Pictures(AllowList(allow or [HOST]), bounds or Bounds(1_000_000), self.resolve, self.wire)


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
