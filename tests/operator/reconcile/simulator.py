"""A small world to try plans in: an API that keeps objects, the controllers that act on them, and time.

A plan is carried out write by write, and the operator may crash between any two of them. After each write
the world checks what must hold at every moment.
"""

import copy
import itertools
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from modelyard_operator import contract, labels
from modelyard_operator.api.deployment import ModelDeploymentSpec
from modelyard_operator.api.status import MAX_REJECTED, MAX_REVISIONS, Status
from modelyard_operator.kube import project
from modelyard_operator.kube.objects import Child, ChildKey, Container, Key, Manifest, Pod
from modelyard_operator.reconcile import remembered
from modelyard_operator.reconcile.diff import child_key, desired_hash
from modelyard_operator.reconcile.model import Event, Observed, Plan, Readiness, Refusal
from modelyard_operator.reconcile.plan import plan
from modelyard_operator.resources import catalog
from modelyard_operator.resources.context import Context, Defaults, Source

KEY = Key("shop", "sentiment")
UID = "11111111-2222-3333-4444-555555555555"
START = datetime(2026, 1, 1, tzinfo=UTC)
DEFAULTS = Defaults("registry.example/server:1", "registry.example/valkey:1", "modelyard-system")
UIDS = itertools.count()
"""A uid is never used twice, not even in another world."""
KINDS = {kind.kind: kind for kind in catalog.KINDS}

BAD_IMAGE = "registry.example/server:bad"
"""Pods with this image crash."""
SLOW_IMAGE = "registry.example/server:slow"
"""Pods with this image never get ready, and never crash."""
MISSING = "s3://models/missing"
"""A source that is not there."""


class Crash(Exception):  # noqa: N818 - it is no error
    """The operator ended between two writes."""


def spec(
    uri: str = "s3://models/a",
    image: str | None = None,
    scaling: Manifest | None = None,
    rollout: Manifest | None = None,
    **more: Any,
) -> ModelDeploymentSpec:
    """A spec, as the API server would hand it out."""
    server = {"image": image} if image else {}
    return ModelDeploymentSpec.model_validate(
        {
            "model": {"uri": uri},
            "server": server,
            "scaling": scaling or {},
            "rollout": rollout or {},
            **more,
        }
    )


@dataclass
class SimPod:
    """A pod, and the template that it was made from."""

    name: str
    owner: ChildKey
    owner_uid: str
    revision: str | None
    component: str
    image: str
    template: str
    created_at: datetime
    ready_at: datetime | None = None
    restarts: int = 0
    report: str | None = None

    def seen(self) -> Pod:
        """As an informer would keep it."""
        is_job = self.owner.kind == "Job"
        main = Container(
            name=contract.RESOLVE_CONTAINER if is_job else contract.SERVER_CONTAINER,
            ready=self.ready_at is not None,
            restarts=self.restarts,
            exit_code=1 if self.restarts else (0 if self.report else None),
            exit_reason="Error" if self.restarts else None,
            exit_message=self.report or ("it fell over" if self.restarts else None),
        )
        fetch = Container(
            name=contract.FETCH_CONTAINER,
            started_at=self.created_at + timedelta(seconds=1),
            finished_at=self.created_at + timedelta(seconds=2),
            exit_code=0,
            exit_message=json.dumps({"ok": True, "digest": "sha256:" + "d" * 64, "bytes": 5, "seconds": 1.0}),
        )
        return Pod(
            name=self.name,
            uid="uid-" + self.name,
            deployment=KEY.name,
            revision=self.revision,
            component=self.component,
            job=self.owner.name if is_job else None,
            ip="10.0.0.1",
            phase="Running",
            ready=self.ready_at is not None,
            ready_at=self.ready_at,
            created_at=self.created_at,
            scheduled_at=self.created_at,
            unschedulable=None,
            containers=(main,),
            init_containers=(fetch,) if self.component == labels.COMPONENT_SERVER else (),
        )


@dataclass
class World:
    """One ModelDeployment and everything around it."""

    spec: ModelDeploymentSpec
    defaults: Defaults = DEFAULTS
    now: datetime = START
    generation: int = 1
    status: Status = field(default_factory=Status)
    annotations: dict[str, str] = field(default_factory=dict)
    objects: dict[ChildKey, Manifest] = field(default_factory=dict)
    pods: dict[str, SimPod] = field(default_factory=dict)
    refused: dict[ChildKey, Refusal] = field(default_factory=dict)
    strangers: set[ChildKey] = field(default_factory=set)
    """Names that are taken by somebody else's objects."""
    unavailable: frozenset[str] = frozenset()
    told: dict[str, bool] = field(default_factory=dict)
    load: int = 0
    """Pods that the autoscalers would like the serving revision to have."""
    events: list[Event] = field(default_factory=list)
    writes: int = 0
    status_writes: int = 0
    counter: int = 0
    projected: dict[ChildKey, Child] = field(default_factory=dict)

    # --- the operator ---------------------------------------------------------------------------

    def observed(self) -> Observed:
        """What the operator sees."""
        return Observed(
            key=KEY,
            uid=UID,
            generation=self.generation,
            spec=self.spec,
            spec_error=None,
            status=self.status,
            annotations=dict(self.annotations),
            children={key: self._child(key) for key in self.objects if key.kind not in self.unavailable},
            pods=tuple(pod.seen() for pod in self.pods.values()),
            defaults=self.defaults,
            unavailable=self.unavailable,
            refused=dict(self.refused),
            readiness={"uid-" + name: Readiness(0.5, 0.25) for name in self.told if name in self.pods},
        )

    def reconcile(self, crash_after: int | None = None) -> Plan:
        """One pass; the operator ends after `crash_after` writes."""
        made = plan(self.observed(), self.now)
        self._judge(made)
        for place, write in enumerate(self._writes(made)):
            if place == crash_after:
                raise Crash
            write()
            self.check()
        for tell in made.tells:
            name = tell.pod_uid.removeprefix("uid-")
            if name in self.pods:
                self.told[name] = tell.serving
        return made

    def _writes(self, made: Plan) -> Iterator[Callable[[], None]]:
        if made.status != self.status:
            yield lambda: self._write_status(made)
        for manifest in made.apply:
            yield lambda manifest=manifest: self._apply(manifest)
        for key in made.delete:
            yield lambda key=key: self._delete(key)
        for scale in made.scales:
            yield lambda scale=scale: self._scale(scale.deployment, scale.replicas)

    def _write_status(self, made: Plan) -> None:
        self.status_writes += 1
        self.events.extend(made.events)
        stored = json.loads(json.dumps(made.status.to_dict()))
        self.status = Status.model_validate(stored)
        assert self.status == made.status, "what is written comes back"

    def _apply(self, manifest: Manifest) -> None:
        self.writes += 1
        key = child_key(manifest)
        assert key.kind not in self.unavailable
        if key in self.strangers:
            self.refused[key] = Refusal("NameTaken", f"a {key.kind} of that name exists and is not ours")
            return
        self.refused.pop(key, None)
        live = self.objects.get(key)
        assert live is None or not KINDS[key.kind].create_only, f"{key} is made once"
        before = self.selected()
        new = copy.deepcopy(manifest)
        new["metadata"].setdefault("annotations", {})[labels.DESIRED_HASH] = desired_hash(manifest)
        metadata = new["metadata"]
        metadata["resourceVersion"] = self._next()
        if live is None:
            metadata |= {"uid": f"uid-{next(UIDS)}", "generation": 1}
            metadata["creationTimestamp"] = self.now.isoformat()
            if key.kind == "Deployment":
                new["spec"]["replicas"] = 1
        else:
            old = live["metadata"]
            metadata |= {k: old[k] for k in ("uid", "creationTimestamp")}
            metadata["generation"] = old["generation"] + 1
            new["status"] = live.get("status", {})
            if key.kind == "Deployment":
                new["spec"]["replicas"] = live["spec"]["replicas"]
        self.objects[key] = new
        if key == ChildKey("Service", KEY.name):
            self._check_move(before, self.selected())

    def _delete(self, key: ChildKey) -> None:
        self.writes += 1
        stable = self.status.stable_revision
        child = self._child(key)
        assert stable is None or child.revision != stable, f"{key} belongs to the stable revision"
        self.remove(key)

    def _scale(self, name: str, size: int) -> None:
        self.writes += 1
        key = ChildKey("Deployment", name)
        revision = self._child(key).revision
        if revision is not None and revision in (self.status.stable_revision, self.selected()):
            assert size >= self.spec.scaling.min_replicas, "what serves is never made too small"
            assert size > self.size(revision), "what serves is only ever made larger"
        self.resize(key, size)

    def forget(self) -> None:
        """What an operator that ends has in memory alone."""
        self.told.clear()
        self.refused.clear()

    # --- what must hold -------------------------------------------------------------------------

    def check(self) -> None:
        """What holds at every moment."""
        assert len(self.status.revisions) <= MAX_REVISIONS
        assert len(self.status.rollout.rejected) <= MAX_REJECTED
        conditions = {c.type: c for c in self.status.conditions}
        assert all(len(c.message) <= 1024 for c in conditions.values())
        if "Stalled" in conditions:
            both = {conditions["Stalled"].status, conditions["Reconciling"].status}
            assert both != {"True"}, "kstatus takes a resource to be in progress or failed"

    def _check_move(self, before: str | None, after: str | None) -> None:
        if before != after and self.ready(before):
            assert self.ready(after), f"traffic went from {before} with ready pods to {after} without"

    def _judge(self, made: Plan) -> None:
        """What a status may say at the moment when it is made."""
        said = {c.type: c.status for c in made.status.conditions}
        if said.get("Ready") == "True":
            assert self.ready(self.selected()), "Ready says True while what should serve has no ready pod"
        if "True" not in (said.get("Reconciling"), said.get("Stalled")):
            assert said["Ready"] == "True"
            assert made.status.stable_revision == self.asked(), "settled on something else than was asked for"
            assert made.status.observed_generation == self.generation
        assert not (made.apply or made.delete or made.scales) or not self._remembers_else(made.status)

    def _remembers_else(self, status: Status) -> bool:
        return remembered.differs(self.status, status)

    # --- looking --------------------------------------------------------------------------------

    def _child(self, key: ChildKey) -> Child:
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

    # --- the user -------------------------------------------------------------------------------

    def edit(self, new: ModelDeploymentSpec) -> None:
        """Apply another spec."""
        if new != self.spec:
            self.spec = new
            self.generation += 1

    # --- controllers ----------------------------------------------------------------------------

    def act(self) -> bool:
        """Let every controller act once; whether anything changed."""
        before = self.counter
        self._collect_garbage()
        for key in sorted(self.objects):
            match key.kind:
                case "Deployment":
                    self._deployment(key)
                case "HorizontalPodAutoscaler":
                    self._autoscaler(key)
                case "Job":
                    self._job(key)
        return self.counter != before

    def _collect_garbage(self) -> None:
        uids = {raw["metadata"]["uid"] for raw in self.objects.values()}
        for name in [name for name, pod in self.pods.items() if pod.owner_uid not in uids]:
            self._end(name)

    def _deployment(self, key: ChildKey) -> None:
        raw = self.objects[key]
        wanted, template = raw["spec"]["replicas"], raw["spec"]["template"]
        mine = [pod for pod in self.pods.values() if pod.owner == key]
        digest = desired_hash(template)
        for pod in mine:
            if pod.template == digest and pod.ready_at is None and self._gets_ready(pod):
                pod.ready_at = self.now
                self._next()
            if pod.image == BAD_IMAGE and pod.restarts < 3:
                pod.restarts += 1
                self._next()
        old = [pod for pod in mine if pod.template != digest]
        new = [pod for pod in mine if pod.template == digest]
        for pod in old:  # A rolling update: one more at a time, none less.
            if sum(p.ready_at is not None for p in new) >= wanted or pod.ready_at is None:
                self._end(pod.name)
        while len(new) > wanted:
            victim = min(new, key=lambda pod: (pod.ready_at is not None, pod.name))
            new.remove(victim)
            self._end(victim.name)
        while len(new) < wanted:
            new.append(self._start(key, raw, template, digest))
        ready = sum(pod.ready_at is not None for pod in self.pods.values() if pod.owner == key)
        status = {
            "replicas": len(new),
            "readyReplicas": ready,
            "updatedReplicas": len(new),
            "observedGeneration": raw["metadata"]["generation"],
        }
        self._set_status(raw, status)

    def _gets_ready(self, pod: SimPod) -> bool:
        return pod.image not in (BAD_IMAGE, SLOW_IMAGE)

    def _start(self, key: ChildKey, raw: Manifest, template: Manifest, digest: str) -> SimPod:
        name = f"{key.name}-{self._next()}"
        pod = SimPod(
            name=name,
            owner=key,
            owner_uid=raw["metadata"]["uid"],
            revision=template["metadata"]["labels"].get(labels.REVISION),
            component=template["metadata"]["labels"][labels.COMPONENT],
            image=template["spec"]["containers"][0]["image"],
            template=digest,
            created_at=self.now,
        )
        self.pods[name] = pod
        return pod

    def _autoscaler(self, key: ChildKey) -> None:
        raw = self.objects[key]
        target = ChildKey("Deployment", raw["spec"]["scaleTargetRef"]["name"])
        if target not in self.objects:
            return
        size = self.objects[target]["spec"]["replicas"]
        self._set_status(raw, {"conditions": [{"type": "ScalingActive", "status": "True"}]})
        if size == 0:
            return
        serves = self._child(key).revision == self.selected()
        desired = self.load if serves and self.load else size
        bounded = max(raw["spec"]["minReplicas"], min(raw["spec"]["maxReplicas"], desired))
        if bounded != size:
            self.resize(target, bounded)

    def _job(self, key: ChildKey) -> None:
        raw = self.objects[key]
        if raw.get("status", {}).get("conditions"):
            return
        mine = [p for p in self.pods.values() if p.owner_uid == raw["metadata"]["uid"]]
        if not mine:
            self._start(key, raw, raw["spec"]["template"], "")
            return
        pod = mine[0]
        env = {e["name"]: e.get("value") for e in raw["spec"]["template"]["spec"]["containers"][0]["env"]}
        report = self.resolve(env[contract.ENV_MODEL_URI])
        pod.report = json.dumps(report)
        done = "Complete" if report["ok"] else "Failed"
        self._set_status(
            raw,
            {"conditions": [{"type": done, "status": "True", "lastTransitionTime": self.now.isoformat()}]},
        )

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
            "task": "text-classification",
            "seconds": 0.1,
        }

    # --- what happens to clusters ---------------------------------------------------------------

    def remove(self, key: ChildKey) -> None:
        """An object is deleted; its pods follow."""
        del self.objects[key]
        self._next()
        self._collect_garbage()

    def resize(self, key: ChildKey, size: int) -> None:
        """A Deployment is scaled."""
        raw = self.objects[key]
        raw["spec"]["replicas"] = size
        raw["metadata"]["generation"] += 1
        self.touch(key)

    def touch(self, key: ChildKey) -> None:
        """An object got a new resourceVersion."""
        self.objects[key]["metadata"]["resourceVersion"] = self._next()

    def crash_pod(self, name: str) -> None:
        """A pod's container ends and starts again."""
        pod = self.pods[name]
        pod.ready_at = None
        pod.restarts += 1
        self._next()

    def end_pod(self, name: str) -> None:
        """A pod is deleted."""
        self._end(name)

    def take(self, key: ChildKey) -> None:
        """Somebody else makes an object of that name."""
        self.strangers.add(key)

    def give_back(self) -> None:
        """The strangers' objects go away; refused writes are forgotten as the executor does."""
        for key in self.strangers:
            self.refused.pop(key, None)
        self.strangers.clear()

    def _set_status(self, raw: Manifest, status: Manifest) -> None:
        if raw.get("status") != status:
            raw["status"] = status
            raw["metadata"]["resourceVersion"] = self._next()

    def _end(self, name: str) -> None:
        del self.pods[name]
        self.told.pop(name, None)
        self._next()

    def _next(self) -> str:
        self.counter += 1
        return str(self.counter)

    # --- time -----------------------------------------------------------------------------------

    def settle(self, limit: timedelta = timedelta(hours=3), passes: int = 400) -> None:
        """Let everything run until nothing more happens, time included."""
        until = self.now + limit
        for _ in range(passes):
            before = (self.writes, self.status_writes, self.counter)
            made = self.reconcile()
            self.act()
            if (self.writes, self.status_writes, self.counter) != before:
                self.now += timedelta(seconds=1)
                continue
            if made.requeue_after is None or self.now + timedelta(seconds=made.requeue_after) > until:
                return
            self.now += timedelta(seconds=max(1.0, made.requeue_after))
        raise AssertionError("it does not come to rest")

    def asked(self) -> str:
        """The revision that the spec asks for."""
        ctx = Context(KEY.namespace, KEY.name, UID, self.spec, self.defaults)
        pinned = self.resolve(self.spec.model.uri)["pinned"]
        key = catalog.model_key(self.spec.model)
        return catalog.revision_name(ctx, Source(self.spec.model.uri, key, pinned, None, None))

    def check_settled(self) -> None:
        """Another look writes nothing."""
        before = (self.writes, self.status_writes)
        made = self.reconcile()
        assert (self.writes, self.status_writes) == before
        assert not made.events
        bounds = self.spec.scaling
        for key in self.objects:
            child = self._child(key)
            if key.kind != "Deployment":
                continue
            size = self.objects[key]["spec"]["replicas"]
            if child.revision is None:
                assert size == 1
            elif child.revision == self.status.stable_revision:
                assert bounds.min_replicas <= size <= bounds.max_replicas
            else:
                assert size == 0

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
