"""`status`: what is, for people, for tools and as the operator's own memory."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from modelyard_operator.api.base import ApiModel
from modelyard_operator.api.rules import list_map

MAX_REVISIONS = 10
MAX_REJECTED = 10
MAX_HISTORY = 20
MAX_MESSAGE = 1024
MAX_WHY = 512
MAX_NUMBERS = 24
MAX_EVIDENCE = 16_384
MAX_APPROVALS = 16

Message = Annotated[str, Field(max_length=MAX_MESSAGE)]


class Phase(StrEnum):
    """Where the rollout is."""

    IDLE = "Idle"
    """The stable revision is what the spec asks for, or nothing is known yet."""
    RESOLVING = "Resolving"
    """The source is being turned into an immutable reference."""
    PROGRESSING = "Progressing"
    """The candidate's pods are being brought up for the step that it is at."""
    SHIFTING = "Shifting"
    """The step's traffic is named in status; it is being moved."""
    OBSERVING = "Observing"
    """The step's traffic flows, and the candidate is watched."""
    AWAITING_APPROVAL = "AwaitingApproval"
    """A person decides on the evidence."""
    PROMOTING = "Promoting"
    """The candidate was named stable; traffic is being moved."""
    RETURNING = "Returning"
    """The candidate is not to go on; traffic is going back to the stable revision before it is put away."""


class RevisionState(StrEnum):
    """What a revision is for now."""

    CANDIDATE = "Candidate"
    STABLE = "Stable"
    WARM = "Warm"
    COLD = "Cold"
    REJECTED = "Rejected"


class Condition(ApiModel):
    """A condition, as in metav1.Condition."""

    type: str
    """What it is about, such as Ready."""
    status: str
    """True, False or Unknown."""
    reason: str
    """Why, as one word."""
    message: Message = ""
    """Why, and what to do."""
    last_transition_time: datetime
    """When `status` last changed."""
    observed_generation: int = 0
    """The generation of the spec that it judges."""


class ModelStatus(ApiModel):
    """The source as resolved for the current spec."""

    uri: str
    """What the user wrote."""
    key: str
    """The hash of `spec.model` that this answer belongs to."""
    pinned: str | None = None
    """The immutable reference."""
    digest: str | None = None
    """sha256 of the artifact, once a pod has fetched it."""
    task: str | None = None
    """What the model does."""
    bytes: int | None = None
    """Size of the artifact, in bytes."""
    attempts: int = 0
    """Failed attempts to resolve it since the spec last changed."""
    retry_at: datetime | None = None
    """When the next attempt starts."""
    reason: str | None = None
    """Why the last attempt failed, as one word."""
    message: Message | None = None
    """Why the last attempt failed."""


class RevisionStatus(ApiModel):
    """One revision."""

    name: str
    """The revision's hash."""
    state: RevisionState
    """What it is for now."""
    model_key: str
    """The hash of the `spec.model` that it was made from."""
    pinned: str
    """The immutable reference that it serves."""
    created_at: datetime
    """When it was made."""
    retired_at: datetime | None = None
    """When it stopped serving."""
    held_replicas: int | None = None
    """The size that it keeps while it is warm."""
    replicas: int = 0
    """Pods that exist."""
    ready_replicas: int = 0
    """Pods that are ready."""


class Rejected(ApiModel):
    """A revision that was given up and is not tried again by itself."""

    revision: str
    """Its hash."""
    reason: str
    """Why, as one word."""
    message: Message
    """Why, in the words of what failed."""
    at: datetime
    """When."""


class HistoryEntry(ApiModel):
    """One decision of the rollout."""

    at: datetime
    """When."""
    revision: str
    """The revision that it was about."""
    what: str
    """What was decided, as one word: the reason of its Event."""
    why: Annotated[str, Field(max_length=MAX_WHY)]
    """Why, in words."""
    numbers: Annotated[dict[str, float], Field(default_factory=dict, max_length=MAX_NUMBERS)]
    """The measured values that it rests on."""


class RolloutStatus(ApiModel):
    """Where the change is."""

    phase: Phase = Phase.IDLE
    """Where the rollout is."""
    started_at: datetime | None = None
    """When the candidate was started."""
    promoted_at: datetime | None = None
    """When the stable revision took over."""
    step: int | None = None
    """The step that it is at, from 1; one more than there are: all are done."""
    steps: int | None = None
    """How many steps there are."""
    plan: str | None = None
    """The hash of the steps that it goes by; a change of them begins it again."""
    step_started_at: datetime | None = None
    """Since when the step waits for its pods or its route; `deadline` counts from here. Not while held."""
    step_seen_at: datetime | None = None
    """When the step's traffic was seen to flow; `for` counts from here."""
    traffic_since: datetime | None = None
    """When the candidate's present share of the traffic was seen to flow; analyses go back to here."""
    weight: int | None = None
    """Per cent of the traffic that the candidate is to have."""
    shadow: int | None = None
    """Per cent of the requests that are to be copied to the candidate."""
    failures: int = 0
    """Analyses that failed in this step."""
    analysed_at: datetime | None = None
    """The newest analysis that was counted."""
    paused: bool = False
    """A command holds it."""
    unconditional: bool = False
    """A command promotes it: what is left of the steps is passed over."""
    back_to: str | None = None
    """The revision that a command rolled back to; it serves although the spec asks for another."""
    evidence: Annotated[str, Field(max_length=MAX_EVIDENCE)] | None = None
    """What a person decides on: canonical JSON, frozen when the approval step was entered."""
    evidence_digest: str | None = None
    """`sha256:` and 64 hex digits of `evidence`, byte for byte: what a ModelApproval names."""
    approvals: Annotated[tuple[str, ...], Field(max_length=MAX_APPROVALS)] = ()
    """Who has approved."""
    message: Message = ""
    """What is going on, or what it waits for and why."""
    rejected: Annotated[tuple[Rejected, ...], Field(max_length=MAX_REJECTED)] = ()
    """Revisions that were given up; they are not tried again by themselves."""
    history: Annotated[tuple[HistoryEntry, ...], Field(max_length=MAX_HISTORY)] = ()
    """The latest decisions, oldest first."""
    changed_by: Annotated[tuple[str, ...], Field(max_length=16)] = ()
    """Who changed the spec since the candidate began, as an annotation says."""
    last_command: str | None = None
    """The nonce of the last command that was heard."""
    last_command_refusal: Message | None = None
    """Why that command was refused; absent: it was carried out."""


class PurgeStatus(ApiModel):
    """The last purge of the cache that was asked for."""

    nonce: str
    """The nonce of its command."""
    asked_at: datetime
    """When the command was heard."""
    ended_at: datetime | None = None
    """When every ready pod had forgotten its answers, or when it was given up."""
    message: Message = ""
    """How it ended."""


class RoutingStatus(ApiModel):
    """How traffic is split."""

    mode: str
    """replicas, gateway or istio."""
    reason: str
    """Why that mode."""
    desired: Annotated[dict[str, int], Field(default_factory=dict, max_length=MAX_REVISIONS)]
    """Per cent of the traffic by revision, as it should be now."""
    achieved: Annotated[dict[str, int], Field(default_factory=dict, max_length=MAX_REVISIONS)]
    """Per cent of the requests by revision, as their own counters have it; empty: nobody measures."""
    urls: Annotated[tuple[str, ...], Field(max_length=16)] = ()
    """Where clients outside the cluster reach the model."""


class ColdStart(ApiModel):
    """Seconds that the newest revision's first ready pod took, stage by stage."""

    scheduled: float | None = None
    """From the pod's creation to a node."""
    pulled: float | None = None
    """From there until the fetch container ran: images, volumes, network."""
    fetched: float | None = None
    """The fetch container."""
    loaded: float | None = None
    """From there until the model was in memory."""
    warmed: float | None = None
    """The warm-up inferences."""
    total: float | None = None
    """From the pod's creation to ready."""


class Status(ApiModel):
    """The status of a ModelDeployment."""

    observed_generation: int = -1
    """The generation of the spec that the conditions judge; -1: nobody has looked yet."""
    conditions: Annotated[tuple[Condition, ...], Field(max_length=16), list_map("type")] = ()
    """Ready, Reconciling, Stalled and details, as kstatus reads them."""
    url: str | None = None
    """Where to send requests inside the cluster."""
    model: ModelStatus | None = None
    """The source as resolved."""
    stable_revision: str | None = None
    """The revision that serves."""
    candidate_revision: str | None = None
    """The revision that is on its way."""
    revisions: Annotated[tuple[RevisionStatus, ...], Field(max_length=MAX_REVISIONS), list_map("name")] = ()
    """The revisions that are remembered, and what each is for."""
    rollout: RolloutStatus = RolloutStatus()
    """Where the change is."""
    routing: RoutingStatus | None = None
    """How traffic is split."""
    cache_purge: PurgeStatus | None = None
    """The last purge of the cache that was asked for."""
    replicas: int = 0
    """Ready pods of the stable revision."""
    cold_start: ColdStart | None = None
    """Seconds that the newest revision's first ready pod took."""
