"""`maxDisagreement`: how often the candidate's predictions differ from the stable revision's."""

from collections import Counter
from collections.abc import Iterator

from modelyard_operator.analysis.case import Case, few, percent
from modelyard_operator.analysis.counts import Compared
from modelyard_operator.analysis.verdict import Result, Verdict

GATE = "disagreement"
CANDIDATE, STABLE = "candidate", "stable"
FLOOR = 20
"""Comparisons of stable with itself that noise can be told from; servers make few of them."""


def judge(case: Case) -> Iterator[Result]:
    """Held against the limit is what the candidate differs beyond the noise: stable against itself.

    Like `maxErrorRate`, it fails early when nothing that is missing could still save it.
    """
    limit = case.spec.max_disagreement
    if limit is None or not case.shadowed or case.trouble is not None:
        return
    needed = case.spec.min_requests
    seen, itself = _sum(case, CANDIDATE), _sum(case, STABLE)
    # The noise of a few is no floor to stand on.
    noise = itself.rate if itself.compared >= FLOOR else 0.0
    beside = (
        f"stable against itself: {percent(itself.rate)} of {itself.compared:.0f}"
        if itself.compared
        else "stable was not compared with itself"
    )
    words = (
        f"{seen.disagreed:.0f} of {seen.compared:.0f} compared predictions differ, {percent(seen.rate)} "
        f"({beside})"
    )
    excess = max(0.0, seen.rate - noise)
    if seen.compared and seen.disagreed / max(seen.compared, needed) > noise + limit:
        yield Result(GATE, Verdict.FAIL, excess, limit, f"{words}: over maxDisagreement, {percent(limit)}")
    elif seen.compared < needed:
        yield few(
            case,
            GATE,
            f"predictions that were compared{_dropped(case)}",
            seen=seen.compared,
            needed=needed,
            limit=limit,
        )
    else:
        yield Result(GATE, Verdict.PASS, excess, limit, words)


def _dropped(case: Case) -> str:
    """What was to be compared and was not, by reason, the most frequent first."""
    reasons: Counter[str] = Counter()
    for counts in case.counts.values():
        reasons.update({reason: round(n) for reason, n in counts.dropped.items() if n})
    told = ", ".join(f"{n} {reason}" for reason, n in reasons.most_common(3))
    return f" (dropped: {told})" if told else ""


def _sum(case: Case, against: str) -> Compared:
    """Either server of a pair may be the one that compares."""
    return sum((counts.compared.get(against, Compared()) for counts in case.counts.values()), Compared())
