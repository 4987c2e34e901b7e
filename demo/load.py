"""Steady requests through a gateway while something else happens, and what came of them."""

import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count

import httpx

REVISION_HEADER = "x-modelyard-revision"
THINGS = ("film", "book", "meal", "room", "phone", "song", "trip", "game", "coat", "lamp", "course", "bank")
VERDICTS = ("wonderful", "dreadful", "a delight", "a waste of time", "well made", "broken", "dull", "superb")
TEXTS = tuple(f"The {thing} was {verdict}" for thing in THINGS for verdict in VERDICTS)


@dataclass(slots=True)
class Tally:
    """What requests got.

    Attributes:
        failed: Requests without a 200.
        revisions: Answers by the revision that gave them.
    """

    failed: int = 0
    revisions: Counter[str] = field(default_factory=Counter)
    _last: Counter[str] = field(default_factory=Counter)

    @property
    def answered(self) -> int:
        """How many got a 200."""
        return self.revisions.total()

    def since(self) -> Counter[str]:
        """Answers by revision since this was last asked."""
        now = Counter(self.revisions)
        new, self._last = now - self._last, now
        return new


@contextmanager
def asking(url: str, headers: Mapping[str, str], rate: float) -> Iterator[Tally]:
    """Ask for predictions until the context ends.

    Args:
        url: Where.
        headers: Sent with each request.
        rate: Requests a second.
    """
    tally, stop = Tally(), threading.Event()

    def ask() -> None:
        with httpx.Client(headers=headers, timeout=10) as client:
            began = time.monotonic()
            for number in count(1):
                try:
                    # No text comes twice: what a cache answers tells nothing of a model.
                    text = f"{TEXTS[number % len(TEXTS)]}, and that {number} times"
                    answer = client.post(url, json={"text": [text]})
                    if answer.is_success:
                        tally.revisions[answer.headers[REVISION_HEADER]] += 1
                    else:
                        tally.failed += 1
                except httpx.HTTPError:
                    tally.failed += 1
                if stop.wait(max(0.0, began + number / rate - time.monotonic())):
                    return

    thread = threading.Thread(target=ask, name="requests")
    thread.start()
    try:
        yield tally
    finally:
        stop.set()
        thread.join()
