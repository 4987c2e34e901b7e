"""What the API keeps: one ModelDeployment, its children and their pods; and what happens to clusters."""

import copy
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from modelyard_operator import labels
from modelyard_operator.api.deployment import ModelDeploymentSpec
from modelyard_operator.api.status import Status
from modelyard_operator.kube import project
from modelyard_operator.kube.objects import Child, ChildKey, Manifest
from modelyard_operator.reconcile.model import Purged
from modelyard_operator.resources import catalog
from modelyard_operator.resources.context import Context, Defaults, Source
from tests.operator.reconcile.simulator.givens import DEFAULTS, KEY, MISSING, START, UID
from tests.operator.reconcile.simulator.pods import SimPod

KINDS = {kind.kind: kind for kind in catalog.KINDS}


@dataclass
class Cluster:
    """One ModelDeployment and everything around it."""

    spec: ModelDeploymentSpec
    defaults: Defaults = DEFAULTS
    now: datetime = START
    generation: int = 1
    status: Status = field(default_factory=Status)
    annotations: dict[str, str] = field(default_factory=dict)
    objects: dict[ChildKey, Manifest] = field(default_factory=dict)
    pods: dict[str, SimPod] = field(default_factory=dict)
    told: dict[str, bool] = field(default_factory=dict)
    """By pod, whether it was told that it serves."""
    absent: set[str] = field(default_factory=set)
    """The user's Secrets that do not exist."""
    mute: set[str] = field(default_factory=set)
    """Pods that do not hear when they are asked to forget their answers."""
    purged: dict[str, Purged] = field(default_factory=dict)
    """By pod uid, what it answered to that."""
    task: str | None = "text-classification"
    """What resolving finds out about the model's task."""
    load: int = 0
    """Pods that the autoscalers would like the serving revision to have."""
    idle: bool = False
    """No request comes, for longer than anybody waits for one."""
    counter: int = 0
    projected: dict[ChildKey, Child] = field(default_factory=dict)

    # --- looking --------------------------------------------------------------------------------

    def child(self, key: ChildKey) -> Child:
        """An object as an informer would keep it."""
        raw = self.objects[key]
        known = self.projected.get(key)
        if known is None or known.resource_version != raw["metadata"]["resourceVersion"]:
            known = self.projected[key] = project.child(KINDS[key.kind], raw)
        return known

    def selected(self) -> str | None:
        """The revision that the stable Service selects."""
        service = self.objects.get(ChildKey("Service", KEY.name))
        if service is None:
            return None
        found = service["spec"]["selector"].get(labels.REVISION)
        return None if found == "none" else found

    def serving(self) -> frozenset[str]:
        """The revisions whose pods the stable Service selects."""
        service = self.objects.get(ChildKey("Service", KEY.name))
        if service is None:
            return frozenset()
        if labels.REVISION in service["spec"]["selector"]:
            found = self.selected()
            return frozenset({found} if found else ())
        server = labels.COMPONENT_SERVER
        return frozenset(p.revision for p in self.pods.values() if p.component == server and p.ready_at)

    def shares(self) -> dict[str, int]:
        """The share of the traffic that each revision's pods get, in per cent, rounded."""
        ready = {name: self.ready(name) for name in self.serving()}
        total = sum(ready.values())
        return {name: round(100 * pods / total) for name, pods in ready.items()} if total else {}

    def ready(self, revision: str | None) -> int:
        """Ready server pods of a revision."""
        return sum(p.ready_at is not None for p in self.pods_of(revision)) if revision else 0

    def pods_of(self, revision: str | None) -> list[SimPod]:
        """Server pods of a revision."""
        server = labels.COMPONENT_SERVER
        return [p for p in self.pods.values() if p.revision == revision and p.component == server]

    def condition(self, kind: str) -> Any:
        """A condition of the status, or None."""
        return next((c for c in self.status.conditions if c.type == kind), None)

    def verdicts(self) -> dict[str, tuple[str, str]]:
        """The conditions' statuses and reasons."""
        return {c.type: (c.status, c.reason) for c in self.status.conditions}

    def size(self, revision: str | None) -> int:
        """The size that a revision's Deployment asks for."""
        found = self.objects.get(ChildKey("Deployment", f"{KEY.name}-{revision}"))
        return found["spec"]["replicas"] if found else 0

    def asked(self) -> str:
        """The revision that the spec asks for."""
        ctx = Context(KEY.namespace, KEY.name, UID, self.spec, self.defaults)
        pinned = self.resolve(self.spec.model.uri)["pinned"]
        key = catalog.model_key(self.spec.model)
        return catalog.revision_name(ctx, Source(self.spec.model.uri, key, pinned, None, None))

    def children(self) -> dict[ChildKey, Manifest]:
        """The children as applied, without what the API adds: to compare two worlds."""
        history = {r.name for r in self.status.revisions if r.name != self.status.stable_revision}
        found: dict[ChildKey, Manifest] = {}
        for key, raw in self.objects.items():
            if raw["metadata"]["labels"].get(labels.REVISION) in history:
                continue
            kept = copy.deepcopy(raw)
            kept.pop("status", None)
            if key.kind == "Deployment":
                kept["spec"].pop("replicas")
            metadata = kept["metadata"]
            kept["metadata"] = {k: metadata[k] for k in ("name", "labels", "annotations", "ownerReferences")}
            kept["metadata"]["annotations"].pop("note", None)
            found[key] = kept
        return found

    # --- what happens to clusters ---------------------------------------------------------------

    def edit(self, new: ModelDeploymentSpec) -> None:
        """The user applies another spec."""
        if new != self.spec:
            self.spec = new
            self.generation += 1

    def resolve(self, uri: str) -> Manifest:
        """What the resolve container reports."""
        if uri == MISSING:
            message = f"{uri}: there is nothing"
            return {"ok": False, "reason": "NotFound", "message": message, "permanent": True}
        return {
            "ok": True,
            "pinned": f"{uri}@manifest:{'a' * 64}",
            "digest": "sha256:" + "d" * 64,
            "bytes": 5,
            "task": self.task,
            "seconds": 0.1,
        }

    def resize(self, key: ChildKey, size: int) -> None:
        """A Deployment is scaled."""
        raw = self.objects[key]
        raw["spec"]["replicas"] = size
        raw["metadata"]["generation"] += 1
        self.touch(key)

    def touch(self, key: ChildKey) -> None:
        """An object got a new resourceVersion."""
        self.objects[key]["metadata"]["resourceVersion"] = self.next_version()

    def crash_pod(self, name: str) -> None:
        """A pod's container ends and starts again."""
        pod = self.pods[name]
        pod.ready_at = None
        pod.restarts += 1
        self.next_version()

    def evict_pod(self, name: str) -> None:
        """The kubelet ends a pod for want of room; the object stays, whatever its Deployment is scaled to."""
        pod = self.pods[name]
        pod.ready_at, pod.evicted = None, True
        self.told.pop(name, None)
        self.next_version()

    def end_pod(self, name: str) -> None:
        """A pod is deleted."""
        del self.pods[name]
        self.told.pop(name, None)
        self.next_version()

    def set_status(self, key: ChildKey, status: Manifest) -> None:
        """A controller says how an object does."""
        raw = self.objects[key]
        if raw.get("status") != status:
            raw["status"] = status
            self.touch(key)

    def next_version(self) -> str:
        """A resourceVersion that was never used; it also says that something happened."""
        self.counter += 1
        return str(self.counter)
