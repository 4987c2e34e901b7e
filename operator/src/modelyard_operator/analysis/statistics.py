"""The two tests that hold a candidate against the stable revision. Pure, and without a numeric library.

Both are one-sided: they ask whether the candidate is worse. And both only ever grow surer as the candidate
gets worse while all else stays, so that worse data never turn a failure into a pass.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate
from math import ceil, exp, inf, lgamma, log, sqrt
from statistics import NormalDist

from modelyard_operator.analysis.histogram import Histogram, common

POWER = 0.8
"""How likely a difference that matters must have been to show, before its absence counts."""
_FORWARD = NormalDist().inv_cdf(POWER)
_NEGLIGIBLE = 1e-18


def fisher(worse: int, of: int, stable_worse: int, stable_of: int) -> float:
    """How likely so many errors of the candidate are by chance alone, if both err equally often.

    Fisher's exact test, one-sided: the upper tail of the hypergeometric distribution (R. A. Fisher,
    Statistical Methods for Research Workers, 5th edition, 1934, section 21.02). It is exact at any count; the
    few errors of a window make a normal approximation poor.

    Args:
        worse: Errors of the candidate.
        of: Its answers.
        stable_worse: Errors of the stable revision.
        stable_of: Its answers.
    """
    errors, everything = worse + stable_worse, of + stable_of
    lowest = max(0, errors - stable_of)
    if worse <= lowest:
        return 1.0
    log_first = (
        _log_choose(of, worse) + _log_choose(stable_of, stable_worse) - _log_choose(everything, errors)
    )
    # The term for one error more follows from the one before; they fall once past the mode.
    term = total = 1.0
    for k in range(worse, min(errors, of)):
        step = (of - k) * (errors - k) / ((k + 1) * (stable_of - errors + k + 1))
        term *= step
        total += term
        if step < 1 and term < total * _NEGLIGIBLE:
            break
    return min(1.0, exp(log_first + log(total)))


def _log_choose(n: int, k: int) -> float:
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)


def answers_needed(stable_rate: float, more: float, confidence: float, per_stable: float) -> int:
    """Answers of the candidate after which `more` errors than the stable revision's would have shown.

    The usual normal approximation of the sample size for two proportions (J. L. Fleiss, Statistical Methods
    for Rates and Proportions, 3rd edition, 2003, section 4.2).

    Args:
        stable_rate: The stable revision's share of errors.
        more: The difference that matters.
        confidence: That is asked for.
        per_stable: Answers of the stable revision for each of the candidate's, above 0.
    """
    worse = min(1.0, stable_rate + more)
    mean = (worse + per_stable * stable_rate) / (1 + per_stable)
    sure = NormalDist().inv_cdf(confidence) * sqrt(mean * (1 - mean) * (1 + 1 / per_stable))
    seen = _FORWARD * sqrt(worse * (1 - worse) + stable_rate * (1 - stable_rate) / per_stable)
    return ceil(((sure + seen) / more) ** 2)


@dataclass(frozen=True, slots=True)
class Shift:
    """How far the candidate's latencies lie above the stable revision's."""

    share: float
    """The most, over all bounds, by which the candidate answers fewer of its requests within the bound."""
    within: float
    """That bound, in seconds."""
    candidate: float
    """The candidate's share within it."""
    stable: float
    """The stable revision's share within it."""
    chance: float
    """How likely a shift so large is by chance alone, at most."""


def shift(candidate: Histogram, stable: Histogram) -> Shift:
    """The one-sided two-sample Kolmogorov-Smirnov test on buckets; both must hold values.

    The chance is exp(-2 D^2 nm / (n + m)) (N. V. Smirnov, 1939; Y. Wei and R. M. Dudley, Two-sample
    Dvoretzky-Kiefer-Wolfowitz inequalities, Statistics and Probability Letters 82, 2012); ties in buckets
    keep it on the safe side (W. J. Conover, JASA 67, 1972). D is an effect size by itself: a share of
    requests.
    """
    left, right = common(candidate, stable)
    found = Shift(0.0, inf, 1.0, 1.0, 1.0)
    for bound, mine, its in zip(left.bounds, _shares(left), _shares(right), strict=False):
        if its - mine > found.share:
            found = Shift(its - mine, bound, mine, its, 1.0)
    chance = min(1.0, exp(-2 * found.share**2 * _effective(left.total, right.total)))
    return Shift(found.share, found.within, found.candidate, found.stable, chance)


def visible_shift(candidate: float, stable: float, confidence: float) -> float:
    """The smallest shift that would have shown at `confidence`, with so many values in each.

    At the bound where the shift is, a difference of two shares has a deviation of 1/(2 sqrt(nm / (n + m))) at
    most.
    """
    effective = _effective(candidate, stable)
    return _visible(confidence) / sqrt(effective) if effective else inf


def shift_needed(limit: float, confidence: float, per_stable: float) -> int:
    """Answers of the candidate after which a shift of `limit` would have shown: see `visible_shift`.

    Args:
        limit: The shift that matters.
        confidence: That is asked for.
        per_stable: Answers of the stable revision for each of the candidate's, above 0.
    """
    return ceil((_visible(confidence) / limit) ** 2 * (1 + per_stable) / per_stable)


def _visible(confidence: float) -> float:
    return sqrt(-log(1 - confidence) / 2) + _FORWARD / 2


def _effective(n: float, m: float) -> float:
    return n * m / (n + m) if n and m else 0.0


def _shares(histogram: Histogram) -> Iterator[float]:
    total = histogram.total
    return (count / total for count in accumulate(histogram.counts))
