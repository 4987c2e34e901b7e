"""Fetching one picture: bounds on its bytes, its time and its redirects hold while it comes."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final

import httpcore2
import httpx2

from modelyard_server.inputs.allow import AllowList, Origin
from modelyard_server.inputs.network import AddressRefusedError
from modelyard_server.tasks.pictures.formats import LISTED, format_of

_PORTS: Final = {"http": 80, "https": 443}
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_MAX_URL: Final = 4096
# The longest of the formats' first bytes.
_SIGNATURE: Final = 12


class DownloadError(Exception):
    """A picture can't be fetched.

    Attributes:
        kind: The error's type.
        msg: What is wrong, and the mend; never an address, nor what a host said.
    """

    def __init__(self, kind: str, msg: str) -> None:
        super().__init__(msg)
        self.kind = kind
        self.msg = msg


@dataclass(frozen=True, slots=True)
class Bounds:
    """What fetching one picture may take.

    Attributes:
        size: Most bytes.
        seconds: For all of it, redirects included.
        connect_seconds: For one connection, name and TLS each.
        idle_seconds: Between two pieces.
        redirects: Most of them.
    """

    size: int
    seconds: float = 10.0
    connect_seconds: float = 3.0
    idle_seconds: float = 5.0
    redirects: int = 3


class Downloader:
    """Fetches pictures.

    Args:
        pool: The HTTP client, whose connections check their addresses.
        allow: The origins that are allowed.
        bounds: What one picture may take.
    """

    def __init__(self, pool: httpcore2.AsyncConnectionPool, allow: AllowList, bounds: Bounds) -> None:
        self._pool = pool
        self._allow = allow
        self._bounds = bounds

    async def fetch(self, address: str, spend: Callable[[int], None]) -> bytes:
        """Fetch a picture.

        Args:
            address: Its `http:` or `https:` URL.
            spend: Hears of each piece's bytes; raises DownloadError when a request's pictures are too many.

        Raises:
            DownloadError: It is not allowed, not there, no picture, or beyond a bound.
        """
        try:
            async with asyncio.timeout(self._bounds.seconds):
                return await self._follow(_parse(address), spend)
        except TimeoutError:
            raise _unreachable(f"it did not come within {self._bounds.seconds:g} s") from None
        except AddressRefusedError:
            raise DownloadError(
                "url_forbidden",
                "its host leads to an address that pictures are not fetched from (a private, loopback or "
                "link-local one); a store inside the cluster must be allowed as http://HOST:PORT in "
                "spec.inputs.imageUrls.allow",
            ) from None
        except httpcore2.ConnectTimeout:
            raise _unreachable("its host can't be connected to in time") from None
        except httpcore2.ConnectError:
            raise _unreachable("its host can't be connected to, or its certificate is not trusted") from None
        except httpcore2.TimeoutException:
            raise _unreachable("its host stopped sending") from None
        except (httpcore2.NetworkError, httpcore2.ProtocolError):
            raise _unreachable("its host broke the connection, or speaks no HTTP") from None

    async def _follow(self, url: httpx2.URL, spend: Callable[[int], None]) -> bytes:
        for _ in range(self._bounds.redirects + 1):
            self._check(url)
            async with self._pool.stream(
                "GET",
                httpcore2.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
                headers=[
                    (b"Host", url.netloc),
                    (b"User-Agent", b"modelyard"),
                    (b"Accept", b"image/*"),
                    # What is inflated on arrival has no size that could be bounded by the wire's.
                    (b"Accept-Encoding", b"identity"),
                ],
                extensions={"timeout": self._timeouts()},
            ) as response:
                if response.status not in _REDIRECTS:
                    return await self._read(response, spend)
                url = _next(url, response)
        raise DownloadError("url_unreachable", f"it redirects more than {self._bounds.redirects} times")

    def _check(self, url: httpx2.URL) -> None:
        origin = Origin(url.scheme, url.raw_host.decode("ascii").lower(), url.port or _PORTS[url.scheme])
        if not self._allow.allows(origin):
            raise DownloadError(
                "url_forbidden",
                f"pictures are not fetched from {origin.host[:100]!r} at port {origin.port}: have it written "
                "into spec.inputs.imageUrls.allow, or send the picture itself",
            )

    async def _read(self, response: httpcore2.Response, spend: Callable[[int], None]) -> bytes:
        headers = {name.lower(): value for name, value in response.headers}
        if response.status != 200:
            raise _unreachable(f"its host answers with HTTP {response.status}")
        if headers.get(b"content-encoding", b"identity").lower() != b"identity":
            raise _unreachable("its host sends it compressed though it was asked not to")
        length = headers.get(b"content-length", b"")
        if length.isdigit() and int(length) > self._bounds.size:
            raise self._too_large()
        content = bytearray()
        checked = False
        async with aclosing(_pieces(response)) as pieces:
            async for piece in pieces:
                content += piece
                spend(len(piece))
                if len(content) > self._bounds.size:
                    raise self._too_large()
                if not checked and len(content) >= _SIGNATURE:
                    checked = True
                    _check_format(content)
        _check_format(content)
        return bytes(content)

    def _too_large(self) -> DownloadError:
        return DownloadError(
            "url_too_large", f"it has more than {self._bounds.size:,} bytes: name a smaller picture"
        )

    def _timeouts(self) -> dict[str, float]:
        bounds = self._bounds
        return {
            "connect": bounds.connect_seconds,
            "read": bounds.idle_seconds,
            "write": bounds.idle_seconds,
            "pool": bounds.seconds,
        }


async def _pieces(response: httpcore2.Response) -> AsyncGenerator[bytes]:
    async for piece in response.aiter_stream():
        yield piece


def _check_format(content: bytearray) -> None:
    if format_of(bytes(content[:_SIGNATURE])) is None:
        raise DownloadError("url_invalid", f"what stands there is no picture: name {LISTED}")


def _parse(address: str) -> httpx2.URL:
    try:
        url = httpx2.URL(address[: _MAX_URL + 1])
    except (httpx2.InvalidURL, ValueError):
        raise DownloadError("url_invalid", "it is no URL: write https://HOST/PATH") from None
    if len(address) > _MAX_URL:
        raise DownloadError("url_invalid", f"it is longer than {_MAX_URL:,} characters")
    if url.scheme not in _PORTS or not url.host:
        raise DownloadError("url_invalid", "it must begin with http:// or https:// and a host")
    if url.userinfo:
        raise DownloadError("url_invalid", "it holds a user name or a password: leave them out")
    return url


def _next(url: httpx2.URL, response: httpcore2.Response) -> httpx2.URL:
    for name, value in response.headers:
        if name.lower() == b"location":
            try:
                target = _parse(str(url.join(value.decode("latin-1"))))
            except (httpx2.InvalidURL, ValueError):
                break
            if url.scheme == "https" and target.scheme == "http":
                raise DownloadError("url_forbidden", "it redirects from https to http")
            return target
    raise _unreachable("its host redirects to nowhere")


def _unreachable(why: str) -> DownloadError:
    return DownloadError("url_unreachable", f"the picture can't be fetched: {why}; send the picture itself")
