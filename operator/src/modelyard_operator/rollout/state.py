"""The rollout's state, as it stands in the resource's status, and the steps from one to the next. No I/O."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from modelyard_operator.api.status import HistoryEntry, Phase, Rejected, RevisionState, RevisionStatus
from modelyard_operator.routing.base import WHOLE, Split

STEPPING = (Phase.PROGRESSING, Phase.SHIFTING, Phase.OBSERVING, Phase.AWAITING_APPROVAL)
"""The phases in which a candidate is on its way up."""


@dataclass(frozen=True, slots=True)
class State:
    """What is remembered of the rollout."""

    phase: Phase = Phase.IDLE
    stable: str | None = None
    candidate: str | None = None
    revisions: tuple[RevisionStatus, ...] = ()
    started_at: datetime | None = None
    """When the candidate was started."""
    promoted_at: datetime | None = None
    rejected: tuple[Rejected, ...] = ()
    step: int = 0
    """The candidate's step, from 0; as many as there are: all are done."""
    plan: str | None = None
    """The hash of the steps that it goes by."""
    step_started_at: datetime | None = None
    """Since when the step waits for its pods or its route; None: for neither, or it is held."""
    step_seen_at: datetime | None = None
    """When the step's traffic was seen to flow."""
    traffic_since: datetime | None = None
    """When the candidate's present share of the traffic was seen to flow; None: it has none."""
    weight: int = 0
    """Per cent of the traffic that the candidate is to have."""
    shadow: int = 0
    """Per cent of the requests that are to be copied to it."""
    failures: int = 0
    """Analyses that failed in a row."""
    analysed_at: datetime | None = None
    """The newest analysis that was counted."""
    paused: bool = False
    """A command holds the candidate."""
    unconditional: bool = False
    """A command promotes it: what is left of the steps is passed over."""
    back_to: str | None = None
    """The revision that a command rolled back to."""
    evidence: str | None = None
    evidence_digest: str | None = None
    approvals: tuple[str, ...] = ()
    changed_by: tuple[str, ...] = ()
    """Who changed the spec since the candidate began."""
    history: tuple[HistoryEntry, ...] = ()

    @property
    def split(self) -> Split:
        """The traffic that is desired."""
        if self.stable is None or self.candidate is None:
            return Split.whole(self.stable)
        weights = {self.stable: WHOLE - self.weight, self.candidate: self.weight}
        shadow = self.candidate if self.shadow else None
        return Split({name: weight for name, weight in weights.items() if weight}, shadow, self.shadow)

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

    def at_step(self, step: int, now: datetime) -> "State":
        """The candidate enters a step; the traffic that it has stays until the step's own is named."""
        return replace(
            self,
            phase=Phase.PROGRESSING,
            step=step,
            step_started_at=now,
            step_seen_at=None,
            failures=0,
            evidence=None,
            evidence_digest=None,
            approvals=(),
        )

    def at_rest(self) -> "State":
        """No candidate, and nothing of one."""
        return replace(
            self,
            phase=Phase.IDLE,
            candidate=None,
            started_at=None,
            step=0,
            plan=None,
            step_started_at=None,
            step_seen_at=None,
            traffic_since=None,
            weight=0,
            shadow=0,
            failures=0,
            analysed_at=None,
            paused=False,
            unconditional=False,
            evidence=None,
            evidence_digest=None,
            approvals=(),
        )


class Happening(StrEnum):
    """What a step did, as people look for it in Events."""

    CREATED = "RevisionCreated"
    STARTED = "RolloutStarted"
    RESTARTED = "RolloutRestarted"
    SHIFTED = "TrafficShifted"
    PASSED = "StepPassed"
    COUNTED = "AnalysisFailed"
    AWAITING = "AwaitingApproval"
    APPROVED = "Approved"
    PROMOTED = "Promoted"
    ROLLED_BACK = "RolledBack"
    REJECTED = "Rejected"
    SUPERSEDED = "Superseded"
    TAKEN_BACK = "PromotionTakenBack"
    UNSETTLED = "TrafficLost"
    WITHDRAWN = "TrafficWithdrawn"
    COMMANDED = "Command"


@dataclass(frozen=True, slots=True)
class News:
    """One happening."""

    happening: Happening
    revision: str
    message: str
    numbers: Mapping[str, float] = field(default_factory=dict)
    """The measured values that it rests on."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the machine: the next state and what to tell people."""

    state: State
    news: tuple[News, ...] = ()
