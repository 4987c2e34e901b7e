"""What the data plane asks of a cache of answers."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from modelyard_server.tasks.base import Answer


class Cache(Protocol):
    """Keeps answers by key. A look-up never raises: what it can't tell is a miss."""

    def get_local(self, keys: Sequence[bytes]) -> list[Answer | None]:
        """Look up what this process holds, without waiting."""

    async def get_remote(self, keys: Sequence[bytes]) -> list[Answer | None]:
        """Look up what the process does not hold; called with the keys that `get_local` missed."""

    def put(self, answers: Mapping[bytes, Answer]) -> None:
        """Keep answers; what takes time is done after the call."""

    async def swap(self, name: bytes, value: bytes, seconds: int) -> bytes | None:
        """Put a value where the deployment's other pods find it, and get what stood there.

        Args:
            name: Of the value, among those of the deployment.
            value: What stands there from now on.
            seconds: How long it does.

        Raises:
            CacheUnreachableError: There is no such place, or it does not answer.
        """

    async def purge(self) -> None:
        """Forget every answer of the deployment, whatever its revision.

        Raises:
            CacheUnreachableError: What is kept outside this process could not be forgotten.
        """

    async def close(self) -> None:
        """End, giving up what is not written yet."""


class CacheUnreachableError(Exception):
    """The cache outside this process does not answer; the message is its client's."""


class CacheMetrics(Protocol):
    """Hears what a cache does."""

    def looked_up(self, level: str, hits: int, misses: int) -> None:
        """Keys were looked up in `memory` or `redis`."""

    def stage(self, stage: str, seconds: float) -> None:
        """A request spent so long in stage `cache`: asking Redis."""

    def exchanged(self, sent: int, received: int) -> None:
        """Bytes of names and values went to Redis and came from it."""

    def failed(self, operation: str) -> None:
        """Redis did not answer a `get` or `set`, or it was not asked to (`dropped`)."""

    def breaker(self, is_open: bool) -> None:
        """Redis is left alone for a while, or is asked again."""
