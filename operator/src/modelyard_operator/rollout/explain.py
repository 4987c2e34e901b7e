"""What a rollout waits for and why, in one sentence. Pure; the words stay the same while the reason does."""

from datetime import datetime, timedelta

from modelyard_operator.analysis.verdict import Verdict
from modelyard_operator.api.status import Phase
from modelyard_operator.rollout import sizing
from modelyard_operator.rollout.evidence import Evidence, Failure
from modelyard_operator.rollout.rules import judging, stepping
from modelyard_operator.rollout.state import STEPPING, State


def refused(state: State, evidence: Evidence) -> Failure | None:
    """The routing mode cannot bring about the candidate's step."""
    if state.phase is not Phase.PROGRESSING or sizing.stage(state, evidence) is None:
        return None
    words = evidence.refusals.get(state.step)
    if words is None:
        return None
    return Failure("WeightRefused", f"spec.rollout.steps[{state.step}]: {words}; traffic stays as it is")


def waiting(state: State, evidence: Evidence, now: datetime) -> Failure | None:
    """What the candidate is doing, or what it waits for; None: there is none."""
    name = state.candidate
    if name is None:
        return None
    if state.phase is Phase.RETURNING:
        return Failure("Returning", f"traffic is going back from revision {name} to {state.stable}")
    where = _where(state, evidence)
    if state.phase in STEPPING and state.paused:
        return Failure("Paused", f"{where}revision {name} is paused by a command: resume it")
    found = _at_step(state, evidence, now)
    return Failure(found.reason, where + found.message)


def _at_step(state: State, evidence: Evidence, now: datetime) -> Failure:
    if state.phase is Phase.SHIFTING:
        return Failure("Shifting", "traffic is moving to what the step asks for")
    if state.phase is Phase.OBSERVING:
        return Failure("Observing", _observing(state, evidence, now))
    if state.phase is Phase.AWAITING_APPROVAL:
        said = evidence.approval.message if evidence.approval is not None else "nobody has decided yet"
        return Failure("AwaitingApproval", f"{said}; evidence {state.evidence_digest}")
    return _progressing(state, evidence, now)


def _progressing(state: State, evidence: Evidence, now: datetime) -> Failure:
    seen = evidence.population(state.candidate)
    beside = f" beside {state.stable}" if state.stable else ""
    words = (
        f"revision {state.candidate} is starting{beside}: "
        f"{seen.ready} of {sizing.required(state, evidence)} pods ready"
    )
    if evidence.failure is not None:
        return Failure(evidence.failure.reason, f"{words}; {evidence.failure.message}")
    if seen.ready >= sizing.required(state, evidence) and sizing.waits_for_stable(state, evidence):
        return Failure("Progressing", f"{words}; it waits for revision {state.stable}, which slept, to wake")
    if sizing.is_up(state, evidence):
        if state.failures:
            words = f"revision {state.candidate} waits: {_failing(state, evidence, now)}"
        elif sizing.stage(state, evidence) is None and not judging.is_fresh(state, evidence, now):
            words = f"revision {state.candidate} waits: {_unsure(state, evidence, now)}"
    return Failure("Progressing", words)


def _observing(state: State, evidence: Evidence, now: datetime) -> str:
    step = sizing.stage(state, evidence)
    since = state.step_seen_at or now
    until = since + timedelta(seconds=step.seconds if step is not None else 0.0)
    what = f"revision {state.candidate} is watched"
    if state.failures:
        return f"{what}: {_failing(state, evidence, now)}"
    if not stepping.flows(state, evidence):
        return f"{what}, and its share of the traffic is not what the step asks for: the step waits"
    if now < until:
        return f"{what} until {until:%Y-%m-%dT%H:%M:%SZ}"
    if not judging.is_assured(state, evidence, now):
        return f"{what} on: {_unsure(state, evidence, now)}"
    return f"{what}: the step is over"


def _failing(state: State, evidence: Evidence, now: datetime) -> str:
    how, found = judging.gate(state, evidence), judging.newest(state, evidence, now)
    limit = how.failure_limit if how is not None else 1
    cause = f": {found.cause}" if found is not None and found.cause else ""
    return f"{state.failures} of {limit} failed analyses in a row{cause}"


def _unsure(state: State, evidence: Evidence, now: datetime) -> str:
    how, found = judging.gate(state, evidence), judging.newest(state, evidence, now)
    if how is None or found is None:
        return "there is no analysis yet"
    verdict = judging.reading(found, how)
    if verdict is Verdict.PASS:
        return "the last analysis is not of now: the next one decides"
    word = "has too little traffic to tell" if verdict is Verdict.NO_DATA else "cannot tell"
    return f"the last analysis {word}: {found.cause or 'no gate gave a value'}"


def _where(state: State, evidence: Evidence) -> str:
    step = sizing.stage(state, evidence)
    if step is None:
        return ""
    return f"step {state.step + 1} of {len(evidence.policy.steps)} ({step}): "
