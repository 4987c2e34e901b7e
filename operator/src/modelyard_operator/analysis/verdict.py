"""What an analysis says: a result of each gate, and one verdict over all. Pure values."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Verdict(StrEnum):
    """What a gate, or all of them, make of a window."""

    PASS = "Pass"  # noqa: S105 - no password
    """Nothing speaks against the candidate, and there was enough to tell."""
    FAIL = "Fail"
    """The candidate is worse than it may be."""
    INCONCLUSIVE = "Inconclusive"
    """It cannot be told: too little for a sure answer, or what is asked for numbers did not answer."""
    NO_DATA = "NoData"
    """All who were asked answered, and there was less traffic than a verdict needs."""


_GRAVITY = (Verdict.FAIL, Verdict.INCONCLUSIVE, Verdict.NO_DATA, Verdict.PASS)


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """The gravest of several: one that fails is enough, and a doubt outweighs a lack of traffic.

    Without any there is nothing to go by: NO_DATA.
    """
    return min(verdicts, key=_GRAVITY.index, default=Verdict.NO_DATA)


@dataclass(frozen=True, slots=True)
class Result:
    """What one gate found."""

    gate: str
    """Its name, such as `errorRate` or `queries[0] latency`."""
    verdict: Verdict
    value: float | None
    """What was measured; None: nothing could be."""
    limit: float | None
    """What it is held against; None: the gate has no single number for it."""
    message: str
    """In words: what was seen, of how much, and what it means."""


@dataclass(frozen=True, slots=True)
class Analysis:
    """The verdict on one window."""

    at: datetime
    """When the window ended."""
    window_seconds: float
    """How long it was."""
    verdict: Verdict
    results: tuple[Result, ...] = ()
    requests: Mapping[str, int] = field(default_factory=dict)
    """Requests answered in the window, by revision."""

    @classmethod
    def of(
        cls,
        at: datetime,
        window_seconds: float,
        results: Iterable[Result],
        requests: Mapping[str, int] | None = None,
    ) -> "Analysis":
        """With the verdict that follows from the results."""
        found = tuple(results)
        return cls(at, window_seconds, worst(r.verdict for r in found), found, dict(requests or {}))

    def reading(self, no_data: Verdict) -> Verdict:
        """The verdict where `no_data` is what a lack of traffic counts as.

        That is for `onNoData`: FAIL or PASS; with `hold`, `verdict` itself says it.
        """
        return worst(no_data if r.verdict is Verdict.NO_DATA else r.verdict for r in self.results)

    @property
    def cause(self) -> str:
        """The words of the results that decided, the gravest first; empty when all passed."""
        graves = sorted((r for r in self.results if r.verdict is not Verdict.PASS), key=_grave)
        return "; ".join(r.message for r in graves)


def _grave(result: Result) -> int:
    return _GRAVITY.index(result.verdict)
