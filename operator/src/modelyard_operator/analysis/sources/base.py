"""What every source of numbers shares."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import aiohttp

from modelyard_operator.analysis.counts import Reading

READ_LIMIT = 65_536
"""Bytes that are read at once."""


class SourceError(Exception):
    """A source gave nothing to go by; the message says what happened and what to do."""


@dataclass(frozen=True, slots=True)
class Look:
    """What a source said at one moment."""

    readings: Mapping[str, Reading] = field(default_factory=dict)
    """By pod uid."""
    trouble: str | None = None
    """Why it said nothing, or the first reason why some pods are missing."""


async def body(response: aiohttp.ClientResponse, limit: int) -> bytes:
    """An answer's body.

    Raises:
        SourceError: it is longer than `limit` bytes.
    """
    content = bytearray()
    while chunk := await response.content.read(READ_LIMIT):
        content += chunk
        if len(content) > limit:
            raise SourceError(f"its answer is over {limit >> 20} MiB")
    return bytes(content)


def reason(error: BaseException, seconds: float) -> str:
    """Why a request came to nothing, in words."""
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return "no connection: nothing answers at its address"
    if isinstance(error, TimeoutError):
        return f"no answer within {seconds:g} s"
    if isinstance(error, (UnicodeError, aiohttp.InvalidURL)):
        return "its address cannot be one: a part of its host may be empty or too long, or its port too large"
    return str(error) or type(error).__name__
