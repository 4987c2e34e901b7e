"""What the data plane asks of a batcher, whatever its strategy."""

from collections.abc import Callable, Sequence
from typing import Protocol

from modelyard_server.tasks.base import Answer, Item

RunBatch = Callable[[Sequence[Item]], list[Answer]]
"""Answers one batch; blocks."""


class QueueFullError(Exception):
    """More items wait than may wait.

    Attributes:
        waiting: How many items wait.
        retry_after: Whole seconds after which there should be room, at least 1.
    """

    def __init__(self, waiting: int, retry_after: int) -> None:
        super().__init__(f"{waiting} items wait")
        self.waiting = waiting
        self.retry_after = retry_after


class Batcher(Protocol):
    """Gets items to the engine and their answers back."""

    @property
    def waiting(self) -> int:
        """How many items wait for the engine now."""

    async def submit(self, items: Sequence[Item]) -> list[Answer]:
        """Answer items, in order. Cancelling drops those that do not run yet.

        Raises:
            QueueFullError: There is no room; nothing was queued.
            EngineError: The engine failed on one of them.
        """

    async def close(self) -> None:
        """End; what waits fails with EngineError."""
