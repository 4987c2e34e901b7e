"""Situations that a rollout may be in, and what may be seen in them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from modelyard_operator.api.status import Phase, RevisionState, RevisionStatus
from modelyard_operator.rollout import machine
from modelyard_operator.rollout.evidence import Asked, Evidence, Failure, Population
from modelyard_operator.rollout.state import Happening, State
from modelyard_operator.routing.base import Split

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
OLD, NEW, OTHER = "rold", "rnew", "rother"
BROKEN = Failure("NotAModel", "no ONNX file in it", fatal=True)
SLOW = Failure("Unschedulable", "the scheduler says: 0/3 nodes are available")


def entry(name: str, state: RevisionState, **more) -> RevisionStatus:
    created = NOW - timedelta(hours=1)
    return RevisionStatus(
        name=name, state=state, model_key=f"key-{name}", pinned=f"s3://{name}", created_at=created, **more
    )


def asked(name: str | None, key: str | None = None) -> Asked:
    return Asked(key or f"key-{name}", name, f"s3://{name}" if name else None)


def serving(size: int = 1, ready: int | None = None) -> Population:
    return Population(size, size if ready is None else ready, observed=True)


STABLE = State(stable=OLD, revisions=(entry(OLD, RevisionState.STABLE),))
ROLLING = State(
    phase=Phase.PROGRESSING,
    stable=OLD,
    candidate=NEW,
    revisions=(entry(NEW, RevisionState.CANDIDATE), entry(OLD, RevisionState.STABLE)),
    started_at=NOW,
    step_started_at=NOW,
)
PROMOTING = State(
    phase=Phase.PROMOTING,
    stable=NEW,
    revisions=(
        entry(NEW, RevisionState.STABLE, held_replicas=3),
        entry(OLD, RevisionState.WARM, held_replicas=3, retired_at=NOW),
    ),
    started_at=NOW,
)
WARM = State(
    stable=NEW,
    revisions=(
        entry(NEW, RevisionState.STABLE),
        entry(OLD, RevisionState.WARM, held_replicas=2, retired_at=NOW),
    ),
)


def run(state: State, now: datetime = NOW, **seen) -> tuple[State, list[Happening]]:
    """A pass; where nothing else is said, the route sends all traffic to what the Service selects.

    The history is left out: it is only told.
    """
    selected = seen.setdefault("selected", state.stable)
    seen.setdefault("seen", Split.whole(selected))
    step = machine.run(state, Evidence(**seen), now)
    return replace(step.state, history=()), [news.happening for news in step.news]


def states(state: State) -> dict[str, RevisionState]:
    return {each.name: each.state for each in state.revisions}
