"""The values that the rollout's state machine reads and returns. No I/O."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from modelyard_operator.api.status import Phase, Rejected, RevisionState, RevisionStatus


@dataclass(frozen=True, slots=True)
class State:
    """What is remembered of the rollout, as it stands in the resource's status."""

    phase: Phase = Phase.IDLE
    stable: str | None = None
    candidate: str | None = None
    revisions: tuple[RevisionStatus, ...] = ()
    started_at: datetime | None = None
    """When the candidate was started."""
    promoted_at: datetime | None = None
    rejected: tuple[Rejected, ...] = ()

    def entry(self, name: str | None) -> RevisionStatus | None:
        """The revision of that name, if it is remembered."""
        return next((r for r in self.revisions if r.name == name), None)

    def with_entry(self, entry: RevisionStatus) -> "State":
        """With this entry in place of the one of its name, or added in front."""
        if self.entry(entry.name) is None:
            return replace(self, revisions=(entry, *self.revisions))
        return replace(self, revisions=tuple(entry if r.name == entry.name else r for r in self.revisions))

    def without(self, name: str) -> "State":
        """Without the revision of that name."""
        return replace(self, revisions=tuple(r for r in self.revisions if r.name != name))

    def rejection(self, name: str | None) -> Rejected | None:
        """Why the revision of that name was given up, if it was."""
        return next((r for r in self.rejected if r.revision == name), None)

    def in_state(self, *states: RevisionState) -> tuple[RevisionStatus, ...]:
        """The revisions in one of `states`."""
        return tuple(r for r in self.revisions if r.state in states)


@dataclass(frozen=True, slots=True)
class Asked:
    """What the spec asks for."""

    model_key: str
    """The hash of `spec.model`."""
    revision: str | None = None
    """None while the source is not resolved."""
    pinned: str | None = None

    def is_met_by(self, entry: RevisionStatus) -> bool:
        """Whether this revision is, or may still turn out to be, what the spec asks for."""
        if self.revision is None:
            return entry.model_key == self.model_key
        return entry.name == self.revision


@dataclass(frozen=True, slots=True)
class Population:
    """The pods of one revision."""

    wanted: int = 0
    """Its Deployment's size."""
    ready: int = 0
    observed: bool = False
    """Its Deployment exists and its controller has seen the newest generation."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a revision's pods do not serve, in words."""

    reason: str
    message: str
    fatal: bool = False
    """It will not mend itself: waiting for the deadline is of no use."""


@dataclass(frozen=True, slots=True)
class Policy:
    """What the spec says about sizes and rollouts. Times in seconds."""

    minimum: int = 1
    maximum: int = 3
    paused: bool = False
    deadline: float = 600.0
    window: float = 600.0
    keep_warm: int = 1
    keep_revisions: int = 2


NOBODY = Population()


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is seen of the world."""

    asked: Asked
    policy: Policy = Policy()
    populations: Mapping[str, Population] = field(default_factory=dict)
    """By revision."""
    selected: str | None = None
    """The revision that the live Service selects."""
    failure: Failure | None = None
    """Why the candidate is not ready."""

    def population(self, name: str | None) -> Population:
        """The pods of a revision; none for an unknown one."""
        return self.populations.get(name, NOBODY) if name else NOBODY


class Happening(StrEnum):
    """What a step did, as people look for it in Events."""

    CREATED = "RevisionCreated"
    PROMOTED = "Promoted"
    ROLLED_BACK = "RolledBack"
    REJECTED = "Rejected"
    SUPERSEDED = "Superseded"
    TAKEN_BACK = "PromotionTakenBack"


@dataclass(frozen=True, slots=True)
class News:
    """One happening."""

    happening: Happening
    revision: str
    message: str


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the machine: the next state and what to tell people."""

    state: State
    news: tuple[News, ...] = ()
