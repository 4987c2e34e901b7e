"""Requests whose pictures are given by their addresses get the pictures in their place."""

import asyncio
from dataclasses import replace
from typing import Final

import httpcore2

from modelyard_server.errors import InvalidRequestError, fetches_full
from modelyard_server.inputs.allow import AllowList
from modelyard_server.inputs.download import Bounds, Downloader, DownloadError
from modelyard_server.inputs.network import CheckedBackend, Resolve, resolve
from modelyard_server.settings import Settings
from modelyard_server.tasks.base import Parsed, RemoteItem

AT_ONCE: Final = 16
"""Pictures on their way, of all requests together."""
AT_ONCE_OF_ONE: Final = 8
"""Pictures on their way of one request, so that its slow hosts don't hold up every other's."""
OF_ONE_REQUEST: Final = 4
"""How many times the bytes of the largest picture all pictures of a request may have."""
OF_ALL_REQUESTS: Final = 16
"""How many times the same all requests may hold that wait for the rest of their pictures."""


class Pictures:
    """Fetches what requests name.

    Args:
        allow: The origins that are allowed.
        bounds: What one picture may take.
        resolver: Finds a host's addresses.
        network: Connects to an address; None: by TCP.
    """

    def __init__(
        self,
        allow: AllowList,
        bounds: Bounds,
        resolver: Resolve = resolve,
        network: httpcore2.AsyncNetworkBackend | None = None,
    ) -> None:
        self._bounds = bounds
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._held = 0
        self._pool = httpcore2.AsyncConnectionPool(
            max_connections=AT_ONCE,
            max_keepalive_connections=AT_ONCE,
            keepalive_expiry=5.0,
            network_backend=CheckedBackend(allow, resolver, network or httpcore2.AnyIOBackend()),
        )
        self._downloader = Downloader(self._pool, allow, bounds)

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
            InvalidRequestError: Pictures can't be fetched; an entry for each place.
            ProblemError: 503, the requests that wait for pictures hold too many bytes.
        """
        urls = dict.fromkeys(value.url for value in parsed.values if isinstance(value, RemoteItem))
        budget = _Budget(self, self._bounds.size * OF_ONE_REQUEST)
        try:
            fetched = await self._all(list(urls), budget)
        finally:
            self._held -= budget.spent
        details = []
        values = []
        for index, value in enumerate(parsed.values):
            found = fetched[value.url] if isinstance(value, RemoteItem) else value
            if isinstance(found, DownloadError):
                details.append({"loc": [*parsed.loc, index], "msg": found.msg, "type": found.kind})
            values.append(found)
        if details:
            raise InvalidRequestError.of(details)
        return replace(parsed, values=values, remote=False)

    def hold(self, size: int) -> None:
        """Note bytes of a request that is not whole yet.

        Raises:
            ProblemError: 503, these are too many.
        """
        self._held += size
        if self._held > self._bounds.size * OF_ALL_REQUESTS:
            raise fetches_full(self._held)

    async def close(self) -> None:
        """Close idle connections."""
        await self._pool.aclose()

    async def _all(self, urls: list[str], budget: "_Budget") -> dict[str, bytes | DownloadError]:
        of_this = asyncio.Semaphore(AT_ONCE_OF_ONE)

        async def one(url: str) -> bytes | DownloadError:
            async with of_this, self._slots:
                try:
                    return await self._downloader.fetch(url, budget.spend)
                except DownloadError as error:
                    return error

        tasks = [asyncio.ensure_future(one(url)) for url in urls]
        try:
            return dict(zip(urls, await asyncio.gather(*tasks), strict=True))
        finally:
            # Whatever ended one of them, nobody wants the others any more.
            for task in tasks:
                task.cancel()


class _Budget:
    """The bytes that one request's pictures may have together."""

    def __init__(self, pictures: Pictures, size: int) -> None:
        self.spent = 0
        self._pictures = pictures
        self._size = size

    def spend(self, size: int) -> None:
        """Take some.

        Raises:
            DownloadError: There is no more.
            ProblemError: See `Pictures.hold`.
        """
        self.spent += size
        self._pictures.hold(size)
        if self.spent > self._size:
            raise DownloadError(
                "url_too_large",
                f"the request's pictures have more than {self._size:,} bytes together: send fewer at once",
            )
