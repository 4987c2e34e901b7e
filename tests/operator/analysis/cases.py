"""Cases for the gates' tests."""

from math import inf
from typing import Any

from modelyard_operator.analysis.case import Case
from modelyard_operator.analysis.counts import Compared, Counts
from modelyard_operator.analysis.histogram import Histogram
from modelyard_operator.api.analysis import AnalysisSpec

NEW, OLD = "rnew", "rold"
BOUNDS = (0.01, 0.025, 0.05, 0.1, 0.25, 1.0)
GOOD = (0, 0, 900, 90, 10, 0, 0)


def spec(**fields: Any) -> AnalysisSpec:
    return AnalysisSpec.model_validate(fields)


def counts(
    ok: float = 1000, errors: float = 0, latencies: tuple[float, ...] | None = None, **more: Any
) -> Counts:
    """So many answers, by default as fast as ever."""
    if latencies is None:
        latencies = tuple(ok * each / sum(GOOD) for each in GOOD)
    return Counts({"200": ok, "503": errors}, Histogram(BOUNDS, latencies), **more)


def case(mine: Counts | None = None, its: Counts | None = None, **more: Any) -> Case:
    """A candidate and, unless said otherwise, a stable revision that does well."""
    more.setdefault("spec", spec())
    more.setdefault("stable", OLD)
    return Case(candidate=NEW, counts={NEW: mine or counts(), OLD: its or counts()}, **more)


def compared(candidate: tuple[float, float], stable: tuple[float, float] = (0, 0)) -> dict[str, Compared]:
    return {"candidate": Compared(*candidate), "stable": Compared(*stable)}


def histogram(*values: float, bounds: tuple[float, ...] = BOUNDS) -> Histogram:
    return Histogram.of_cumulative([(b, sum(v <= b for v in values)) for b in (*bounds, inf)])
