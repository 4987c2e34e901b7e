"""Reading a request's body with a limit that holds before anything is parsed."""

from collections.abc import Mapping

from starlette.types import Receive

from modelyard_server.errors import ProblemError, body_too_large

# What a client has under way is read and thrown away up to here: a connection that is closed with data
# unread is reset, and the client would never see why.
_DISCARD_LIMIT = 64 * 1024 * 1024


class ClientGoneError(Exception):
    """The client went away before its request was complete."""


async def read_body(receive: Receive, limit: int) -> bytes:
    """Read a body.

    Args:
        receive: ASGI's.
        limit: Most bytes.

    Raises:
        ProblemError: 413, the body is larger.
        ClientGoneError: The client went away.
    """
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGoneError
        chunk: bytes = message.get("body", b"")
        more = message.get("more_body", False)
        size += len(chunk)
        if size > limit:
            chunks.clear()
            if not more or size > _DISCARD_LIMIT:
                raise body_too_large(limit)
            continue
        if not more and not chunks:
            return chunk
        chunks.append(chunk)
        if not more:
            return b"".join(chunks)


def expects_continue_over(headers: Mapping[bytes, bytes], limit: int) -> ProblemError | None:
    """A client that asks before it sends (`Expect: 100-continue`) hears at once that it need not."""
    length = headers.get(b"content-length", b"")
    if b"expect" in headers and length.isdigit() and int(length) > limit:
        return body_too_large(limit)
    return None
