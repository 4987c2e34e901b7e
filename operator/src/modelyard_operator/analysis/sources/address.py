"""Keeps users' addresses from leading to the operator's own machine.

An address in a spec is asked by the operator, which may reach what the user may not: its own pod (loopback),
and the cloud's metadata service (link-local), which hands out credentials of the node.
"""

import ipaddress
import socket

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult


class ForbiddenAddressError(OSError):
    """A name leads where the operator must not ask."""


class GuardedResolver(AbstractResolver):
    """Resolves names, and leaves out addresses that are none of the user's business."""

    def __init__(self, inner: AbstractResolver) -> None:
        """A guard before another resolver."""
        self._inner = inner

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The addresses of a name.

        Raises:
            ForbiddenAddressError: none is left.
        """
        found = await self._inner.resolve(host, port, family)
        kept = [each for each in found if is_allowed(each["host"])]
        if found and not kept:
            raise ForbiddenAddressError(
                f"{host} leads to an address of the operator's own machine or its cloud"
            )
        return kept

    async def close(self) -> None:
        """Close the inner one."""
        await self._inner.close()


async def guard(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """Refuses bare addresses, which no resolver gets to see.

    Raises:
        ForbiddenAddressError: it is none of the user's business.
    """
    host = request.url.host or ""
    if not is_allowed(host):
        raise ForbiddenAddressError(f"{host} is an address of the operator's own machine or its cloud")
    return await handler(request)


def guarded_session() -> aiohttp.ClientSession:
    """A session for addresses that users write. For use within a running event loop."""
    resolver = GuardedResolver(aiohttp.DefaultResolver())
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(resolver=resolver), middlewares=(guard,))


def is_allowed(host: str) -> bool:
    """Whether a bare address may be asked; a name may, for what it leads to is looked at later."""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return True
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return not (
        address.is_loopback or address.is_link_local or address.is_unspecified or address.is_multicast
    )
