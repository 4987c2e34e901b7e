"""Which requests are compared: decided by their names, so that both revisions choose the same ones."""

import functools
import hashlib
from typing import Final, NamedTuple

_SPAN: Final = 2.0**64


class Draw(NamedTuple):
    """Two numbers of at least 0 and under 1 that a request's name stands for, independent of each other.

    Attributes:
        first: Decides whether it is copied and compared.
        second: Decides whether its stable answer is compared with itself, too.
    """

    first: float
    second: float


def draw(pair: str, request_id: bytes) -> Draw:
    """The numbers of a request; other ones in each pair, so that no client is always among the chosen.

    Args:
        pair: The revisions that are compared.
        request_id: The request's name.
    """
    state = hashlib.blake2b(request_id, digest_size=16, key=_key(pair)).digest()
    return Draw(
        int.from_bytes(state[:8], "big") / _SPAN,
        int.from_bytes(state[8:], "big") / _SPAN,
    )


@functools.lru_cache(maxsize=8)
def _key(pair: str) -> bytes:
    return hashlib.sha256(pair.encode()).digest()
