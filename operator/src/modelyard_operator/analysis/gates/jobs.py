"""`jobs`: containers that must succeed."""

from collections.abc import Iterator

from modelyard_operator.analysis.case import Case, Ended
from modelyard_operator.analysis.verdict import Result, Verdict


def judge(case: Case) -> Iterator[Result]:
    """A Job that completed passes, one that failed fails, and one that runs leaves it open."""
    for index, check in enumerate(case.spec.jobs):
        yield _judge(f"jobs[{index}] {check.name}", case.jobs.get(check.name), check.timeout)


def _judge(gate: str, job: Ended | None, timeout: str) -> Result:
    if job is None:
        return Result(gate, Verdict.INCONCLUSIVE, None, None, f"{gate}: its Job is not there yet")
    if job.succeeded:
        return Result(gate, Verdict.PASS, None, None, f"{gate}: its Job completed")
    if job.failed:
        return Result(
            gate, Verdict.FAIL, None, None, f"{gate}: its Job failed: {job.message or 'see its log'}"
        )
    return Result(gate, Verdict.INCONCLUSIVE, None, None, f"{gate}: its Job still runs ({timeout} at most)")
