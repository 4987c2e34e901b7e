"""`compare.errors`: whether the candidate errs more often than the stable revision at the same time."""

from collections.abc import Iterator

from modelyard_operator.analysis.case import Case, few, outlook, patient, percent
from modelyard_operator.analysis.statistics import answers_needed, fisher
from modelyard_operator.analysis.verdict import Result, Verdict

GATE = "compare errors"


def judge(case: Case) -> Iterator[Result]:
    """Fails where the candidate errs more often by `maxMoreErrors`, and surely so."""
    compare = case.spec.compare
    if not compare.errors or case.stable is None or not case.is_enough:
        return
    mine, its, limit = case.mine, case.its, compare.max_more_errors
    if its.answered < case.spec.min_requests:
        what = f"requests that revision {case.stable} answered, to compare with"
        found = few(case, GATE, what, seen=its.answered, needed=case.spec.min_requests, limit=limit)
        yield patient(case, found)
        return
    rate, stable_rate = mine.errors / mine.answered, its.errors / its.answered
    more = rate - stable_rate
    words = (
        f"{percent(rate)} of {mine.answered} answers were errors, and {percent(stable_rate)} of "
        f"{its.answered} of revision {case.stable}"
    )
    if more >= limit:
        chance = fisher(mine.errors, mine.answered, its.errors, its.answered)
        words += f" (by chance: p = {chance:.2g})"
        if chance < 1 - compare.confidence:
            verdict, words = Verdict.FAIL, f"{words}: more by maxMoreErrors, {percent(limit)}, or over"
        else:
            verdict, words = (
                Verdict.INCONCLUSIVE,
                f"{words}: it looks worse, but these are too few to be sure",
            )
        yield Result(GATE, verdict, more, limit, words)
        return
    needed = answers_needed(stable_rate, limit, compare.confidence, its.answered / mine.answered)
    if mine.answered < needed and not _surely_better(case):
        wanted = (
            f"{words}: it needs {needed - mine.answered} more answers of the candidate, {needed} in all, to "
            f"be sure that it is not worse by {percent(limit)}{outlook(case, mine.answered, needed)}. To "
            "decide sooner, raise compare.maxMoreErrors, lower compare.confidence, or set compare.patience"
        )
        yield patient(case, Result(GATE, Verdict.INCONCLUSIVE, more, limit, wanted))
        return
    yield Result(GATE, Verdict.PASS, more, limit, words)


def _surely_better(case: Case) -> bool:
    mine, its = case.mine, case.its
    chance = fisher(its.errors, its.answered, mine.errors, mine.answered)
    return chance < 1 - case.spec.compare.confidence
