"""What the data plane asks of a batcher, and what a batcher asks of a model."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol

from modelyard_server.tasks.base import Answer, Item, Prepared

StageTimer = Callable[[str, float], None]
"""Hears how many seconds something spent in a stage."""


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


class DeadlineExceededError(Exception):
    """The client's deadline passed while its request waited; nobody wants its answer any more."""

    def __init__(self) -> None:
        super().__init__("the request's deadline passed before the model got to it")


class Runner(Protocol):
    """A model as a batcher sees it."""

    def prepare(self, items: Sequence[Item]) -> list[Prepared]:
        """Prepare items. Blocks; called from several threads at once.

        Raises:
            InvalidItemError: An item is wrong.
        """

    def infer(self, batch: Sequence[Prepared], timer: StageTimer) -> list[Answer]:
        """Answer one batch. Blocks; called from one thread at a time.

        Args:
            batch: The items.
            timer: Hears of the stages `batch`, `inference` and `postprocess` of each engine call.

        Raises:
            EngineError: The engine failed on it.
        """


class BatchMetrics(Protocol):
    """Hears what a batcher does, in the event loop's thread alone."""

    def stage(self, stage: str, seconds: float) -> None:
        """Items were in a stage."""

    def batch(self, items: int) -> None:
        """The engine ran items together."""

    def cost(self, seconds: float) -> None:
        """An item takes about so many CPU-seconds to answer."""


class Batcher(Protocol):
    """Gets items to the engine and their answers back."""

    @property
    def waiting(self) -> int:
        """How many items wait for the engine now."""

    def admit(self, count: int, nbytes: int) -> None:
        """Tell at once whether there is room for items of so many bytes in all.

        Raises:
            QueueFullError: There is none, or the server is shutting down.
        """

    def submit(self, items: Sequence[Item], deadline: float | None = None) -> asyncio.Future[list[Answer]]:
        """Answer items, in order.

        Args:
            items: The items of one request.
            deadline: Monotonic seconds after which nobody wants the answers; None: there is none.

        Returns:
            Gets the answers; cancelling it drops the items that do not run yet. Its exceptions:
            DeadlineExceededError, the deadline passed while the items waited; InvalidItemError, an item is
            wrong (its index is the one among `items`); EngineError, the engine failed on one of them.

        Raises:
            QueueFullError: There is no room, or the server is shutting down; nothing was queued.
            DeadlineExceededError: The deadline has passed already.
        """

    async def close(self) -> None:
        """End, once everything that was taken is answered; nothing is taken from now on."""
