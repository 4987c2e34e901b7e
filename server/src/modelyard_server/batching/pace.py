"""What items have cost of late: the batcher plans with it, and metrics tell it."""

import math

from modelyard_server.batching.work import Preparation, Run

# Weight of the newest batch in moving averages.
_SMOOTHING = 0.2
_LONGEST_RETRY = 30


class Pace:
    """Moving averages of an item's seconds and bytes; 0 until something was measured.

    Args:
        threads: Threads that the engine uses, to tell its CPU-seconds.

    Attributes:
        prepare_seconds: Seconds to prepare an item.
        prepared_bytes: Bytes of its tensors.
    """

    def __init__(self, threads: int) -> None:
        self.prepare_seconds = 0.0
        self.prepared_bytes = 0.0
        self._threads = threads
        self._run_seconds = 0.0
        self._engine_seconds = 0.0

    def prepared(self, done: Preparation) -> None:
        """Learn from items that were prepared."""
        count = len(done.entries)
        self.prepare_seconds = _smooth(self.prepare_seconds, done.seconds / count)
        nbytes = sum(entry.nbytes for entry in done.entries)
        self.prepared_bytes = _smooth(self.prepared_bytes, nbytes / count)

    def ran(self, done: Run) -> None:
        """Learn from items that were answered."""
        count = len(done.answered)
        engine = sum(seconds for stage, seconds in done.stages if stage == "inference")
        self._run_seconds = _smooth(self._run_seconds, done.seconds / count)
        self._engine_seconds = _smooth(self._engine_seconds, engine / count)

    @property
    def cost(self) -> float:
        """CPU-seconds to prepare and answer an item."""
        one_thread = self.prepare_seconds + self._run_seconds - self._engine_seconds
        return one_thread + self._engine_seconds * self._threads

    def retry_after(self, waiting: int) -> int:
        """Whole seconds until so many items are done."""
        return max(1, min(_LONGEST_RETRY, math.ceil(waiting * self._run_seconds)))


def _smooth(known: float, new: float) -> float:
    return new if known == 0 else known + _SMOOTHING * (new - known)
