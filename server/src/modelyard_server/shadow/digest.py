"""What stands for a request's answers in a comparison: sketches of the first of them, and nothing asked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from modelyard_server.shadow.compare import Comparer, Difference
from modelyard_server.shadow.dropped import Dropped, DroppedError
from modelyard_server.tasks.base import Answer

MAX_ITEMS: Final = 32
"""Items of a request that are compared: the first ones."""
MAX_ANSWER_BYTES: Final = 256 * 1024
"""Bytes of answers that are looked at; items behind them are not compared."""
MAX_DIGEST_BYTES: Final = 64 * 1024
_NUMBERS: Final = 4096
_NUMBERS_OF_ONE: Final = 256
_VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class Digest:
    """What stands for the answers to a request.

    Attributes:
        kind: Of the comparer that made it.
        items: A sketch an item.
    """

    kind: str
    items: Sequence[Any]

    def pack(self) -> bytes:
        """The digest as bytes.

        Raises:
            DroppedError: It is too large.
        """
        packed = orjson.dumps({"version": _VERSION, "kind": self.kind, "items": self.items})
        if len(packed) > MAX_DIGEST_BYTES:
            raise DroppedError(Dropped.LARGE)
        return packed

    @classmethod
    def unpack(cls, packed: bytes) -> "Digest":
        """A digest that another pod left.

        Raises:
            DroppedError: It can't be read; the other revision's server makes others.
        """
        try:
            read = orjson.loads(packed)
        except orjson.JSONDecodeError:
            raise DroppedError(Dropped.UNREADABLE) from None
        if not isinstance(read, Mapping) or read.get("version") != _VERSION:
            raise DroppedError(Dropped.UNREADABLE)
        kind, items = read.get("kind"), read.get("items")
        if not isinstance(kind, str) or not isinstance(items, list):
            raise DroppedError(Dropped.UNREADABLE)
        return cls(kind, items)


def digest(comparer: Comparer, answers: Sequence[Answer]) -> Digest:
    """Make the digest of a request's answers.

    Args:
        comparer: Knows them.
        answers: An entry an item.

    Raises:
        DroppedError: The first is too large.
    """
    entries: list[Any] = []
    size = 0
    for answer in answers[:MAX_ITEMS]:
        size += len(answer.fragment)
        if size > MAX_ANSWER_BYTES:
            break
        entries.append(orjson.loads(answer.fragment))
    if not entries:
        raise DroppedError(Dropped.LARGE)
    return sketched(comparer, entries, len(answers))


def sketched(comparer: Comparer, entries: Sequence[Any], count: int) -> Digest:
    """Make the digest of the first entries of `predictions`.

    Args:
        comparer: Knows them.
        entries: The entries.
        count: How many items the request has: how many numbers each may have depends on it.

    Raises:
        DroppedError: They are of another kind.
    """
    room = max(1, min(_NUMBERS_OF_ONE, _NUMBERS // min(count, MAX_ITEMS)))
    try:
        return Digest(comparer.kind, [comparer.sketch(entry, room) for entry in entries])
    except (TypeError, ValueError, KeyError, IndexError):
        raise DroppedError(Dropped.UNREADABLE) from None


def differences(comparer: Comparer, stable: Digest, candidate: Digest) -> list[Difference]:
    """Compare two digests, item by item.

    Args:
        comparer: Made the digest of this pod.
        stable: The stable pod's.
        candidate: The candidate's.

    Raises:
        DroppedError: One of them is none of its kind.
    """
    pairs = list(zip(stable.items, candidate.items, strict=False))
    if stable.kind != candidate.kind:
        return [Difference(True, {}) for _ in pairs]
    try:
        return [comparer.compare(one, other) for one, other in pairs]
    except (TypeError, ValueError, KeyError, IndexError):
        raise DroppedError(Dropped.UNREADABLE) from None
