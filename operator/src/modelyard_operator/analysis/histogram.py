"""A histogram's counts between bounds, and what can be told from them. Pure."""

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import accumulate, pairwise
from math import inf


@dataclass(frozen=True, slots=True)
class Histogram:
    """How many values lie between bounds."""

    bounds: tuple[float, ...] = ()
    """The finite upper bounds, rising; each belongs to its bucket."""
    counts: tuple[float, ...] = (0.0,)
    """In each bucket; the last one's bound is infinite."""

    @classmethod
    def of_cumulative(cls, buckets: Iterable[tuple[float, float]]) -> "Histogram":
        """From Prometheus' buckets: upper bound and the count of all up to it, in any order.

        A scrape may catch counters in between two steps, so a count that falls is taken as one that stays.
        """
        rising = sorted(buckets)
        if not rising:
            return cls()
        totals = list(accumulate((count for _, count in rising), max))
        counts = [totals[0], *(b - a for a, b in pairwise(totals))]
        bounds = [bound for bound, _ in rising]
        if bounds[-1] == inf:
            return cls(tuple(bounds[:-1]), tuple(counts))
        return cls(tuple(bounds), (*counts, 0.0))

    @property
    def total(self) -> float:
        """How many values there are."""
        return sum(self.counts)

    def __add__(self, other: "Histogram") -> "Histogram":
        """Both together, in the buckets that both have."""
        if not self.total:
            return other
        if not other.total:
            return self
        left, right = common(self, other)
        return Histogram(left.bounds, tuple(a + b for a, b in zip(left.counts, right.counts, strict=True)))

    def minus(self, before: "Histogram") -> "Histogram":
        """What came since `before`, which is an earlier state of the same counters."""
        if self.bounds != before.bounds:
            return self
        counts = zip(self.counts, before.counts, strict=True)
        return Histogram(self.bounds, tuple(max(0.0, after - b) for after, b in counts))

    def within(self, bounds: tuple[float, ...]) -> "Histogram":
        """The same values in coarser buckets; `bounds` is a part of this one's."""
        counts = [0.0] * (len(bounds) + 1)
        for bound, count in zip((*self.bounds, inf), self.counts, strict=True):
            counts[bisect_left(bounds, bound)] += count
        return Histogram(bounds, tuple(counts))

    def quantile(self, share: float) -> float:
        """The value that `share` of all do not exceed, as far as buckets tell.

        Within a bucket values are taken to be spread evenly, as Prometheus' `histogram_quantile` does
        (https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile). Infinite where
        it lies beyond the last finite bound; NaN without values.
        """
        total = self.total
        if not total:
            return float("nan")
        rank, seen, below = share * total, 0.0, 0.0
        for bound, count in zip(self.bounds, self.counts, strict=False):
            if count and seen + count >= rank:
                return below + (bound - below) * max(0.0, rank - seen) / count
            seen, below = seen + count, bound
        return inf


EMPTY = Histogram()


def common(left: Histogram, right: Histogram) -> tuple[Histogram, Histogram]:
    """Both in the buckets that both have."""
    if left.bounds == right.bounds:
        return left, right
    shared = tuple(sorted(set(left.bounds) & set(right.bounds)))
    return left.within(shared), right.within(shared)
