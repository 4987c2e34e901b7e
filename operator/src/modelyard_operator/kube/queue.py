"""The work queue: keys, each at most once, never at two workers, later if asked, backing off on failure.

The same rules as client-go's workqueue: a key that is added while a worker has it is given out again after
that worker is done. And one more: a key whose time has come goes before those that something happened to,
so that what is to be done at a moment is not late by all that happens at once. Every `TURN`th key is one of
the others, so that these wait longer and never for ever.
"""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable
from random import Random
from typing import Generic, TypeVar

from modelyard_operator.kube import metrics

K = TypeVar("K", bound=Hashable)

FIRST_BACKOFF = 0.5
LAST_BACKOFF = 300.0
TURN = 8


class WorkQueue(Generic[K]):
    """Keys that want work. Only for use within one event loop."""

    def __init__(
        self,
        random: Random,
        clock: Callable[[], float],
        first_backoff: float = FIRST_BACKOFF,
        last_backoff: float = LAST_BACKOFF,
    ) -> None:
        """An empty queue.

        Args:
            random: jitter of back-offs.
            clock: monotonic seconds.
            first_backoff: the pause after a first failure, in seconds, before jitter.
            last_backoff: the longest pause, in seconds.
        """
        self._random = random
        self._clock = clock
        self._first = first_backoff
        self._last = last_backoff
        self._ready: OrderedDict[K, None] = OrderedDict()
        self._due: OrderedDict[K, None] = OrderedDict()
        """As `_ready`: those whose time has come."""
        self._in_a_row = 0
        """Keys of `_due` that were given out while others waited."""
        self._since: dict[K, float] = {}
        """Keys that want work, in `_due` or `_ready` or behind a worker that has them, and since when."""
        self._running: dict[K, float] = {}
        self._timers: dict[K, asyncio.TimerHandle] = {}
        self._failures: dict[K, int] = {}
        self._waiters: deque[asyncio.Future[None]] = deque()

    @property
    def depth(self) -> int:
        """Keys that wait for a worker."""
        return len(self._since)

    @property
    def is_late(self) -> bool:
        """Whether a key waits whose time has come."""
        return bool(self._due)

    @property
    def longest_running(self) -> float:
        """Seconds that the key which has been in work the longest is in work."""
        return self._clock() - min(self._running.values()) if self._running else 0.0

    @property
    def longest_waiting(self) -> float:
        """Seconds that the key which has been waiting the longest waits."""
        return self._clock() - min(self._since.values()) if self._since else 0.0

    def add(self, key: K) -> None:
        """This key wants work now."""
        self._add(key, self._ready)

    def add_after(self, key: K, seconds: float) -> None:
        """This key wants work in so many seconds, unless it gets some before: the earliest time counts.

        It is then given out before keys that were added without a time.
        """
        self._after(key, seconds, self._punctual)

    def _after(self, key: K, seconds: float, then: Callable[[K], None]) -> None:
        if seconds <= 0:
            self.add(key)
            return
        loop = asyncio.get_running_loop()
        due = loop.time() + seconds
        timer = self._timers.get(key)
        if timer is not None:
            if timer.when() <= due:
                return
            timer.cancel()
        self._timers[key] = loop.call_at(due, self._over, key, then)

    def retry(self, key: K) -> float:
        """Work on this key failed: it wants more after a pause that doubles; answers the pause in seconds."""
        failures = self._failures.get(key, 0)
        self._failures[key] = failures + 1
        pause = min(self._last, self._first * 2.0 ** min(failures, 32)) * self._random.uniform(0.75, 1.25)
        self._after(key, pause, self.add)
        return pause

    def forget(self, key: K) -> None:
        """Work on this key succeeded: the next failure is a first one."""
        self._failures.pop(key, None)

    async def get(self) -> tuple[K, float]:
        """The next key, and when it was added (by the clock). The caller must call `done` for it."""
        while not self._ready and not self._due:
            waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiters.append(waiter)
            try:
                await waiter
            except asyncio.CancelledError:
                if waiter.done() and not waiter.cancelled():
                    self._wake_one()
                raise
        key = self._next()
        since = self._since.pop(key)
        now = self._clock()
        self._running[key] = now
        # Its plan will say when to look again: a time that an older plan asked for is moot.
        timer = self._timers.pop(key, None)
        if timer is not None:
            timer.cancel()
        metrics.QUEUE_DEPTH.set(len(self._since))
        metrics.QUEUE_SECONDS.observe(now - since)
        return key, since

    def done(self, key: K) -> None:
        """The worker is done with this key."""
        del self._running[key]
        if key in self._since:
            self._ready[key] = None
            self._wake_one()

    def _next(self) -> K:
        if not self._due or (self._ready and self._in_a_row >= TURN - 1):
            self._in_a_row = 0
            return self._ready.popitem(last=False)[0]
        self._in_a_row = self._in_a_row + 1 if self._ready else 0
        return self._due.popitem(last=False)[0]

    def _over(self, key: K, then: Callable[[K], None]) -> None:
        del self._timers[key]
        then(key)

    def _punctual(self, key: K) -> None:
        if key in self._ready:
            del self._ready[key]
            self._due[key] = None
        self._add(key, self._due)

    def _add(self, key: K, lane: OrderedDict[K, None]) -> None:
        if key in self._since:
            return
        self._since[key] = self._clock()
        if key not in self._running:
            lane[key] = None
            self._wake_one()
        metrics.QUEUE_DEPTH.set(len(self._since))

    def _wake_one(self) -> None:
        while self._waiters:
            waiter = self._waiters.popleft()
            if not waiter.done():
                waiter.set_result(None)
                return
