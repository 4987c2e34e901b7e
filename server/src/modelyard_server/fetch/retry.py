"""Trying again, for as long as a store that can't be reached deserves."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar

import structlog

from modelyard_server import contract
from modelyard_server.report import SourceError

T = TypeVar("T")

FIRST_DELAY: Final = 0.5
LONGEST_DELAY: Final = 15.0


def _nothing() -> int:
    return 0


@dataclass(frozen=True, slots=True)
class Patience:
    """Exponential back-off with full jitter below a budget of time without progress.

    The jitter keeps the pods of one revision from asking a recovering store in step
    (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/).

    Attributes:
        budget: Seconds without progress after which the error is final.
        monotonic: The clock, in seconds.
        sleep: Waits that many seconds.
        uniform: A random number between two bounds.
    """

    budget: float = 60.0
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    uniform: Callable[[float, float], float] = random.uniform

    def call(self, operation: Callable[[], T], progress: Callable[[], int] = _nothing) -> T:
        """Do something until it succeeds, fails for good or the budget is spent.

        Args:
            operation: What to do; it raises SourceError.
            progress: A number that grows while things go well; growth renews the budget.

        Raises:
            SourceError: Of the last try. Only StoreUnreachable is tried again.
        """
        started = self.monotonic()
        reached = progress()
        delays = 0
        while True:
            try:
                return operation()
            except SourceError as error:
                if error.permanent or error.reason != contract.REASON_UNREACHABLE:
                    raise
                if progress() > reached:
                    started, reached, delays = self.monotonic(), progress(), 0
                ceiling = min(LONGEST_DELAY, FIRST_DELAY * 2**delays)
                delay = self.uniform(ceiling / 2, ceiling)
                if self.monotonic() + delay - started > self.budget:
                    raise
                structlog.get_logger().warning(
                    "store unreachable, trying again", error=error.message, delay_s=round(delay, 2)
                )
                self.sleep(delay)
                delays += 1
