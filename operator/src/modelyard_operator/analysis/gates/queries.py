"""`queries`: PromQL of the user's own."""

from collections.abc import Iterator

from modelyard_operator.analysis.case import Answer, Case, Nothing, Unknown
from modelyard_operator.analysis.verdict import Result, Verdict
from modelyard_operator.api.checks import Query


def judge(case: Case) -> Iterator[Result]:
    """One result a query, named by its place and its name."""
    for index, query in enumerate(case.spec.queries):
        answer = case.queries.get(query.name, Unknown("it was not asked"))
        yield _judge(f"queries[{index}] {query.name}", query, answer)


def _judge(gate: str, query: Query, answer: Answer) -> Result:
    limit = query.max if query.max is not None else query.min
    if isinstance(answer, Nothing):
        return Result(gate, Verdict.NO_DATA, None, limit, f"{gate}: {answer.why}")
    if isinstance(answer, Unknown):
        return Result(gate, Verdict.INCONCLUSIVE, None, limit, f"{gate}: {answer.why}")
    value = answer.value
    if value != value:  # noqa: PLR0124 - NaN, the only value that is not itself
        words = f"{gate}: the value is NaN (a share of nothing?)"
        return Result(gate, Verdict.NO_DATA, None, limit, words)
    if query.max is not None and value > query.max:
        return Result(gate, Verdict.FAIL, value, query.max, f"{gate}: {value:g}, over max, {query.max:g}")
    if query.min is not None and value < query.min:
        return Result(gate, Verdict.FAIL, value, query.min, f"{gate}: {value:g}, under min, {query.min:g}")
    return Result(gate, Verdict.PASS, value, limit, f"{gate}: {value:g}")
