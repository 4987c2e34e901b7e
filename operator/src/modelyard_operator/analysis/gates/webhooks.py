"""`webhooks`: services that are asked."""

from collections.abc import Iterator

from modelyard_operator.analysis.case import Case, Reply, Unknown
from modelyard_operator.analysis.verdict import Result, Verdict


def judge(case: Case) -> Iterator[Result]:
    """A 2xx answer passes and any other fails; one that does not answer leaves it open."""
    for index, webhook in enumerate(case.spec.webhooks):
        gate = f"webhooks[{index}] {webhook.name}"
        yield _judge(gate, case.webhooks.get(webhook.name, Unknown("it was not asked")))


def _judge(gate: str, answer: Reply | Unknown) -> Result:
    if isinstance(answer, Unknown):
        return Result(gate, Verdict.INCONCLUSIVE, None, None, f"{gate}: {answer.why}")
    words = f"{gate} answered {answer.status}" + (f": {answer.text}" if answer.text else "")
    verdict = Verdict.PASS if 200 <= answer.status < 300 else Verdict.FAIL
    return Result(gate, verdict, float(answer.status), None, words)
