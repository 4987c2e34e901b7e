"""`saturation`: how busy the candidate's pods are."""

from collections.abc import Iterator

from modelyard_operator.analysis.case import Case, percent
from modelyard_operator.analysis.verdict import Result, Verdict

GATE = "saturation"


def judge(case: Case) -> Iterator[Result]:
    """One result for each bound that is set: the queue, requests in flight, CPU."""
    asked = case.spec.saturation
    if asked is None or not case.is_enough:
        return
    mine = case.mine
    if asked.max_queue_items is not None:
        yield _judge("queue", mine.queue_items.mean, asked.max_queue_items, "items waited in a pod", "{:.3g}")
    if asked.max_in_flight is not None:
        yield _judge(
            "inFlight", mine.in_flight.mean, asked.max_in_flight, "requests at once in a pod", "{:.3g}"
        )
    if asked.max_cpu is not None and case.cpu_limit is None:
        words = "the pods have no CPU limit to hold their use against: set server.resources.limits.cpu"
        yield Result(f"{GATE} cpu", Verdict.INCONCLUSIVE, None, asked.max_cpu, words)
    elif asked.max_cpu is not None and case.cpu_limit is not None:
        used = mine.cpu_seconds / mine.pod_seconds / case.cpu_limit if mine.pod_seconds else None
        yield _judge("cpu", used, asked.max_cpu, f"of {case.cpu_limit:g} CPUs in use", None)


def _judge(what: str, value: float | None, limit: float, words: str, form: str | None) -> Result:
    gate = f"{GATE} {what}"
    if value is None:
        return Result(gate, Verdict.INCONCLUSIVE, None, limit, f"{what}: the pods do not tell it")
    said, bound = (percent(value), percent(limit)) if form is None else (form.format(value), f"{limit:g}")
    if value <= limit:
        return Result(gate, Verdict.PASS, value, limit, f"{said} {words}")
    return Result(gate, Verdict.FAIL, value, limit, f"{said} {words}, over {bound}")
