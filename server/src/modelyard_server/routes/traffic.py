"""What every prediction route does around the data plane, whatever its protocol."""

import asyncio
import time
from collections.abc import Callable, Coroutine, Iterable
from typing import TYPE_CHECKING, Any

from starlette.types import Receive

from modelyard_server.batching.base import DeadlineExceededError
from modelyard_server.bodies import ClientGoneError
from modelyard_server.dataplane import Answers
from modelyard_server.service import Service
from modelyard_server.tasks.base import Answer, Parsed

if TYPE_CHECKING:
    from modelyard_server.inputs.pictures import Pictures

_LISTED_INDEXES = 100
LARGE_BODY = 128 * 1024
"""Bytes of a body that take about a millisecond to parse."""

CLIENT_GONE = 499
"""Counted for a request whose client went away, as nginx does; nobody receives it."""


async def parse(read: Callable[[], Parsed], size: int) -> Parsed:
    """Parse a body, off the event loop where that takes long enough to hold other requests up.

    Args:
        read: Parses it.
        size: The body's bytes.

    Raises:
        InvalidRequestError: The request is wrong.
    """
    return read() if size < LARGE_BODY else await asyncio.to_thread(read)


async def compute(service: Service, parsed: Parsed, *, fresh: bool, deadline: float | None = None) -> Answers:
    """Get a request's answers, for a transport that ends the work itself when its client goes away.

    Args:
        service: The pod.
        parsed: The request.
        fresh: Whether the client wants no cached answer.
        deadline: When the client stops waiting, in monotonic seconds; None: it does not say.

    Raises:
        Exception: As `DataPlane.predict`, and as `Pictures.fetch` where pictures are named by their address;
            `refusals.refused` says what a client hears of it.
    """
    if parsed.remote and service.pictures is not None:
        parsed = await _fetched(service, service.pictures, parsed, deadline)
    return await service.plane.predict(parsed, fresh=fresh, deadline=deadline)


async def _fetched(service: Service, pictures: "Pictures", parsed: Parsed, deadline: float | None) -> Parsed:
    """Get what stands elsewhere; the cache is asked by what it is, not by where it stands."""
    began = time.monotonic()
    try:
        async with asyncio.timeout(None if deadline is None else deadline - began):
            return await pictures.fetch(parsed)
    except TimeoutError:
        raise DeadlineExceededError from None
    finally:
        service.metrics.stage("fetch", time.monotonic() - began)


async def answer(
    service: Service, parsed: Parsed, receive: Receive, *, fresh: bool, deadline: float | None = None
) -> Answers:
    """Get a request's answers; its work is dropped when its client goes away.

    Args:
        service: The pod.
        parsed: The request, its body read to the end.
        receive: ASGI's.
        fresh: Whether the client wants no cached answer.
        deadline: When the client stops waiting, in monotonic seconds; None: it does not say.

    Raises:
        ClientGoneError: The client went away.
        Exception: As `compute`.
    """
    if parsed.remote:
        return await _while_connected(compute(service, parsed, fresh=fresh, deadline=deadline), receive)
    plane = service.plane
    begun = plane.begin(parsed, fresh=fresh)
    if isinstance(begun, Answers):
        return begun
    return await _while_connected(plane.finish(begun, fresh=fresh, deadline=deadline), receive)


async def _while_connected(work: Coroutine[Any, Any, Answers], receive: Receive) -> Answers:
    working = asyncio.ensure_future(work)
    gone = asyncio.ensure_future(_disconnected(receive))
    try:
        await asyncio.wait((working, gone), return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise ClientGoneError
        return working.result()
    finally:
        working.cancel()
        gone.cancel()


def truncated(answers: Iterable[Answer]) -> str:
    """Indexes of the items of which a part was left out, for the header.

    The first 100, then `+N` for N more: proxies refuse answers whose headers are over 4 kB.
    """
    indexes = [str(index) for index, answer in enumerate(answers) if answer.truncated]
    more = len(indexes) - _LISTED_INDEXES
    return ",".join(indexes if more <= 0 else [*indexes[:_LISTED_INDEXES], f"+{more}"])


def wants_fresh(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Whether `Cache-Control` asks for an answer that is not cached."""
    return any(name == b"cache-control" and b"no-cache" in value.lower() for name, value in headers)


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
