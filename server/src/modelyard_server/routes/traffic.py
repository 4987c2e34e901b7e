"""What every prediction route does around the data plane, whatever its protocol."""

import asyncio
from collections.abc import Callable, Iterable

import structlog
from starlette.types import Receive, Send

from modelyard_server.batching.base import QueueFullError
from modelyard_server.dataplane import Answers, DataPlane
from modelyard_server.engines.base import EngineError
from modelyard_server.errors import inference_failed, queue_full
from modelyard_server.routes.body import ClientGoneError
from modelyard_server.tasks.base import Answer, Parsed

log = structlog.get_logger(__name__)

Headers = list[tuple[bytes, bytes]]

_LISTED_INDEXES = 100
# About a millisecond of parsing.
_LARGE_BODY = 128 * 1024

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
    return read() if size < _LARGE_BODY else await asyncio.to_thread(read)


async def answer(plane: DataPlane, parsed: Parsed, receive: Receive, *, fresh: bool) -> Answers:
    """Get a request's answers; its work is dropped when its client goes away.

    Args:
        plane: The data plane.
        parsed: The request, its body read to the end.
        receive: ASGI's.
        fresh: Whether the client wants no cached answer.

    Raises:
        ClientGoneError: The client went away.
        ProblemError: 503, the queue is full; 500, the model failed.
    """
    begun = plane.begin(parsed, fresh=fresh)
    if isinstance(begun, Answers):
        return begun
    work = asyncio.ensure_future(plane.finish(begun, fresh=fresh))
    gone = asyncio.ensure_future(_disconnected(receive))
    try:
        await asyncio.wait((work, gone), return_when=asyncio.FIRST_COMPLETED)
        if not work.done():
            raise ClientGoneError
        return work.result()
    except QueueFullError as error:
        raise queue_full(error.waiting, error.retry_after) from error
    except EngineError as error:
        log.warning("inference failed", error=str(error))
        raise inference_failed(str(error)) from error
    finally:
        work.cancel()
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


async def send_answer(send: Send, status: int, body: bytes, headers: Headers) -> None:
    """Send a whole answer."""
    headers.append((b"content-length", b"%d" % len(body)))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
