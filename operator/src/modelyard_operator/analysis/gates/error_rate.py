"""`maxErrorRate`: the share of the candidate's answers that are errors."""

from collections.abc import Iterator

from modelyard_operator.analysis.case import Case, percent
from modelyard_operator.analysis.verdict import Result, Verdict

GATE = "errorRate"


def judge(case: Case) -> Iterator[Result]:
    """Errors (5xx) by answers; a client's own mistakes (4xx) are none.

    With fewer answers than `minRequests` it fails already when it would still fail with all that is missing
    answered well, and says nothing else.
    """
    limit, answered, errors = case.spec.max_error_rate, case.mine.answered, case.mine.errors
    if limit is None or case.trouble is not None or not answered:
        return
    least = errors / max(answered, case.spec.min_requests)
    rate = errors / answered
    words = f"{errors} of {answered} answers were errors (5xx), {percent(rate)}"
    if least > limit:
        yield Result(GATE, Verdict.FAIL, rate, limit, f"{words}: over maxErrorRate, {percent(limit)}")
    elif case.is_enough:
        yield Result(GATE, Verdict.PASS, rate, limit, words)
