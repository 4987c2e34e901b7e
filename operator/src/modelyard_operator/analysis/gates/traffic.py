"""Whether there is enough to go by: the numbers are known, and the candidate has answered enough."""

from collections.abc import Iterator

from modelyard_operator.analysis.case import Case, few
from modelyard_operator.analysis.verdict import Result, Verdict

GATE = "requests"


def judge(case: Case) -> Iterator[Result]:
    """Always one result: without traffic, nothing passes by itself."""
    needed, seen = case.spec.min_requests, case.mine.answered
    if case.trouble is not None:
        yield Result(GATE, Verdict.INCONCLUSIVE, None, needed, case.trouble)
    elif seen < needed:
        yield few(
            case,
            GATE,
            f"requests that revision {case.candidate} answered",
            seen=seen,
            needed=needed,
            limit=needed,
        )
    else:
        yield Result(GATE, Verdict.PASS, seen, needed, f"revision {case.candidate} answered {seen} requests")
