"""What gates judge: everything that was measured and heard of one window. Pure values."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from modelyard_operator.analysis.counts import Counts
from modelyard_operator.analysis.verdict import Result, Verdict
from modelyard_operator.analysis.window import MOST_INTERVALS
from modelyard_operator.api.analysis import AnalysisSpec
from modelyard_operator.api.base import seconds

NOTHING = Counts()
MINUTE, HOUR = 60.0, 3600.0


@dataclass(frozen=True, slots=True)
class Number:
    """What a PromQL query gave."""

    value: float


@dataclass(frozen=True, slots=True)
class Nothing:
    """It was answered, with nothing to go by; `why` says what."""

    why: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """There is no usable answer; `why` says what happened and what to do."""

    why: str


Answer = Number | Nothing | Unknown


@dataclass(frozen=True, slots=True)
class Reply:
    """What a webhook answered."""

    status: int
    text: str = ""
    """The beginning of its answer."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a Job stands."""

    succeeded: bool = False
    failed: bool = False
    message: str = ""


@dataclass(frozen=True, slots=True)
class Case:
    """One window of one candidate."""

    spec: AnalysisSpec
    candidate: str
    stable: str | None
    """None: no other revision has traffic to compare with."""
    counts: Mapping[str, Counts] = field(default_factory=dict)
    """By revision."""
    shadowed: bool = False
    """Copies of stable's requests go to the candidate, and predictions are compared."""
    cpu_limit: float | None = None
    """CPUs that a pod of the candidate may use; None: no limit."""
    trouble: str | None = None
    """Why the numbers of requests cannot be told, in words."""
    queries: Mapping[str, Answer] = field(default_factory=dict)
    """By the query's name."""
    webhooks: Mapping[str, Reply | Unknown] = field(default_factory=dict)
    """By the webhook's name."""
    jobs: Mapping[str, Ended] = field(default_factory=dict)
    """By the check's name; one that is missing has not been made yet."""
    seconds: float = 0.0
    """How long the window is; 0: nobody said."""
    measured: float = 0.0
    """For how many seconds this share of the traffic is measured, over all windows."""

    @property
    def mine(self) -> Counts:
        """The candidate's counts."""
        return self.counts.get(self.candidate, NOTHING)

    @property
    def its(self) -> Counts:
        """The stable revision's counts."""
        return self.counts.get(self.stable, NOTHING) if self.stable is not None else NOTHING

    @property
    def is_enough(self) -> bool:
        """Whether the numbers can be told, and the candidate answered enough for a verdict."""
        return self.trouble is None and self.mine.answered >= self.spec.min_requests


Gate = Callable[[Case], Iterable[Result]]
"""Judges one thing; gives no result where it is not asked for."""


def few(case: Case, gate: str, what: str, *, seen: float, needed: float, limit: float | None) -> Result:
    """Too little traffic for a gate."""
    words = f"{what}: {seen:.0f} seen, {needed:.0f} needed for a verdict{outlook(case, seen, needed)}"
    return Result(gate, Verdict.NO_DATA, None, limit, words)


def outlook(case: Case, seen: float, needed: float) -> str:
    """When there will be enough, at the rate of the window: the end of a sentence."""
    if not case.seconds:
        return ""
    if not seen:
        return f", and none has come in {span(case.seconds)}"
    rate, longest = seen / case.seconds, MOST_INTERVALS * seconds(case.spec.interval)
    if rate * longest < needed:
        return (
            f"; at the present rate the longest window, {MOST_INTERVALS} intervals ({span(longest)}), sees "
            f"{int(rate * longest)}: it takes a longer analysis.interval, or more traffic"
        )
    return f", about {span((needed - seen) / rate)} more at the present rate"


def patient(case: Case, result: Result) -> Result:
    """A comparison that lacks traffic: it holds the candidate for `compare.patience`, and no longer."""
    patience = case.spec.compare.patience
    if patience is None or case.measured < seconds(patience):
        return result
    words = f"{result.message}; compare.patience, {patience}, is over, so the other gates decide"
    return replace(result, verdict=Verdict.PASS, message=words)


def span(length: float) -> str:
    """A time in seconds, for people, to about a tenth."""
    if length < MINUTE:
        return f"{max(1, round(length))} s"
    if length < 2 * HOUR:
        return f"{round(length / MINUTE)} min"
    return f"{length / HOUR:.1f} h"


def percent(share: float) -> str:
    """A share, for people."""
    return f"{100 * share:.3g} %"
