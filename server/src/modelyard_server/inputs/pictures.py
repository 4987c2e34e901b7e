"""Requests whose pictures are given by their addresses get the pictures in their place."""

import asyncio
from dataclasses import replace
from typing import Final

import httpcore2

from modelyard_server.errors import InvalidRequestError
from modelyard_server.inputs.addresses import AddressPolicy, may_connect
from modelyard_server.inputs.allow import AllowList
from modelyard_server.inputs.download import Bounds, Downloader, DownloadError
from modelyard_server.inputs.network import CheckedBackend, Resolve, resolve
from modelyard_server.settings import Settings
from modelyard_server.tasks.base import Parsed, RemoteItem

_AT_ONCE: Final = 16
"""Pictures on their way, of all requests together."""
_OF_ONE_REQUEST: Final = 4
"""How many times the bytes of the largest picture all pictures of a request may have."""


class Pictures:
    """Fetches what requests name.

    Args:
        allow: The origins that are allowed.
        bounds: What one picture may take.
        policy: Says which network addresses may be connected to.
        resolver: Finds a host's addresses.
    """

    def __init__(
        self,
        allow: AllowList,
        bounds: Bounds,
        policy: AddressPolicy = may_connect,
        resolver: Resolve = resolve,
    ) -> None:
        self._allow = allow
        self._bounds = bounds
        self._policy = policy
        self._resolver = resolver
        self._slots = asyncio.Semaphore(_AT_ONCE)
        self._pool: httpcore2.AsyncConnectionPool | None = None

    @classmethod
    def create(cls, settings: Settings) -> "Pictures":
        """Wire them up from the settings.

        Raises:
            SettingsError: An allowed host is none.
        """
        return cls(AllowList(settings.image_hosts), Bounds(size=settings.max_body_bytes))

    async def fetch(self, parsed: Parsed) -> Parsed:
        """Put pictures in the places of their addresses; one that is named twice is fetched once.

        Args:
            parsed: A request.

        Raises:
            InvalidRequestError: Pictures can't be fetched; an entry for each.
        """
        if not parsed.remote:
            return parsed
        places: dict[str, RemoteItem] = {}
        for value in parsed.values:
            if isinstance(value, RemoteItem):
                places.setdefault(value.url, value)
        budget = _Budget(self._bounds.size * _OF_ONE_REQUEST)
        downloader = Downloader(self._opened(), self._allow, self._bounds)
        fetched = await self._all(downloader, list(places), budget)
        errors = {url: one for url, one in fetched.items() if isinstance(one, DownloadError)}
        if errors:
            raise _refused([(places[url], error) for url, error in errors.items()])
        values = [fetched[value.url] if isinstance(value, RemoteItem) else value for value in parsed.values]
        return replace(parsed, values=values, remote=False)

    async def close(self) -> None:
        """Close idle connections."""
        if self._pool is not None:
            await self._pool.aclose()

    async def _all(
        self, downloader: Downloader, urls: list[str], budget: "_Budget"
    ) -> dict[str, bytes | DownloadError]:
        async def one(url: str) -> bytes | DownloadError:
            async with self._slots:
                try:
                    return await downloader.fetch(url, budget.spend)
                except DownloadError as error:
                    return error

        async with asyncio.TaskGroup() as group:
            tasks = {url: group.create_task(one(url)) for url in urls}
        return {url: task.result() for url, task in tasks.items()}

    def _opened(self) -> httpcore2.AsyncConnectionPool:
        if self._pool is None:
            self._pool = httpcore2.AsyncConnectionPool(
                max_connections=_AT_ONCE,
                max_keepalive_connections=_AT_ONCE,
                keepalive_expiry=5.0,
                network_backend=CheckedBackend(self._allow, self._policy, self._resolver),
            )
        return self._pool


class _Budget:
    """The bytes that one request's pictures may have together."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._left = size

    def spend(self, size: int) -> None:
        """Take some; raises DownloadError when there is no more."""
        self._left -= size
        if self._left < 0:
            raise DownloadError(
                "url_too_large",
                f"the request's pictures have more than {self._size:,} bytes together: send fewer at once",
            )


def _refused(errors: list[tuple[RemoteItem, DownloadError]]) -> InvalidRequestError:
    details = [{"loc": list(item.loc), "msg": error.msg, "type": error.kind} for item, error in errors]
    first, cause = errors[0]
    refused = InvalidRequestError(first.loc, cause.msg, cause.kind)
    refused.details = details
    return refused
