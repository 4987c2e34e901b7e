"""Who asks."""

from enum import StrEnum
from typing import NamedTuple


class Kind(StrEnum):
    """How somebody is known."""

    KEY = "key"
    TOKEN = "token"  # noqa: S105 - no secret
    ADDRESS = "address"


class Identity(NamedTuple):
    """Somebody who asks; rate limits count by it.

    Attributes:
        kind: How they are known.
        name: The API key's file name, the token's `sub`, or the peer's address. The address is the
            connection's own: headers that name another one can be written by anybody.
    """

    kind: Kind
    name: str
