"""A clock that was put back must not keep a rollout waiting for a time that will not come soon."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from modelyard_operator.rollout.evidence import Evidence
from modelyard_operator.rollout.state import State, Step

SKEW = timedelta(seconds=60)
"""Two operators' clocks may differ by so much."""
_STAMPS = ("started_at", "promoted_at", "step_started_at", "step_seen_at", "traffic_since", "analysed_at")


def mend_clock(state: State, evidence: Evidence, now: datetime) -> Step | None:  # noqa: ARG001 - a rule
    """What is remembered of the future happened now: waits get longer by it, never shorter."""
    late = now + SKEW
    ahead: dict[str, Any] = {
        name: now for name in _STAMPS if (stamp := getattr(state, name)) is not None and stamp > late
    }
    entries = [entry for entry in state.revisions if entry.retired_at is not None and entry.retired_at > late]
    if not ahead and not entries:
        return None
    for entry in entries:
        state = state.with_entry(entry.model_copy(update={"retired_at": now}))
    return Step(replace(state, **ahead))
