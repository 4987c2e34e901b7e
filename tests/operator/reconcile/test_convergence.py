"""Any order of events, with a crash between any two writes, comes to the same children; then to rest."""

import os
from datetime import timedelta
from functools import cache

import hypothesis.strategies as st
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from modelyard_operator import labels
from modelyard_operator.api.deployment import ModelDeploymentSpec
from modelyard_operator.api.status import Phase, Status
from modelyard_operator.kube.objects import ChildKey, Manifest
from tests.operator.reconcile.simulator import BAD_IMAGE, KEY, MISSING, SLOW_IMAGE, Crash, World, spec

URIS = ("s3://models/a", "s3://models/b", MISSING)
IMAGES = (None, "registry.example/server:2", BAD_IMAGE, SLOW_IMAGE)
CACHES = (
    None,
    {"managed": {}},
    {"managed": {"maxMemory": "128Mi"}},
    {"external": {"secretRef": {"name": "r"}}},
)
SCALINGS = ({}, {"minReplicas": 2}, {"minReplicas": 2, "maxReplicas": 5}, {"maxReplicas": 1})
VERBS = [
    *("pause", "resume", "skip", "promote", "abort", "rollback"),
    *("retry", "refresh", "purge", "dance"),
]
SERVERS = ({}, {"grpcPort": 9000}, {"auth": {"apiKeys": {"secretRef": {"name": "clients"}}}})
WATCHED = ("Job", "HorizontalPodAutoscaler", "Deployment", "ControllerRevision", "Service")
ROLLOUTS = (
    {},
    {"keepWarm": 0},
    {"keepRevisions": 0, "rollbackWindow": "1m"},
    {"keepRevisions": 8, "keepWarm": 4},
    {"steps": [{"weight": 50}, {"weight": 100, "for": "1m"}]},
    {"steps": [{"weight": 0, "for": "30s"}, {"weight": 50, "for": "1m"}], "keepRevisions": 0},
    {"steps": [{"weight": 0, "for": "30s"}, {"weight": 67, "for": "1m"}], "keepWarm": 0},
    {"steps": [{"weight": 10}]},
    {"steps": [{"approval": {"expiresAfter": "10m"}}, {"weight": 100}]},
    {"paused": True},
)
ENDING = tuple(r for r in ROLLOUTS if not any(word in str(r) for word in ("paused", "approval", "67", "10}")))
"""Those that come to an end by themselves, at any size: nobody is waited for and every weight can be made."""


def specs(
    uris: tuple[str, ...] = URIS,
    images: tuple[str | None, ...] = IMAGES,
    rollouts: tuple[Manifest, ...] = ROLLOUTS,
) -> st.SearchStrategy:
    return st.builds(
        spec,
        uri=st.sampled_from(uris),
        image=st.sampled_from(images),
        scaling=st.sampled_from(SCALINGS),
        rollout=st.sampled_from(rollouts),
        cache=st.sampled_from(CACHES),
        server=st.sampled_from(SERVERS),
    )


HEALTHY = specs(URIS[:2], IMAGES[:2], ENDING)


def differences(one: dict[ChildKey, Manifest], other: dict[ChildKey, Manifest]) -> list[str]:
    """Where two worlds differ, field by field."""
    left, right = flat("", one), flat("", other)
    return sorted(
        f"{path}: {left.get(path)!r} is not {right.get(path)!r}"
        for path in left.keys() | right.keys()
        if left.get(path) != right.get(path)
    )


def flat(path: str, value: object) -> dict[str, object]:
    """Every leaf of a nested value by its path."""
    if isinstance(value, dict):
        parts = [flat(f"{path}/{'.'.join(k) if isinstance(k, tuple) else k}", v) for k, v in value.items()]
    elif isinstance(value, list):
        parts = [flat(f"{path}/{place}", v) for place, v in enumerate(value)]
    else:
        return {path: value}
    return {k: v for part in parts for k, v in part.items()}


class AnyOrder(RuleBasedStateMachine):
    """What may happen to a ModelDeployment, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World(spec())
        self.final = self.world.spec

    @initialize(first=specs(), serves=st.booleans(), final=HEALTHY)
    def it_begins(self, first, serves, final):
        self.world = World(first)
        self.final = final
        if serves:
            self.world.settle()

    @rule(new=specs())
    def the_spec_changes(self, new):
        self.world.edit(new)

    @rule(new=specs(rollouts=ROLLOUTS[:4]), passes=st.integers(1, 14))
    def a_rollout_is_under_way(self, new, passes):
        self.world.edit(new)
        for _ in range(passes):
            self.world.reconcile()
            self.world.act()
            self.world.now += timedelta(seconds=1)

    @rule(new=HEALTHY, crash=st.booleans())
    def traffic_is_about_to_move(self, new, crash):
        """The moment between the status that names the new revision and the Service that selects it."""
        self.world.edit(new)
        for _ in range(20):
            self.world.reconcile()
            if self.world.status.rollout.phase is Phase.PROMOTING:
                break
            self.world.act()
            self.world.now += timedelta(seconds=1)
        if crash:
            for pod in self.world.pods_of(self.world.status.stable_revision):
                self.world.crash_pod(pod.name)

    @rule(crash_after=st.none() | st.integers(0, 12))
    def the_operator_looks(self, crash_after):
        try:
            self.world.reconcile(crash_after)
        except Crash:
            self.world.forget()

    @rule(times=st.integers(1, 8))
    def things_go_on(self, times):
        for _ in range(times):
            self.world.reconcile()
            self.world.act()
            self.world.now += timedelta(seconds=1)

    @rule()
    def controllers_act(self):
        self.world.act()

    @rule(seconds=st.sampled_from([1, 31, 119, 601, 4000]))
    def time_passes(self, seconds):
        self.world.now += timedelta(seconds=seconds)

    @rule(data=st.data(), restarts=st.integers(1, 3))
    @precondition(lambda self: self.world.pods)
    def a_pod_crashes(self, data, restarts):
        name = data.draw(st.sampled_from(sorted(self.world.pods)))
        for _ in range(restarts):
            self.world.crash_pod(name)

    @rule(data=st.data())
    @precondition(lambda self: self.world.status.revisions)
    def a_revision_loses_its_pods(self, data):
        name = data.draw(st.sampled_from(sorted(r.name for r in self.world.status.revisions)))
        for pod in self.world.pods_of(name):
            self.world.crash_pod(pod.name)

    @rule(data=st.data())
    @precondition(lambda self: self.world.pods)
    def a_pod_is_deleted(self, data):
        self.world.end_pod(data.draw(st.sampled_from(sorted(self.world.pods))))

    @rule(data=st.data())
    @precondition(lambda self: self.world.objects)
    def a_stranger_deletes_a_child(self, data):
        self.world.remove(data.draw(st.sampled_from(sorted(self.world.objects))))

    @rule(data=st.data())
    @precondition(lambda self: self.world.objects)
    def a_stranger_edits_a_child(self, data):
        key = data.draw(st.sampled_from(sorted(self.world.objects)))
        raw = self.world.objects[key]
        match key.kind:
            case "Service":
                raw["spec"]["ports"] = []
            case "HorizontalPodAutoscaler":
                raw["spec"]["minReplicas"] = 1
            case "Deployment":
                raw["spec"]["strategy"] = {"type": "Recreate"}
            case "Job" | "ControllerRevision":  # They are never written twice.
                raw["metadata"]["annotations"]["note"] = "a stranger's"
            case _:
                raw["metadata"]["annotations"]["modelyard.dev/desired-hash"] = "0"
        self.world.touch(key)

    @rule(data=st.data(), size=st.integers(0, 6))
    def a_stranger_scales(self, data, size):
        deployments = sorted(key for key in self.world.objects if key.kind == "Deployment")
        if deployments:
            self.world.resize(data.draw(st.sampled_from(deployments)), size)

    @rule(load=st.integers(0, 6))
    def load_changes(self, load):
        self.world.load = load

    @rule()
    def status_is_lost(self):
        self.world.status = Status()

    @rule(
        kind=st.sampled_from(
            ["Job", "HorizontalPodAutoscaler", "Deployment", "ControllerRevision", "Service"]
        )
    )
    def a_kind_cannot_be_watched(self, kind):
        self.world.unavailable = frozenset({kind})

    @rule()
    def kinds_can_be_watched(self):
        self.world.unavailable = frozenset()

    @rule(verb=st.sampled_from(VERBS), to=st.sampled_from(["old", "stable", "candidate", "other"]))
    def a_command_comes(self, verb, to):
        status = self.world.status
        others = [r.name for r in status.revisions if r.state not in ("Stable", "Candidate")]
        target = {
            "old": "rold",
            "stable": status.stable_revision or "none",
            "candidate": status.candidate_revision or "none",
            "other": others[0] if others else "none",
        }[to]
        self.world.annotations[labels.COMMAND] = f"{verb}@{target}#{self.world.counter}"

    @rule(data=st.data())
    @precondition(lambda self: self.world.pods)
    def a_pod_goes_mute(self, data):
        self.world.mute ^= {data.draw(st.sampled_from(sorted(self.world.pods)))}

    @rule()
    def a_secret_goes_or_comes(self):
        self.world.absent ^= {"clients"}

    @rule(kind=st.sampled_from(["Service", "Deployment"]))
    def a_name_is_taken(self, kind):
        key = ChildKey(kind, KEY.name if kind == "Service" else f"{KEY.name}-cache")
        if key not in self.world.objects:
            self.world.take(key)

    @rule()
    def names_are_free_again(self):
        self.world.give_back()

    @invariant()
    def what_must_hold(self):
        self.world.check()

    @rule(final=HEALTHY)
    def all_calms_down(self, final):
        """From wherever it is, the world comes to what a fresh one comes to; and then nothing is written."""
        world = self.world
        world.unavailable = frozenset()
        world.give_back()
        world.absent.clear()
        world.load = 0
        world.annotations.clear()
        world.edit(final)
        world.settle()
        wanted = world.asked()
        if any(r.revision == wanted for r in world.status.rollout.rejected):
            world.annotations[labels.COMMAND] = f"retry@{wanted}#final{world.counter}"
            world.settle()
        world.check_settled()
        assert world.status.stable_revision == wanted
        assert world.status.rollout.phase is Phase.IDLE
        pinned, conditions, children = fresh(final.model_dump_json())
        assert world.status.model.pinned == pinned
        assert world.verdicts() == conditions
        found = differences(world.children(), children)
        assert not found, found

    def teardown(self):
        self.all_calms_down(self.final)


@cache
def fresh(final: str) -> tuple[str, dict[str, tuple[str, str]], dict[ChildKey, Manifest]]:
    """What a world comes to that has had this spec from the start."""
    world = World(ModelDeploymentSpec.model_validate_json(final))
    world.settle()
    return world.status.model.pinned, world.verdicts(), world.children()


# MODELYARD_EXAMPLES=5000 looks longer.
TestAnyOrder = AnyOrder.TestCase
TestAnyOrder.settings = settings(
    max_examples=int(os.environ.get("MODELYARD_EXAMPLES", "60")),
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)
