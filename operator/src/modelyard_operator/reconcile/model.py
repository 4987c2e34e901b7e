"""What the plan is made from (`Observed`) and what it says (`Plan`): frozen values, no I/O."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from modelyard_operator.analysis.measure import Measure
from modelyard_operator.analysis.verdict import Analysis
from modelyard_operator.api.deployment import ModelDeploymentSpec
from modelyard_operator.api.status import Status
from modelyard_operator.approval.guards import UNREAD, Guards
from modelyard_operator.kube.approvals import Approval
from modelyard_operator.kube.neighbours import NOBODY, Neighbours
from modelyard_operator.kube.objects import Child, ChildKey, Key, Manifest, Pod
from modelyard_operator.reconcile.part import Part
from modelyard_operator.resources.context import CopySecretKey, Defaults
from modelyard_operator.rollout.replay import Record


@dataclass(frozen=True, slots=True)
class Refusal:
    """A write that the API server, or a stranger's object in the way, refused."""

    reason: str
    """`NameTaken` (an object of that name exists and is not ours), `Invalid`, `Forbidden`, `Refused`."""
    message: str
    """The API server's own words, or which object is in the way."""


@dataclass(frozen=True, slots=True)
class Readiness:
    """What a pod's server said when it was told whether it serves."""

    load_seconds: float | None
    warm_seconds: float | None
    task: str | None = None
    """What the model does, as the server found it in the artifact."""


@dataclass(frozen=True, slots=True)
class Purged:
    """What a pod answered when it was asked to forget its cached answers."""

    nonce: str
    is_done: bool
    failure: str | None = None
    """Why it has not, in words."""


@dataclass(frozen=True, slots=True)
class Observed:
    """What one plan may read. `spec` is None when the stored one is unreadable: see `spec_error`."""

    key: Key
    uid: str
    generation: int
    spec: ModelDeploymentSpec | None
    spec_error: str | None
    status: Status
    annotations: Mapping[str, str]
    children: Mapping[ChildKey, Child]
    """Children of its own. Secrets are never watched, so they are never here."""
    pods: tuple[Pod, ...]
    defaults: Defaults
    unavailable: frozenset[str] = frozenset()
    """Kinds that cannot be watched now (403, 404)."""
    foreign: Mapping[ChildKey, Child] = field(default_factory=dict)
    """With our labels, but not ours to write, such as the autoscalers that KEDA makes of ScaledObjects."""
    neighbours: Neighbours = NOBODY
    """What stands around the routes and is not ours."""
    refused: Mapping[ChildKey, Refusal] = field(default_factory=dict)
    """Writes of earlier passes that were refused and have not succeeded since."""
    readiness: Mapping[str, Readiness] = field(default_factory=dict)
    """By pod uid: what told pods answered."""
    parts: Mapping[str, Part] = field(default_factory=dict)
    """By pod uid: the part that pods have heard they take in comparing two revisions' answers."""
    analysis: Analysis | None = None
    """The newest of the candidate's traffic."""
    approvals: tuple[Approval, ...] = ()
    """The decisions of people that name this resource."""
    guards: Guards = UNREAD
    """What is known of the admission policies that make these worth believing."""
    purged: Mapping[str, Purged] = field(default_factory=dict)
    """By pod uid: what pods answered when they were last asked to forget their cached answers."""


@dataclass(frozen=True, slots=True)
class Scale:
    """Set a Deployment's size through its `scale` subresource."""

    deployment: str
    replicas: int


@dataclass(frozen=True, slots=True)
class Tell:
    """Tell a pod whether it serves stable traffic: once a pod and value, retried until it was heard."""

    pod_uid: str
    ip: str
    serving: bool
    part: Part | None = None
    """Its part in comparing two revisions' answers."""


@dataclass(frozen=True, slots=True)
class Purge:
    """Have a pod forget its cached answers: once a pod and nonce, retried while the plan asks for it."""

    pod_uid: str
    pod_name: str
    ip: str
    nonce: str


@dataclass(frozen=True, slots=True)
class Event:
    """A Kubernetes Event on the ModelDeployment."""

    reason: str
    message: str
    warning: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do now, in the order of the fields; a conflict ends it, and all is planned again."""

    status: Status
    """Written first, when it differs from the one observed, with the resourceVersion that was observed."""
    events: tuple[Event, ...] = ()
    """Sent after the status write has succeeded."""
    secrets: tuple[Manifest, ...] = ()
    """Created with random values where missing (`stringData` values None are filled in); never changed."""
    copies: tuple[CopySecretKey, ...] = ()
    requires: tuple[str, ...] = ()
    """The user's Secrets that pods wait for: looked at by name, and refused in words where one is missing.
    The kubelet tells it in Events alone."""
    apply: tuple[Manifest, ...] = ()
    """The children to create or to change, in order. Children that already match are not listed."""
    delete: tuple[ChildKey, ...] = ()
    """Children of ours that are no longer wanted."""
    scales: tuple[Scale, ...] = ()
    tells: tuple[Tell, ...] = ()
    purges: tuple[Purge, ...] = ()
    measure: Measure | None = None
    """What of the candidate's traffic is measured from now on; None: nothing."""
    record: Record | None = None
    """What the rollout's machine decided, and from what; logged once it is stored."""
    requeue_after: float | None = None
    """Seconds until the next look, if nothing happens before."""
