"""Items on their way to the engine: how many, how heavy, and which of them nobody wants any more."""

from collections import deque
from collections.abc import Iterable, Sequence

from modelyard_server.batching.jobs import Entry, Job, Span


class Waiting:
    """What waits, unprepared and prepared, oldest first.

    Args:
        max_items: Most items. A single request may be larger while nothing else waits.
        max_bytes: Most bytes of items under way; a single request may be larger while nothing else is.

    Attributes:
        raw: What is not prepared yet.
        ready: What is.
        items: How many items wait, those that are being prepared included.
        nbytes: Bytes of the items under way: those that wait, and those that the engine has.
    """

    def __init__(self, max_items: int, max_bytes: int) -> None:
        self.raw: deque[Span] = deque()
        self.ready: list[Entry] = []
        self.items = 0
        self.nbytes = 0
        self._max_items = max_items
        self._max_bytes = max_bytes

    def has_room(self, items: int, nbytes: int) -> bool:
        """Whether so many more items, of so many bytes in all, may come."""
        full = self.items > 0 and self.items + items > self._max_items
        heavy = self.nbytes > 0 and self.nbytes + nbytes > self._max_bytes
        return not (full or heavy)

    def add(self, job: Job, nbytes: int) -> None:
        """A job comes."""
        self.raw.append(Span(job, 0, len(job.items)))
        self.items += len(job.items)
        self.nbytes += nbytes

    def take_raw(self, most: int) -> list[Span]:
        """Take the oldest unprepared items, up to so many, out."""
        spans: list[Span] = []
        while self.raw and most:
            span = self.raw.popleft()
            if len(span) > most:
                cut = span.start + most
                self.raw.appendleft(Span(span.job, cut, span.stop))
                span = Span(span.job, span.start, cut)
            spans.append(span)
            most -= len(span)
        return spans

    def take_ready(self, indexes: Sequence[int]) -> list[Entry]:
        """Take prepared items out, in the order of their indexes as they are given."""
        taken = [self.ready[index] for index in indexes]
        for index in sorted(indexes, reverse=True):
            del self.ready[index]
        return taken

    def put_back(self, entries: Iterable[Entry]) -> None:
        """Items that went to the engine and did not fit wait on, before all others."""
        back = [entry for entry in entries if not entry.job.over]
        for entry in back:
            entry.job.begun -= 1
        self.items += len(back)
        self.ready[:0] = back

    def begin(self, job: Job, items: int) -> None:
        """The engine gets so many items of a job."""
        job.begun += items
        self.items -= items

    def forget(self, job: Job) -> bool:
        """Make the room of a job's waiting items free; returns whether it had any."""
        unbegun = len(job.items) - job.begun
        if unbegun == 0:
            return False
        job.begun = len(job.items)
        self.items -= unbegun
        self.raw = deque(span for span in self.raw if span.job is not job)
        self.ready = [entry for entry in self.ready if entry.job is not job]
        return True
