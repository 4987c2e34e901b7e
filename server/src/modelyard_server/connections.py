"""How connections end: announced with an answer, never under a request.

kube-proxy balances connections, not requests: a client that keeps its connection would stay with one pod
for ever. So each connection is ended after a while, a pod that serves no stable traffic any more ends its
connections with their next answers, and a pod that shuts down does so for a while before it goes. An
answer with `Connection: close` is the only end that can't cost a request
(https://www.rfc-editor.org/rfc/rfc9112#section-9.6): a client must not send another one after it.
"""

import random
import resource
import time
from collections.abc import Callable
from typing import Protocol

DEFAULT_MOST = 16_384
"""Connections at once; those beyond are told to come back. An idle one takes about 10 kB."""
_OTHER_FILES = 256
JITTER = 0.1
"""Share of the age by which connections differ, so that those of one moment do not end in one."""


class Connection(Protocol):
    """A connection as the policy sees it."""

    def end_with_this_answer(self) -> None:
        """Announce the end with the answer that is being worked on, if its head is not out yet."""

    def look(self, now: float) -> None:
        """End what its client lets hang.

        Args:
            now: Monotonic seconds.
        """


class ConnectionPolicy:
    """Decides how many connections there are, and which end with their next answer.

    Args:
        max_age: Seconds after which a connection ends; 0: never.
        clock: Monotonic seconds.
        uniform: Draws between two bounds.
    """

    def __init__(
        self,
        max_age: float,
        clock: Callable[[], float] = time.monotonic,
        uniform: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self._max_age = max_age
        self._clock = clock
        self._uniform = uniform
        self._connections: set[Connection] = set()
        self.closing = False
        self.most = DEFAULT_MOST

    def __len__(self) -> int:
        return len(self._connections)

    @property
    def full(self) -> bool:
        """Whether there is no room for one more connection."""
        return len(self._connections) >= self.most

    def opened(self, connection: Connection) -> float:
        """Note a connection; returns the moment from which on it is old."""
        self._connections.add(connection)
        if not self._max_age:
            return float("inf")
        return self._clock() + self._max_age * self._uniform(1 - JITTER, 1 + JITTER)

    def closed(self, connection: Connection) -> None:
        """Forget a connection."""
        self._connections.discard(connection)

    def ends(self, old_from: float) -> bool:
        """Whether a connection's next answer should be its last."""
        return self.closing or self._clock() >= old_from

    def close_all(self, closing: bool) -> None:
        """End every connection with its next answer, those being worked on included; or stop doing so."""
        self.closing = closing
        if closing:
            for connection in self._connections:
                connection.end_with_this_answer()

    def look(self) -> None:
        """Have every connection end what its client lets hang; called about once a second."""
        now = self._clock()
        for connection in list(self._connections):
            connection.look(now)


def raise_file_limit() -> int:
    """Raise the process' limit of open files as far as it may, and tell it.

    Container runtimes start processes with 1,024 for the sake of old programs that use select().
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def most_connections(files: int) -> int:
    """How many connections fit into a limit of open files, with room for everything else."""
    unlimited = files == resource.RLIM_INFINITY
    return DEFAULT_MOST if unlimited else max(1, min(DEFAULT_MOST, files - _OTHER_FILES))
