"""Status as memory: what of it later plans rest on, as opposed to what is only shown."""

from typing import Any

from modelyard_operator.api.status import ModelStatus, Phase, PurgeStatus, RevisionStatus, Status
from modelyard_operator.rollout.state import State

SAME = (
    "started_at",
    "promoted_at",
    "rejected",
    "plan",
    "step_started_at",
    "step_seen_at",
    "traffic_since",
    "failures",
    "analysed_at",
    "paused",
    "unconditional",
    "back_to",
    "evidence",
    "evidence_digest",
    "approvals",
    "changed_by",
    "history",
)
"""What status and the machine call by the same name."""


def read(status: Status) -> State:
    """The rollout's state as persisted."""
    rollout = status.rollout
    return State(
        phase=Phase.IDLE if rollout.phase is Phase.RESOLVING else rollout.phase,
        stable=status.stable_revision,
        candidate=status.candidate_revision,
        revisions=status.revisions,
        step=(rollout.step or 1) - 1,
        weight=rollout.weight or 0,
        shadow=rollout.shadow or 0,
        **{name: getattr(rollout, name) for name in SAME},
    )


def write(
    status: Status,
    state: State,
    model: ModelStatus | None,
    *,
    last_command: str | None,
    refusal: str | None,
    purge: PurgeStatus | None,
    steps: int = 0,
) -> Status:
    """`status` with this memory in it; `steps`: how many the spec has."""
    phase = state.phase
    if phase is Phase.IDLE and model is not None and model.pinned is None:
        phase = Phase.RESOLVING
    rollout = status.rollout.model_copy(
        update={
            "phase": phase,
            "last_command": last_command,
            "last_command_refusal": refusal,
            "step": state.step + 1 if state.plan is not None else None,
            "steps": steps if state.plan is not None else None,
            "weight": state.weight if state.candidate is not None else None,
            "shadow": state.shadow or None,
            **{name: getattr(state, name) for name in SAME},
        }
    )
    return status.model_copy(
        update={
            "model": model,
            "stable_revision": state.stable,
            "candidate_revision": state.candidate,
            "revisions": state.revisions,
            "rollout": rollout,
            "cache_purge": purge,
        }
    )


def differs(one: Status, other: Status) -> bool:
    """Whether the two remember different things: then the status is written before anything is done."""
    return _remembered(one) != _remembered(other)


def _remembered(status: Status) -> tuple[Any, ...]:
    rollout = status.rollout
    return (
        status.model,
        status.stable_revision,
        status.candidate_revision,
        tuple(_identity(entry) for entry in status.revisions),
        rollout.model_dump(exclude={"message"}),
        status.cache_purge,
    )


def _identity(entry: RevisionStatus) -> tuple[Any, ...]:
    return (
        entry.name,
        entry.state,
        entry.model_key,
        entry.pinned,
        entry.created_at,
        entry.retired_at,
        entry.held_replicas,
    )
