"""Token buckets: how often each identity may ask.

A bucket holds `burst` requests and fills at a rate; a request takes one out. Buckets are of this process: a
deployment of N pods admits up to N times as much.
"""

import math
from collections import OrderedDict
from collections.abc import Callable

from modelyard_server.edge.identity import Identity
from modelyard_server.errors import ProblemError

MAX_BUCKETS = 10_000
"""Identities that are remembered; the one not heard of for longest is forgotten first, its bucket full."""


class RateLimit:
    """The buckets.

    Args:
        rate: Requests a second.
        burst: Most requests at once.
        clock: Monotonic seconds.
        max_buckets: Most identities remembered.
    """

    def __init__(
        self, rate: float, burst: int, clock: Callable[[], float], max_buckets: int = MAX_BUCKETS
    ) -> None:
        self._rate = rate
        self._burst = burst
        self._clock = clock
        self._max_buckets = max_buckets
        # Requests left, and when they were counted.
        self._buckets: OrderedDict[Identity, tuple[float, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._buckets)

    def take(self, identity: Identity) -> None:
        """Count a request.

        Raises:
            ProblemError: 429, the bucket is empty; the request is not counted.
        """
        now = self._clock()
        left, counted = self._buckets.get(identity, (float(self._burst), now))
        left = min(self._burst, left + (now - counted) * self._rate)
        taken = left >= 1
        self._buckets[identity] = (left - 1 if taken else left, now)
        self._buckets.move_to_end(identity)
        if len(self._buckets) > self._max_buckets:
            self._buckets.popitem(last=False)
        if not taken:
            wait = max(1, math.ceil((1 - left) / self._rate))
            raise ProblemError(
                429,
                "Too many requests",
                f"{self._rate:g} requests a second are admitted, {self._burst} at once; "
                f"try again in {wait} s",
                retry_after=wait,
            )
