"""Status as memory: what of it later plans rest on, as opposed to what is only shown."""

from typing import Any

from modelyard_operator.api.status import ModelStatus, Phase, PurgeStatus, RevisionStatus, Status
from modelyard_operator.rollout.state import State


def read(status: Status) -> State:
    """The rollout's state as persisted."""
    phase = Phase.IDLE if status.rollout.phase is Phase.RESOLVING else status.rollout.phase
    return State(
        phase=phase,
        stable=status.stable_revision,
        candidate=status.candidate_revision,
        revisions=status.revisions,
        started_at=status.rollout.started_at,
        promoted_at=status.rollout.promoted_at,
        rejected=status.rollout.rejected,
    )


def write(
    status: Status,
    state: State,
    model: ModelStatus | None,
    last_command: str | None,
    purge: PurgeStatus | None,
) -> Status:
    """`status` with this memory in it."""
    phase = state.phase
    if phase is Phase.IDLE and model is not None and model.pinned is None:
        phase = Phase.RESOLVING
    rollout = status.rollout.model_copy(
        update={
            "phase": phase,
            "started_at": state.started_at,
            "promoted_at": state.promoted_at,
            "rejected": state.rejected,
            "last_command": last_command,
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
        rollout.phase,
        rollout.started_at,
        rollout.promoted_at,
        rollout.rejected,
        rollout.last_command,
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
