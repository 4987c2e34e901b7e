"""TCP connections to addresses that were checked: what is checked is what is connected to.

The check stands inside the HTTP client, under its connection: a name that answers with another address the
next time it is asked gains nothing. TLS and the `Host` header go by the name all the same.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Final

import httpcore2

from modelyard_server.inputs.addresses import Address, may_connect
from modelyard_server.inputs.allow import AllowList

Resolve = Callable[[str, int], Awaitable[Sequence[Address]]]
"""Finds the addresses of a host; raises OSError."""

_TRIED: Final = 3


class AddressRefusedError(Exception):
    """A host has no address that pictures may be fetched from."""


class CheckedBackend(httpcore2.AsyncNetworkBackend):
    """Resolves names itself and connects only to addresses that may be.

    Args:
        allow: Says which hosts may be private.
        resolve: Finds a host's addresses.
        network: Connects to an address.
    """

    def __init__(self, allow: AllowList, resolve: Resolve, network: httpcore2.AsyncNetworkBackend) -> None:
        self._allow = allow
        self._resolve = resolve
        self._network = network

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the interface's
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """Connect to the first address of a host that may be connected to, and answers.

        Raises:
            AddressRefusedError: None may be.
            ConnectError: None answers, or the name is not known.
            ConnectTimeout: It takes too long.
        """
        try:
            async with asyncio.timeout(timeout):
                addresses = await self._resolve(host, port)
        except TimeoutError:
            raise httpcore2.ConnectTimeout("the name was not resolved in time") from None
        except OSError:
            raise httpcore2.ConnectError("the name is not known") from None
        private = self._allow.may_be_private(host, port)
        checked = [address for address in addresses if may_connect(address, private)]
        if not checked:
            raise AddressRefusedError
        failure: Exception = httpcore2.ConnectError("no address answers")
        for address in checked[:_TRIED]:
            try:
                return await self._network.connect_tcp(
                    str(address), port, timeout, local_address, socket_options
                )
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failure = error
        raise failure

    async def sleep(self, seconds: float) -> None:
        """Wait between tries."""
        await asyncio.sleep(seconds)


async def resolve(host: str, port: int) -> list[Address]:
    """Find the addresses of a host, each once, as the system orders them.

    Raises:
        OSError: The name is not known.
    """
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError as error:
        raise OSError(str(error)) from error
    # A zone (fe80::1%eth0) is of link-local addresses alone.
    texts = dict.fromkeys(str(entry[4][0]).partition("%")[0] for entry in found)
    return [ipaddress.ip_address(text) for text in texts]
