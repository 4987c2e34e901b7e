"""The operator's typed view of Kubernetes objects: what an informer keeps of each. No I/O.

Every watched object is projected into a `Child` (its desired part packed, and the few facts of
its status that the plan reads) or, for pods, into a `Pod`, as soon as it arrives.
"""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, NamedTuple

import orjson

Manifest = dict[str, Any]
"""A Kubernetes object as the API takes it."""


class Key(NamedTuple):
    """A resource of ours: what the work queue holds."""

    namespace: str
    name: str


class ChildKey(NamedTuple):
    """A child within its ModelDeployment's namespace."""

    kind: str
    name: str


@dataclass(frozen=True, slots=True)
class DeploymentState:
    """What a Deployment says of itself."""

    wanted: int
    """`spec.replicas`."""
    replicas: int
    ready: int
    updated: int
    observed_generation: int
    message: str = ""
    """Of the ReplicaFailure or a failed Progressing condition: quota, admission."""


@dataclass(frozen=True, slots=True)
class ServiceState:
    """What a Service selects."""

    selector: Mapping[str, str]
    cluster_ip: str | None


@dataclass(frozen=True, slots=True)
class HpaState:
    """An autoscaler's bounds and its idea of the size."""

    minimum: int
    maximum: int
    desired: int
    """0: not decided yet."""
    scaling_active: bool | None
    """None: not said yet."""
    message: str = ""


@dataclass(frozen=True, slots=True)
class ScaledState:
    """What KEDA says of a ScaledObject; the autoscaler that it makes is its own."""

    minimum: int
    maximum: int
    ready: bool | None
    """None: not said yet."""
    message: str = ""


@dataclass(frozen=True, slots=True)
class JobState:
    """How a Job ended, if it has."""

    succeeded: bool
    failed: bool
    finished_at: datetime | None
    message: str = ""


@dataclass(frozen=True, slots=True)
class RouteState:
    """What controllers say of a route."""

    accepted: bool | None = None
    """Whether it sends traffic as it stands now; None: nobody has said."""
    reason: str = ""
    """Why not, as one word."""
    message: str = ""
    """Why not, in the controller's words."""


def pack(value: Manifest) -> bytes:
    """Compressed JSON: what is kept of many objects and seldom looked at, as dicts would fill the memory.

    Plain bytes of `orjson.dumps` would not do either: they keep at least the 4 kB that it began with.
    """
    return zlib.compress(orjson.dumps(value), 1)


def unpack(packed: bytes) -> Manifest:
    """What was packed, made anew each time."""
    value: Manifest = orjson.loads(zlib.decompress(packed))
    return value


@dataclass(frozen=True, slots=True)
class RevisionData:
    """A ControllerRevision's `data`."""

    packed: bytes

    @classmethod
    def of(cls, data: Manifest) -> "RevisionData":
        """Pack `data`."""
        return cls(pack(data))

    @property
    def data(self) -> Manifest:
        """Unpacked anew each time."""
        return unpack(self.packed)


ChildState = (
    DeploymentState | ServiceState | HpaState | ScaledState | JobState | RouteState | RevisionData | None
)


@dataclass(frozen=True, slots=True)
class Child:
    """A child object as the informer last saw it."""

    key: ChildKey
    uid: str
    owner_uid: str | None
    resource_version: str
    generation: int
    created_at: datetime
    deployment: str
    """The value of its `modelyard.dev/deployment` label."""
    revision: str | None
    """The value of its `modelyard.dev/revision` label."""
    desired_hash: str | None
    """Its `modelyard.dev/desired-hash` annotation."""
    body: bytes
    """Packed: what an apply can set, such as labels, annotations, spec and data."""
    state: ChildState = None
    deleting: bool = False

    def is_like(self, other: "Child") -> bool:
        """Whether two states of it differ in nothing that anybody here looks at.

        KEDA, for one, writes each second when a trigger was last active.
        """
        return replace(self, resource_version=other.resource_version) == other


@dataclass(frozen=True, slots=True)
class Container:
    """One container (or init container) of a pod."""

    name: str
    ready: bool = False
    restarts: int = 0
    waiting_reason: str | None = None
    waiting_message: str | None = None
    started_at: datetime | None = None
    """Of the run in progress, or of the finished run of an init container."""
    finished_at: datetime | None = None
    exit_code: int | None = None
    """Of the run that ended last."""
    exit_reason: str | None = None
    """Such as OOMKilled, Error, Completed."""
    exit_message: str | None = None
    """The termination message of the run that ended last."""


@dataclass(frozen=True, slots=True)
class Pod:
    """A pod of a ModelDeployment: server, cache or resolve."""

    name: str
    uid: str
    deployment: str
    revision: str | None
    component: str
    job: str | None
    """The Job that made it, for resolve pods."""
    ip: str | None
    phase: str
    ready: bool
    ready_at: datetime | None
    created_at: datetime
    scheduled_at: datetime | None
    unschedulable: str | None
    """The scheduler's own words, while it cannot be placed."""
    containers: tuple[Container, ...] = ()
    init_containers: tuple[Container, ...] = ()
    deleting: bool = False

    @property
    def is_over(self) -> bool:
        """It has ended and never runs again, though its object may stay: evicted, or a Job's that is done."""
        return self.phase in ("Failed", "Succeeded")


@dataclass(frozen=True, slots=True)
class Resource:
    """A ModelDeployment as the informer last saw it."""

    key: Key
    uid: str
    generation: int
    resource_version: str
    created_at: datetime
    spec: Manifest
    status: Manifest
    annotations: Mapping[str, str] = field(default_factory=dict)
    deleting: bool = False
