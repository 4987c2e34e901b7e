"""What the rollout's state machine may know of the world. Values; no I/O."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from modelyard_operator.analysis.verdict import Analysis, Verdict
from modelyard_operator.api.status import RevisionStatus
from modelyard_operator.approval.decision import Decision
from modelyard_operator.routing.base import Split


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
    pods: int = 0
    """Pods that have not ended and are not on their way out."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a revision's pods do not serve, in words."""

    reason: str
    message: str
    fatal: bool = False
    """It will not mend itself: waiting for the deadline is of no use."""


@dataclass(frozen=True, slots=True)
class Gate:
    """How a step's analyses are counted."""

    interval: float = 30.0
    """Seconds between two of them."""
    failure_limit: int = 2
    """Failed ones in a row that end the rollout."""
    on_no_data: Verdict = Verdict.NO_DATA
    """What too little traffic counts as: NO_DATA holds."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One step: exactly one of weight, shadow and approval."""

    weight: int | None = None
    """Per cent of the traffic for the candidate."""
    shadow: int | None = None
    """Per cent of the requests that are copied to it."""
    approval: bool = False
    seconds: float = 0.0
    """How long the candidate is watched once the traffic flows."""
    gate: Gate | None = None
    """None: it is not analysed, and time alone decides."""

    def __str__(self) -> str:
        """As people write it."""
        if self.approval:
            return "approval"
        return f"shadow {self.shadow} %" if self.shadow is not None else f"weight {self.weight} %"


@dataclass(frozen=True, slots=True)
class Policy:
    """What the spec says about sizes and rollouts, and how traffic is split. Times in seconds."""

    minimum: int = 1
    maximum: int = 3
    paused: bool = False
    deadline: float = 600.0
    window: float = 600.0
    keep_warm: int = 1
    keep_revisions: int = 2
    steps: tuple[Stage, ...] = ()
    plan: str | None = None
    """The hash of the steps; None without any."""
    by_count: bool = False
    """Shares in between are made by numbers of pods."""
    tolerance: int = 0
    """Points by which a share that is seen may differ from the one desired."""


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
    seen: Split | None = None
    """Where the live route sends traffic; None: nobody can tell."""
    failure: Failure | None = None
    """Why the candidate is not ready."""
    refusals: Mapping[int, str] = field(default_factory=dict)
    """By step, from 0: why the routing mode cannot bring it about now, with the nearest that it can."""
    refused_now: str | None = None
    """Why the mode cannot have the traffic as it is to be now; None: it can."""
    analysis: Analysis | None = None
    """The newest."""
    approval: Decision | None = None
    """On the frozen evidence."""
    approval_of: str | None = None
    """The digest of the evidence that `approval` is about."""
    changed_by: str | None = None
    """Who changed the spec last, as its annotation says."""
    digest: str | None = None
    """sha256 of the artifact that the candidate serves."""
    waking: bool = False
    """The stable revision had no pods because no requests came, and is not up again yet."""

    def population(self, name: str | None) -> Population:
        """The pods of a revision; none for an unknown one."""
        return self.populations.get(name, NOBODY) if name else NOBODY

    def reaches(self, name: str | None) -> bool:
        """Whether traffic, or a copy of it, goes to a revision as far as can be seen."""
        if name is None or self.seen is None:
            return False
        return name in self.seen.serving or name == self.seen.shadow
