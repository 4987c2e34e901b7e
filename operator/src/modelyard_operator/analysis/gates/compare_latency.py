"""`compare.latency`: whether the candidate is slower than the stable revision at the same time."""

from collections.abc import Iterator

from modelyard_operator.analysis.case import Case, few, outlook, patient, percent
from modelyard_operator.analysis.statistics import Shift, shift, shift_needed, visible_shift
from modelyard_operator.analysis.verdict import Result, Verdict

GATE = "compare latency"


def judge(case: Case) -> Iterator[Result]:
    """Fails where more than `maxSlower` of the requests are slower, and surely so."""
    compare = case.spec.compare
    if not compare.latency or case.stable is None or not case.is_enough:
        return
    mine, its, limit = case.mine.durations, case.its.durations, compare.max_slower
    for whose, durations in ((case.candidate, mine), (case.stable, its)):
        if durations.total < case.spec.min_requests:
            what = f"answers of revision {whose} that came from no cache, to compare"
            lacking = few(case, GATE, what, seen=durations.total, needed=case.spec.min_requests, limit=limit)
            yield patient(case, lacking)
            return
    found = shift(mine, its)
    words = _words(case, found)
    if found.share >= limit:
        words += f" (by chance: p <= {found.chance:.2g})"
        if found.chance < 1 - compare.confidence:
            verdict, words = Verdict.FAIL, f"{words}: slower by maxSlower, {percent(limit)}, or over"
        else:
            verdict, words = (
                Verdict.INCONCLUSIVE,
                f"{words}: it looks slower, but these are too few to be sure",
            )
        yield Result(GATE, verdict, found.share, limit, words)
        return
    visible = visible_shift(mine.total, its.total, compare.confidence)
    if visible > limit:
        needed = shift_needed(limit, compare.confidence, its.total / mine.total)
        unsure = (
            f"{words}; with so few, only a shift of {percent(visible)} would show, and {percent(limit)} "
            f"(maxSlower) counts: it needs {needed - mine.total:.0f} more answers of the candidate that come "
            f"from no cache, {needed} in all{outlook(case, mine.total, needed)}. To decide sooner, raise "
            "compare.maxSlower, lower compare.confidence, or set compare.patience"
        )
        yield patient(case, Result(GATE, Verdict.INCONCLUSIVE, found.share, limit, unsure))
        return
    yield Result(GATE, Verdict.PASS, found.share, limit, words)


def _words(case: Case, found: Shift) -> str:
    seen = f"{case.mine.durations.total:.0f} answers against {case.its.durations.total:.0f}"
    if not found.share:
        return f"{seen} of revision {case.stable}: not slower"
    return (
        f"{seen}: {percent(found.candidate)} came within {found.within * 1000:g} ms, and "
        f"{percent(found.stable)} of revision {case.stable}"
    )
