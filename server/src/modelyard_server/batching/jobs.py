"""What waits: requests' items on their way to the engine."""

import asyncio
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field

from modelyard_server.tasks.base import Answer, Item, Prepared


@dataclass(slots=True, eq=False)
class Job:
    """The items of one request. Its state changes in the event loop's thread alone.

    Attributes:
        items: The items.
        future: Gets the answers, in order.
        since: Monotonic seconds when it came.
        deadline: Monotonic seconds after which nobody wants the answers; None: there is none.
        answers: The answers so far.
        left: How many are missing.
        begun: How many items the engine has or had.
        timer: Ends the job at its deadline.
    """

    items: Sequence[Item]
    future: asyncio.Future[list[Answer]]
    since: float
    deadline: float | None
    answers: list[Answer | None] = field(init=False)
    left: int = field(init=False)
    begun: int = 0
    timer: asyncio.TimerHandle | None = None

    def __post_init__(self) -> None:
        self.left = len(self.items)
        self.answers = [None] * self.left

    @property
    def over(self) -> bool:
        """Whether nobody waits for it any more; may be asked from any thread."""
        return self.future.done()


@dataclass(frozen=True, slots=True)
class Span:
    """Neighbouring items of a job, not prepared yet.

    Attributes:
        job: The job.
        start: Index of the first.
        stop: Index after the last.
    """

    job: Job
    start: int
    stop: int

    def __len__(self) -> int:
        return self.stop - self.start

    @property
    def items(self) -> Sequence[Item]:
        """The items."""
        return self.job.items[self.start : self.stop]


class Entry:
    """A prepared item that waits for the engine.

    Args:
        job: The item's job.
        index: Its index therein.
        prepared: The item.
    """

    __slots__ = ("group", "index", "job", "nbytes", "prepared", "size")

    def __init__(self, job: Job, index: int, prepared: Prepared) -> None:
        self.job = job
        self.index = index
        self.prepared = prepared
        self.size = prepared.size
        self.group: Hashable = prepared.group
        self.nbytes = prepared.nbytes
