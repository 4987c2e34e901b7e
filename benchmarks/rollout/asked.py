"""Requests to a deployment at a steady rate, each remembered with the time of its answer."""

import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count

import httpx

from benchmarks.rollout.candidates import WORD
from demo.load import REVISION_HEADER, TEXTS

KEEP_ALIVE = 2
"""Clients with one connection each."""
FRESH = 1
"""Clients that connect anew for each request."""
ASK_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer.

    Attributes:
        at: When it was there, in monotonic seconds.
        revision: Who gave it; None: nobody said.
        ok: It was a 200.
    """

    at: float
    revision: str | None
    ok: bool


class Answers:
    """The answers of a load, in the order in which they came from each client."""

    def __init__(self) -> None:
        self._all: list[Answer] = []

    def add(self, answer: Answer) -> None:
        """From any thread."""
        self._all.append(answer)

    def after(self, moment: float) -> list[Answer]:
        """Those that came then or later."""
        return [answer for answer in tuple(self._all) if answer.at >= moment]

    @property
    def failed(self) -> int:
        """How many were no 200."""
        return sum(not answer.ok for answer in tuple(self._all))


def shares(answers: Iterable[Answer]) -> dict[str, float]:
    """Per cent of the answers by the revision that gave them."""
    found = Counter(answer.revision for answer in answers if answer.revision is not None)
    return {revision: 100 * number / found.total() for revision, number in found.items()}


def last_of_others(answers: Iterable[Answer], revision: str, begin: float) -> float:
    """Seconds from `begin` to the last answer that `revision` did not give; 0: it gave all."""
    return max((answer.at - begin for answer in answers if answer.revision != revision), default=0.0)


def failed_for(answers: Iterable[Answer]) -> float:
    """Seconds from the first failed answer to the last.

    Raises:
        ValueError: None failed.
    """
    times = [answer.at for answer in answers if not answer.ok]
    if not times:
        raise ValueError("no request failed: the candidate was not asked, or is not as bad as it should be")
    return max(times) - min(times)


def settled(answers: Iterable[Answer], revision: str, least: int) -> bool:
    """Whether at least `least` of the answers are there, and `revision` gave the last `least` of them."""
    last = sorted(answers, key=lambda answer: answer.at)[-least:]
    return len(last) == least and all(answer.ok and answer.revision == revision for answer in last)


def ask(client: httpx.Client, url: str, number: int) -> Answer:
    """One request; no text comes twice."""
    text = f"{TEXTS[number % len(TEXTS)]}, {WORD}, and that {number} times"
    try:
        answer = client.post(f"{url}/predict", json={"text": [text]})
    except httpx.HTTPError:
        return Answer(time.monotonic(), None, False)
    return Answer(time.monotonic(), answer.headers.get(REVISION_HEADER), answer.is_success)


@contextmanager
def asking(url: str, headers: Mapping[str, str], rate: float) -> Iterator[Answers]:
    """Ask until the context ends.

    Args:
        url: The root.
        headers: Sent with each request.
        rate: Requests a second, of all clients together.
    """
    answers, stop, numbers = Answers(), threading.Event(), count()
    clients = KEEP_ALIVE + FRESH

    def run(index: int) -> None:
        client = httpx.Client(headers=headers, timeout=ASK_SECONDS)
        due = time.monotonic() + index / rate
        try:
            while not stop.wait(max(0.0, due - time.monotonic())):
                answers.add(ask(client, url, next(numbers)))
                due = max(due + clients / rate, time.monotonic())
                if index >= KEEP_ALIVE:
                    client.close()
                    client = httpx.Client(headers=headers, timeout=ASK_SECONDS)
        finally:
            client.close()

    threads = [
        threading.Thread(target=run, args=(index,), name=f"requests {index}") for index in range(clients)
    ]
    for thread in threads:
        thread.start()
    try:
        yield answers
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def asked(url: str, headers: Mapping[str, str], number: int, at_once: int = 8) -> list[Answer]:
    """The answers to `number` requests, `at_once` in flight."""
    answers, numbers = Answers(), iter(range(number))
    lock = threading.Lock()

    def run() -> None:
        with httpx.Client(headers=headers, timeout=ASK_SECONDS) as client:
            while True:
                with lock:
                    following = next(numbers, None)
                if following is None:
                    return
                answers.add(ask(client, url, following))

    threads = [threading.Thread(target=run) for _ in range(at_once)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers.after(0)
