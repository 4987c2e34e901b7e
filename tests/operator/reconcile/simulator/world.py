"""A cluster with the operator in it, which may end between any two writes; and time."""

import copy
import itertools
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta

from modelyard_operator import labels
from modelyard_operator.analysis.verdict import Analysis
from modelyard_operator.api.status import Status
from modelyard_operator.approval.guards import UNREAD, Guards
from modelyard_operator.kube.approvals import Approval
from modelyard_operator.kube.neighbours import NOBODY, Neighbours
from modelyard_operator.kube.objects import Child, ChildKey, Manifest
from modelyard_operator.reconcile.diff import child_key, desired_hash
from modelyard_operator.reconcile.model import Event, Observed, Plan, Purge, Purged, Readiness, Refusal
from modelyard_operator.reconcile.part import Part
from modelyard_operator.reconcile.plan import plan
from tests.operator.reconcile.simulator import controllers, invariants
from tests.operator.reconcile.simulator.cluster import KINDS, Cluster
from tests.operator.reconcile.simulator.givens import KEY, UID

UIDS = itertools.count()
"""A uid is never used twice, not even in another world."""


class Crash(Exception):  # noqa: N818 - it is no error
    """The operator ended between two writes."""


@dataclass
class World(Cluster):
    """A cluster and the operator."""

    refused: dict[ChildKey, Refusal] = field(default_factory=dict)
    strangers: set[ChildKey] = field(default_factory=set)
    """Names that are taken by somebody else's objects."""
    analysis: Analysis | None = None
    """The newest."""
    approvals: tuple[Approval, ...] = ()
    guards: Guards = UNREAD
    unavailable: frozenset[str] = frozenset()
    """Kinds that the operator cannot watch."""
    foreign: dict[ChildKey, Child] = field(default_factory=dict)
    """What others made, with our labels."""
    neighbours: Neighbours = NOBODY
    """What stands around the routes."""
    heard: dict[str, Part | None] = field(default_factory=dict)
    """What pods were told of their part in a comparison."""
    events: list[Event] = field(default_factory=list)
    writes: int = 0
    status_writes: int = 0

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
            children={key: self.child(key) for key in self.objects if key.kind not in self.unavailable},
            pods=tuple(pod.seen() for pod in self.pods.values()),
            defaults=self.defaults,
            unavailable=self.unavailable,
            foreign=dict(self.foreign),
            neighbours=self.neighbours,
            refused=dict(self.refused),
            readiness={
                "uid-" + name: Readiness(0.5, 0.25, "text-classification")
                for name in self.told
                if name in self.pods
            },
            parts={
                "uid-" + name: part
                for name, part in self.heard.items()
                if part is not None and name in self.pods
            },
            purged=dict(self.purged),
            analysis=self.analysis,
            approvals=self.approvals,
            guards=self.guards,
        )

    def reconcile(self, crash_after: int | None = None) -> Plan:
        """One pass; the operator ends after `crash_after` writes."""
        made = plan(self.observed(), self.now)
        invariants.planned(self, made)
        for place, write in enumerate(self._writes(made)):
            if place == crash_after:
                raise Crash
            write()
            self.check()
        self._look_at_secrets(made)
        for tell in made.tells:
            name = tell.pod_uid.removeprefix("uid-")
            if name in self.pods:
                self.told[name] = tell.serving
                self.heard[name] = tell.part
        for purge in made.purges:
            self._purge(purge)
        return made

    def _purge(self, purge: Purge) -> None:
        if purge.pod_name not in self.pods:
            return
        mute = purge.pod_name in self.mute
        answer = Purged(purge.nonce, not mute, "the pod answered 503: Redis is away" if mute else None)
        if self.purged.get(purge.pod_uid) != answer:
            self.purged[purge.pod_uid] = answer
            self.next_version()

    def _look_at_secrets(self, made: Plan) -> None:
        known = {key for key in self.refused if key.kind == "Secret"}
        wanted = {ChildKey("Secret", name) for name in made.requires if name in self.absent}
        for key in known - wanted:
            del self.refused[key]
        for key in wanted:
            words = "it does not exist, and pods wait for it: create it"
            self.refused[key] = Refusal("SecretNotFound", words)
        if known != wanted:
            self.next_version()  # The executor has the resource looked at again.

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
        before = self.serving()
        new = copy.deepcopy(manifest)
        new["metadata"].setdefault("annotations", {})[labels.DESIRED_HASH] = desired_hash(manifest)
        metadata = new["metadata"]
        metadata["resourceVersion"] = self.next_version()
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
            invariants.moved(self, before, self.serving())

    def _delete(self, key: ChildKey) -> None:
        self.writes += 1
        stable = self.status.stable_revision
        child = self.child(key)
        scaling = self.spec.scaling
        is_keda = scaling.counts_requests or scaling.to_zero is not None
        hands_over = key.kind == "HorizontalPodAutoscaler" and is_keda
        spared = stable is None or child.revision != stable or KINDS[key.kind].is_optional or hands_over
        assert spared, f"{key} belongs to the stable revision"
        self.remove(key)

    def _scale(self, name: str, size: int) -> None:
        self.writes += 1
        key = ChildKey("Deployment", name)
        invariants.scaled(self, self.child(key).revision, size)
        self.resize(key, size)

    def forget(self) -> None:
        """What an operator that ends has in memory alone."""
        self.told.clear()
        self.heard.clear()
        self.refused.clear()
        self.purged.clear()

    # --- everybody else -------------------------------------------------------------------------

    def act(self) -> bool:
        """Let every controller act once; whether anything changed."""
        return controllers.act(self)

    def remove(self, key: ChildKey) -> None:
        """An object is deleted; its pods follow."""
        del self.objects[key]
        self.next_version()
        controllers.collect_garbage(self)

    def take(self, key: ChildKey) -> None:
        """Somebody else makes an object of that name."""
        self.strangers.add(key)

    def give_back(self) -> None:
        """The strangers' objects go away; refused writes are forgotten as the executor does."""
        for key in self.strangers:
            self.refused.pop(key, None)
        self.strangers.clear()

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

    # --- what must hold -------------------------------------------------------------------------

    def check(self) -> None:
        """What holds at every moment."""
        invariants.always(self)

    def check_settled(self) -> None:
        """Another look writes nothing."""
        before = (self.writes, self.status_writes)
        made = self.reconcile()
        assert (self.writes, self.status_writes) == before
        assert not made.events
        invariants.at_rest(self)
