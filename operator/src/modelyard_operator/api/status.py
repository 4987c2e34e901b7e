"""`status`: what is, for people, for tools and as the operator's own memory."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from modelyard_operator.api.base import ApiModel
from modelyard_operator.api.rules import list_map

MAX_REVISIONS = 10
MAX_REJECTED = 10
MAX_MESSAGE = 1024

Message = Annotated[str, Field(max_length=MAX_MESSAGE)]


class Phase(StrEnum):
    """Where the rollout is."""

    IDLE = "Idle"
    """The stable revision is what the spec asks for, or nothing is known yet."""
    RESOLVING = "Resolving"
    """The source is being turned into an immutable reference."""
    PROGRESSING = "Progressing"
    """The candidate is starting beside the stable revision."""
    PROMOTING = "Promoting"
    """The candidate was named stable; traffic is being moved."""


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


class RolloutStatus(ApiModel):
    """Where the change is."""

    phase: Phase = Phase.IDLE
    """Where the rollout is."""
    started_at: datetime | None = None
    """When the candidate was started."""
    promoted_at: datetime | None = None
    """When the stable revision took over."""
    message: Message = ""
    """What is going on, or what it waits for."""
    rejected: Annotated[tuple[Rejected, ...], Field(max_length=MAX_REJECTED)] = ()
    """Revisions that were given up; they are not tried again by themselves."""
    last_command: str | None = None
    """The nonce of the last command that was carried out."""


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
