"""A window: what pods counted between its edges, by revision. Pure.

Readings are taken several times in a window and what came since the last one is added up, so that little is
lost with a pod that vanishes. A window whose verdict could not be told yet stays open, up to a bound: little
traffic adds up to enough.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from modelyard_operator.analysis.counts import Counts, Reading, since

MOST_INTERVALS = 30
"""Intervals that an undecided window spans at most; then its oldest one is let go."""
MOST_PODS = 2000
"""Pods that are remembered; the ones that were read longest ago are forgotten first."""
BLIND_SHARE = 0.1
"""The share of a revision's pods that may have failed to answer at the window's end."""


@dataclass(frozen=True, slots=True)
class PodRef:
    """A ready pod that is to be read."""

    uid: str
    name: str
    ip: str
    revision: str


@dataclass(frozen=True, slots=True)
class _Last:
    reading: Reading
    at: datetime


class Window:
    """Adds up readings."""

    def __init__(self, opened_at: datetime) -> None:
        """A window that begins with the first readings."""
        self.opened_at = opened_at
        self._begun_at = opened_at
        self._last: dict[str, _Last] = {}
        self._closed: list[tuple[datetime, dict[str, Counts]]] = []
        self._open: dict[str, Counts] = {}
        self._opened_at = opened_at
        self.unread: Mapping[str, tuple[int, int]] = {}
        """By revision, at the last look: pods that did not answer, of how many."""

    def add(self, pods: Iterable[PodRef], readings: Mapping[str, Reading], at: datetime) -> None:
        """Add what came since the last look.

        Args:
            pods: that were to be read.
            readings: by pod uid; those that did not answer are missing.
            at: when they were read.
        """
        unread: dict[str, tuple[int, int]] = {}
        for pod in pods:
            missing, of = unread.get(pod.revision, (0, 0))
            reading = readings.get(pod.uid)
            unread[pod.revision] = (missing + (reading is None), of + 1)
            if reading is None:
                continue
            # A pod that stops being ready and comes back must not be counted from zero again.
            last = self._last.pop(pod.uid, None)
            self._last[pod.uid] = _Last(reading, at)
            if last is None and not self._is_new(reading):
                continue  # What it counted before it was first read is not the window's.
            seconds = (at - last.at).total_seconds() if last is not None else 0.0
            counts = since(last.reading if last is not None else None, reading, max(0.0, seconds))
            self._open[pod.revision] = self._open.get(pod.revision, Counts()) + counts
        for uid in list(self._last)[: max(0, len(self._last) - MOST_PODS)]:
            del self._last[uid]
        self.unread = unread

    def _is_new(self, reading: Reading) -> bool:
        """Whether all that it counts happened since the first window began."""
        return reading.started is not None and reading.started >= self._begun_at.timestamp()

    def counts(self) -> dict[str, Counts]:
        """What happened, by revision, over all intervals that the window spans."""
        total: dict[str, Counts] = {}
        for _, counts in (*self._closed, (self._opened_at, self._open)):
            for revision, each in counts.items():
                total[revision] = total.get(revision, Counts()) + each
        return total

    def latest(self) -> dict[str, int]:
        """Requests by revision in the interval that is open."""
        return {revision: counts.answered for revision, counts in self._open.items()}

    def seconds(self, at: datetime) -> float:
        """How long it is at `at`."""
        return max(0.0, (at - self.opened_at).total_seconds())

    def measured(self, at: datetime) -> float:
        """For how many seconds this traffic is measured at `at`, over all windows."""
        return max(0.0, (at - self._begun_at).total_seconds())

    def decided(self, at: datetime) -> None:
        """Begin anew at `at`: a verdict was given on all that it held."""
        self._closed.clear()
        self._open, self.opened_at, self._opened_at = {}, at, at

    def go_on(self, at: datetime) -> None:
        """Keep what it holds for the next verdict."""
        self._closed.append((self._opened_at, self._open))
        del self._closed[: max(0, len(self._closed) - (MOST_INTERVALS - 1))]
        self.opened_at = self._closed[0][0]
        self._open, self._opened_at = {}, at


def blind(unread: tuple[int, int]) -> bool:
    """Whether too many pods did not answer for the rest to speak for them."""
    missing, of = unread
    return missing > of * BLIND_SHARE
