"""What people's decisions come to, while a rollout waits for them."""

from datetime import datetime

from modelyard_operator.api.deployment import ModelDeploymentSpec
from modelyard_operator.api.status import Phase
from modelyard_operator.approval.decision import Decision, Policy, Question, decide
from modelyard_operator.reconcile.model import Observed
from modelyard_operator.reconcile.stages import span
from modelyard_operator.rollout.state import State


def decision(observed: Observed, spec: ModelDeploymentSpec, state: State, now: datetime) -> Decision | None:
    """What was decided on the evidence that is frozen; None: nobody is asked."""
    waits = state.phase is Phase.AWAITING_APPROVAL
    if not waits or state.candidate is None or state.evidence_digest is None or state.step_seen_at is None:
        return None
    steps = spec.rollout.steps
    step = steps[state.step].approval if state.step < len(steps) else None
    if step is None:
        return None  # The steps were changed: the machine begins again.
    question = Question(
        revision=state.candidate,
        digest=state.evidence_digest,
        asked_at=state.step_seen_at,
        started_at=state.started_at,
        changed_by=state.changed_by,
    )
    asks = Policy(
        required=step.required,
        expires_after=None if step.expires_after is None else span(step.expires_after),
        forbid_self_approval=step.forbid_self_approval,
    )
    return decide(observed.approvals, question, asks, observed.guards, now)
