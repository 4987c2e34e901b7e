"""An answer before it is put on the wire, and how refusals become one."""

from collections.abc import Coroutine
from typing import Any, NamedTuple

from starlette.types import Send

from modelyard_server.edge.exchange import Exchange
from modelyard_server.errors import InvalidRequestError, ProblemError

Headers = list[tuple[bytes, bytes]]

REQUEST_ID = b"x-request-id"
TRACE = b"traceresponse"
"""https://www.w3.org/TR/trace-context-2/#traceresponse-header"""
JSON = (b"content-type", b"application/json")
_PROBLEM_JSON = (b"content-type", b"application/problem+json")


class Reply(NamedTuple):
    """A whole answer.

    Attributes:
        status: HTTP status.
        body: Its body.
        headers: Its headers, without `Content-Length`.
        items: How many items it answers.
    """

    status: int
    body: bytes
    headers: Headers
    items: int = 0


Later = Coroutine[Any, Any, Reply]
"""Comes to an answer; to be cancelled when its client goes away."""


def refusal(error: InvalidRequestError | ProblemError) -> Reply:
    """The answer to a request that failed, in FastAPI's shape or as problem+json.

    Args:
        error: Why.
    """
    if isinstance(error, InvalidRequestError):
        return Reply(422, error.body(), [JSON])
    return Reply(error.status, error.body(), problem_headers(error))


def name(reply: Reply, exchange: Exchange) -> None:
    """Put into an answer which request, and which trace, it belongs to."""
    reply.headers.append((REQUEST_ID, exchange.request_id))
    if exchange.trace is not None:
        reply.headers.append((TRACE, exchange.trace.header.encode()))


def problem_headers(problem: ProblemError) -> Headers:
    """The headers of a problem's answer."""
    headers: Headers = [_PROBLEM_JSON]
    if problem.retry_after is not None:
        headers.append((b"retry-after", b"%d" % problem.retry_after))
    headers += [(name.encode(), value.encode()) for name, value in problem.headers.items()]
    return headers


async def send_reply(send: Send, reply: Reply) -> None:
    """Send a whole answer."""
    headers = [*reply.headers, (b"content-length", b"%d" % len(reply.body))]
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": reply.body})
