"""Reading a request's body with a limit that holds before anything is parsed."""

from collections.abc import Mapping

from starlette.types import Receive

from modelyard_server.errors import ProblemError, bodies_full, body_too_large

# What a client has under way is read and thrown away up to here: a connection that is closed with data
# unread is reset, and the client would never see why.
_DISCARD_LIMIT = 64 * 1024 * 1024


class ClientGoneError(Exception):
    """The client went away before its request was complete."""


class BodyReader:
    """Reads bodies, and holds only so many bytes of those that are not complete yet.

    Args:
        limit: Most bytes of one body.
        room: Most bytes of all bodies on their way together; a single one may always be read.
    """

    def __init__(self, limit: int, room: int) -> None:
        self._limit = limit
        self._room = room
        self._held = 0

    @property
    def held(self) -> int:
        """Bytes of the bodies on their way."""
        return self._held

    async def read(self, receive: Receive) -> bytes:
        """Read a body.

        Args:
            receive: ASGI's.

        Raises:
            ProblemError: 413, the body is larger than the limit; 503, there is no room for it now.
            ClientGoneError: The client went away.
        """
        chunks: list[bytes] = []
        size = 0
        try:
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise ClientGoneError
                chunk: bytes = message.get("body", b"")
                more = message.get("more_body", False)
                size += len(chunk)
                if size > self._limit:
                    self._held -= sum(map(len, chunks))
                    chunks.clear()
                    if not more or size > _DISCARD_LIMIT:
                        raise body_too_large(self._limit)
                    continue
                if not more and not chunks:
                    return chunk
                chunks.append(chunk)
                self._held += len(chunk)
                if self._held > max(self._room, size):
                    raise bodies_full(self._held)
                if not more:
                    return b"".join(chunks)
        finally:
            self._held -= sum(map(len, chunks))


def expects_continue_over(headers: Mapping[bytes, bytes], limit: int) -> ProblemError | None:
    """A client that asks before it sends (`Expect: 100-continue`) hears at once that it need not."""
    length = headers.get(b"content-length", b"")
    if b"expect" in headers and length.isdigit() and int(length) > limit:
        return body_too_large(limit)
    return None
