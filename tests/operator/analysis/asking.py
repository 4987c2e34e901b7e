"""What one gate makes of a case."""

from modelyard_operator.analysis.counts import Counts
from modelyard_operator.analysis.verdict import Result, Verdict
from tests.operator.analysis.cases import case

FAIL, UNSURE, NONE, PASS = Verdict.FAIL, Verdict.INCONCLUSIVE, Verdict.NO_DATA, Verdict.PASS
NOBODY = Counts()


def only(gate, *args, **kwargs) -> Result:
    (result,) = gate.judge(case(*args, **kwargs))
    return result


def silent(gate, *args, **kwargs) -> bool:
    return not list(gate.judge(case(*args, **kwargs)))
