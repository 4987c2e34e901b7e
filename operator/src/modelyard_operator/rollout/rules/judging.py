"""What speaks against the candidate: analyses, its pods' failures, its deadline, a person's decision."""

from dataclasses import replace
from datetime import datetime, timedelta

from modelyard_operator.analysis.verdict import Analysis, Verdict
from modelyard_operator.api.status import MAX_APPROVALS, Phase
from modelyard_operator.approval.decision import Standing
from modelyard_operator.rollout import sizing
from modelyard_operator.rollout.evidence import Evidence, Failure, Gate
from modelyard_operator.rollout.freeze import numbers
from modelyard_operator.rollout.rules.clock import SKEW
from modelyard_operator.rollout.rules.returning import give_up
from modelyard_operator.rollout.state import STEPPING, Happening, News, State, Step

FRESH = 2
"""An analysis says nothing of now when it is older than so many intervals."""
GRACE = timedelta(seconds=5)
"""Beside that: what an analysis itself may take."""

_AGAINST = {Standing.REJECTED: "ApprovalRejected", Standing.EXPIRED: "ApprovalExpired"}


def gate(state: State, evidence: Evidence) -> Gate | None:
    """How analyses of the candidate's traffic are counted; None: it is not analysed."""
    steps = evidence.policy.steps
    if not steps or not (state.weight or state.shadow):
        return None
    return steps[min(state.step, len(steps) - 1)].gate


def newest(state: State, evidence: Evidence, now: datetime) -> Analysis | None:
    """The newest analysis of the traffic that flows, and not of the future: a clock may be put back."""
    found, since = evidence.analysis, state.traffic_since
    if found is None or since is None or not since < found.at <= now + SKEW:
        return None
    return found


def reading(analysis: Analysis, how: Gate) -> Verdict:
    """The verdict, with what a lack of traffic counts as."""
    if how.on_no_data is Verdict.NO_DATA:
        return analysis.verdict
    return analysis.reading(how.on_no_data)


def judge(state: State, evidence: Evidence, now: datetime) -> Step | None:
    """Count a new analysis; enough failed ones in a row end the rollout in the same moment."""
    how, found = gate(state, evidence), newest(state, evidence, now)
    if state.phase not in STEPPING or how is None or found is None:
        return None
    if state.analysed_at is not None and found.at <= state.analysed_at:
        return None
    verdict = reading(found, how)
    failures = state.failures
    if verdict is Verdict.FAIL:
        failures += 1
    elif verdict is Verdict.PASS:
        failures = 0
    after = replace(state, analysed_at=found.at, failures=failures)
    if verdict is not Verdict.FAIL:
        return Step(after)
    if failures >= how.failure_limit:
        return give_up(after, evidence, Failure("AnalysisFailed", found.cause or "an analysis failed"), now)
    words = f"{failures} of {how.failure_limit} failed analyses in a row: {found.cause}"
    return Step(after, (News(Happening.COUNTED, state.candidate or "", words, numbers(found)),))


def holds_up(state: State, evidence: Evidence) -> bool:  # noqa: ARG001 - as its neighbours
    """Nothing that was counted speaks against the candidate now."""
    return state.failures == 0


def is_paused(state: State, evidence: Evidence) -> bool:
    """Whether somebody holds the candidate where it is."""
    return evidence.policy.paused or state.paused


def is_held(state: State, evidence: Evidence) -> bool:
    """Whether somebody, or a failed analysis, holds the candidate where it is."""
    return is_paused(state, evidence) or not holds_up(state, evidence)


def is_fresh(state: State, evidence: Evidence, now: datetime) -> bool:
    """Whether the newest analysis, where one is wanted, passed and is of now."""
    how = gate(state, evidence)
    if how is None:
        return True
    found = newest(state, evidence, now)
    if found is None or reading(found, how) is not Verdict.PASS:
        return False
    return now - found.at <= FRESH * timedelta(seconds=how.interval) + GRACE


def is_assured(state: State, evidence: Evidence, now: datetime) -> bool:
    """Whether it is fresh and was made while this step's traffic flowed."""
    if gate(state, evidence) is None:
        return True
    found = newest(state, evidence, now)
    if found is None or state.step_seen_at is None or found.at <= state.step_seen_at:
        return False
    return is_fresh(state, evidence, now)


def reject(state: State, evidence: Evidence, now: datetime) -> Step | None:
    """The candidate failed for good, or missed its deadline, while another revision serves.

    The first revision is never given up: nothing would be left to serve.
    """
    if state.candidate is None or state.stable is None or state.phase not in STEPPING:
        return None
    failure = evidence.failure
    if failure is not None and failure.fatal:
        return give_up(state, evidence, failure, now)
    if not is_late(state, evidence, now) or not is_waiting(state, evidence):
        return None
    return give_up(state, evidence, lateness(state, evidence), now)


def is_waiting(state: State, evidence: Evidence) -> bool:
    """Whether the step waits for pods or for the route, and nobody holds it: this has a deadline."""
    if is_paused(state, evidence):
        return False
    if state.phase is Phase.SHIFTING:
        return True
    is_refused = state.step in evidence.refusals and sizing.stage(state, evidence) is not None
    return state.phase is Phase.PROGRESSING and not is_refused and not sizing.is_up(state, evidence)


def keep_time(state: State, evidence: Evidence, now: datetime) -> Step | None:
    """The deadline counts from when the step begins to wait, and no longer once it does not, or is held."""
    if state.phase not in (Phase.PROGRESSING, Phase.SHIFTING):
        return None
    waits = is_waiting(state, evidence)
    if waits == (state.step_started_at is not None):
        return None
    return Step(replace(state, step_started_at=now if waits else None))


def is_late(state: State, evidence: Evidence, now: datetime) -> bool:
    """Whether the candidate's step has passed its deadline."""
    since = state.step_started_at
    return since is not None and now >= since + timedelta(seconds=evidence.policy.deadline)


def lateness(state: State, evidence: Evidence) -> Failure:
    """Why the candidate is late: its pods' own words, if there are any."""
    seen = evidence.population(state.candidate)
    needs = sizing.required(state, evidence)
    limit = f"within {evidence.policy.deadline:g} s (spec.rollout.deadline)"
    words = f"{seen.ready} of {needs} pods were ready {limit}"
    if seen.ready >= needs and state.phase is Phase.SHIFTING:
        share = f"copies of {state.shadow} %" if state.shadow else f"{state.weight} %"
        words = f"the route did not send it {share} of the traffic {limit}"
        why = evidence.refusals.get(state.step)
        return Failure("RouteNotFollowed", f"{words}: {why}" if why else words)
    if seen.ready >= needs and sizing.waits_for_stable(state, evidence):
        words = f"revision {state.stable}, which slept, had no ready pod again {limit}"
        return Failure("DeadlineExceeded", words)
    others = sizing.bystanders(state, evidence) if sizing.mixes(state, evidence) else []
    if seen.ready >= needs and others:
        words = f"pods of other revisions ({', '.join(others)}) had not gone {limit}"
        return Failure("DeadlineExceeded", words)
    if evidence.failure is None:
        return Failure("DeadlineExceeded", words)
    # What must not be cut off comes first.
    return Failure(evidence.failure.reason, f"{words}: {evidence.failure.message}")


def decide(state: State, evidence: Evidence, now: datetime) -> Step | None:
    """A person decided on the frozen evidence, or nobody did in time."""
    found = evidence.approval
    if state.phase is not Phase.AWAITING_APPROVAL or found is None or state.evidence_digest is None:
        return None
    if evidence.approval_of != state.evidence_digest:
        return None
    if found.standing in _AGAINST:
        return give_up(state, evidence, Failure(_AGAINST[found.standing], found.message), now)
    if found.approvers[:MAX_APPROVALS] != state.approvals:
        return Step(replace(state, approvals=found.approvers[:MAX_APPROVALS]))
    if found.standing is not Standing.APPROVED or is_held(state, evidence):
        return None
    news = News(Happening.APPROVED, state.candidate or "", found.message)
    return Step(state.at_step(state.step + 1, now), (news,))
