"""`maxP50Ms`, `maxP95Ms`, `maxP99Ms`: how long the candidate's answers take."""

from collections.abc import Iterator
from math import inf

from modelyard_operator.analysis.case import Case, few
from modelyard_operator.analysis.verdict import Result, Verdict

QUANTILES = (("p50", 0.5), ("p95", 0.95), ("p99", 0.99))


def judge(case: Case) -> Iterator[Result]:
    """One result for each bound that is set, interpolated from buckets; cached answers are left out."""
    spec = case.spec
    limits = (spec.max_p50_ms, spec.max_p95_ms, spec.max_p99_ms)
    if not case.is_enough:
        return
    for (gate, share), limit in zip(QUANTILES, limits, strict=True):
        if limit is not None:
            yield _judge(case, gate, share, limit)


def _judge(case: Case, gate: str, share: float, limit: float) -> Result:
    durations = case.mine.durations
    needed = case.spec.min_requests
    if durations.total < needed:
        return few(
            case, gate, "answers that came from no cache", seen=durations.total, needed=needed, limit=limit
        )
    value = round(durations.quantile(share) * 1000, 6)
    said = f"{gate} of {durations.total:.0f} answers"
    field = f"max{gate.upper()}Ms"
    if value != inf:
        words = f"{said}: {value:.3g} ms"
        if value <= limit:
            return Result(gate, Verdict.PASS, value, limit, words)
        return Result(gate, Verdict.FAIL, value, limit, f"{words}, over {field}, {limit:g} ms")
    last = durations.bounds[-1] * 1000 if durations.bounds else 0.0
    words = f"{said}: over {last:g} ms, the last bound that is measured"
    if limit <= last:
        return Result(gate, Verdict.FAIL, last, limit, f"{words}, and so over {field}, {limit:g} ms")
    unsure = f"{words}; whether it is over {limit:g} ms cannot be told: set {field} to {last:g} or less"
    return Result(gate, Verdict.INCONCLUSIVE, None, limit, unsure)
