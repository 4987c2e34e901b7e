"""From `spec.rollout.steps` to what the machine goes by."""

import hashlib
from collections.abc import Iterable

import orjson

from modelyard_operator.analysis.verdict import Verdict
from modelyard_operator.api.analysis import AnalysisSpec, OnNoData
from modelyard_operator.api.base import seconds
from modelyard_operator.api.rollout import RolloutSpec
from modelyard_operator.api.steps import StepSpec
from modelyard_operator.rollout.evidence import Gate, Stage

LONGEST = 10 * 365 * 86_400.0
"""Seconds: a longer time than this is as good as for ever, and dates end."""


_NO_DATA = {OnNoData.HOLD: Verdict.NO_DATA, OnNoData.FAIL: Verdict.FAIL, OnNoData.PASS: Verdict.PASS}


def stage(rollout: RolloutSpec, step: StepSpec) -> Stage:
    """One step."""
    found = analysis(rollout, step)
    gate = None if found is None else _gate(found)
    if step.approval is not None:
        return Stage(approval=True, gate=gate)
    if step.shadow is not None:
        return Stage(shadow=step.shadow.percent, seconds=span(step.shadow.for_), gate=gate)
    return Stage(weight=step.weight or 0, seconds=span(step.for_), gate=gate)


def analysis(rollout: RolloutSpec, step: StepSpec) -> AnalysisSpec | None:
    """What a step holds the candidate against; None: nothing."""
    if rollout.analysis is None and step.analysis is None:
        return None
    return (rollout.analysis or AnalysisSpec()).overlaid(step.analysis)


def _gate(found: AnalysisSpec) -> Gate:
    return Gate(
        interval=seconds(found.interval),
        failure_limit=found.failure_limit,
        on_no_data=_NO_DATA[found.on_no_data],
    )


def digest(steps: Iterable[StepSpec]) -> str | None:
    """16 hex digits that change with the steps; None without any."""
    written = [step.set_fields() for step in steps]
    if not written:
        return None
    return hashlib.sha256(orjson.dumps(written, option=orjson.OPT_SORT_KEYS)).hexdigest()[:16]


def span(duration: str | None) -> float:
    """The seconds of a duration; none: 0."""
    return 0.0 if duration is None else min(LONGEST, seconds(duration))
