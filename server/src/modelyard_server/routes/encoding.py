"""Bodies that come compressed: inflated no further than a body may be large.

https://www.rfc-editor.org/rfc/rfc9110#section-8.4
"""

import zlib
from collections.abc import Mapping
from typing import Final

from modelyard_server.errors import InvalidRequestError, ProblemError, body_too_large

# zlib's: the head says whether it is gzip's format or zlib's.
_EITHER_FORMAT: Final = 32 + zlib.MAX_WBITS
_MAX_MEMBERS: Final = 100
ACCEPTED: Final = "gzip, deflate"
CONTENT_ENCODING: Final = b"content-encoding"


def check_encoding(headers: Mapping[bytes, bytes]) -> bool:
    """Whether a body is compressed.

    Args:
        headers: The request's headers by lower-case name.

    Raises:
        ProblemError: 415, in a way that the server does not read.
    """
    encoding = headers.get(CONTENT_ENCODING, b"").decode("latin-1")
    name = encoding.strip().lower()
    if name in {"", "identity"}:
        return False
    if name in {"gzip", "x-gzip", "deflate"}:
        return True
    raise ProblemError(
        415,
        "The content encoding is not served",
        f"the body comes as {encoding[:50]!r}: send it plain, or in one of {ACCEPTED}",
        headers={"accept-encoding": ACCEPTED},
    )


def inflate(body: bytes, limit: int) -> bytes:
    """Decompress a body of gzip's or zlib's format.

    Args:
        body: As it came.
        limit: Most bytes that it may have; no more memory than that is taken.

    Raises:
        ProblemError: 413, it would have more.
        InvalidRequestError: It is not of either format, or cut off.
    """
    parts = []
    size = 0
    for _ in range(_MAX_MEMBERS):
        member = zlib.decompressobj(wbits=_EITHER_FORMAT)
        try:
            part = member.decompress(body, limit - size + 1)
        except zlib.error as error:
            raise InvalidRequestError(["body"], f"the body can't be decompressed: {error}") from None
        size += len(part)
        if size > limit:
            raise body_too_large(limit)
        parts.append(part)
        if not member.eof:
            raise InvalidRequestError(["body"], "the compressed body ends too early")
        # gzip files may be put one behind the other.
        body = member.unused_data
        if not body:
            return b"".join(parts)
    raise InvalidRequestError(["body"], f"the body has over {_MAX_MEMBERS} compressed parts: send one")
