"""What others do to a world: status and objects get lost, kinds cannot be watched, names are taken."""

import pytest

from modelyard_operator import labels
from modelyard_operator.api.status import Status
from modelyard_operator.kube.objects import ChildKey
from tests.operator.reconcile.simulator import (
    BAD_IMAGE,
    KEY,
    MISSING,
    SLOW_IMAGE,
    V2,
    World,
    go_on,
    of_kind,
    reasons,
    settled,
    spec,
)


class TestLoss:
    def test_lost_status_is_rebuilt_from_what_serves_not_from_the_newest(self):
        world = settled()
        stable = world.status.stable_revision
        world.edit(spec(image=SLOW_IMAGE))
        go_on(world, 5)
        world.status = Status()
        world.reconcile()
        assert world.status.stable_revision == stable
        go_on(world, 5)
        assert world.selected() == stable
        assert world.condition("Ready").status == "True"

    @pytest.mark.parametrize("times", [1, 2])
    def test_lost_status_does_not_try_a_rejected_revision_again(self, times):
        world = settled()
        stable = world.status.stable_revision
        world.edit(spec(image=BAD_IMAGE))
        go_on(world, 20)
        (rejection,) = world.status.rollout.rejected
        pods = len(world.pods)
        for _ in range(times):
            world.status = Status()
            world.reconcile()
        go_on(world, 20)
        assert world.status.rollout.rejected == (rejection,)
        assert world.status.stable_revision == stable
        assert world.status.candidate_revision is None
        assert len(world.pods) == pods
        assert world.condition("Stalled").reason == "Crashed"
        world.annotations[labels.COMMAND] = f"retry@{rejection.revision}#1"
        world.reconcile()
        assert world.status.candidate_revision == rejection.revision, "but by command"

    def test_a_lost_controller_revision_of_what_serves_disturbs_no_pod(self):
        world = settled()
        stable = world.status.stable_revision
        pods = set(world.pods)
        world.remove(ChildKey("ControllerRevision", f"sentiment-{stable}"))
        world.settle()
        assert set(world.pods) == pods
        assert of_kind(world, "ControllerRevision") == {f"sentiment-{stable}"}

    def test_a_revision_that_cannot_be_rendered_again_runs_on(self):
        world = settled()
        stable = world.status.stable_revision
        pods = set(world.pods)
        world.edit(spec(MISSING))
        world.remove(ChildKey("ControllerRevision", f"sentiment-{stable}"))
        go_on(world, 10)
        assert set(world.pods) == pods
        assert world.condition("Ready").status == "True"

    @pytest.mark.parametrize("kind", ["Deployment", "Service", "ControllerRevision"])
    def test_while_a_vital_kind_cannot_be_watched_nothing_is_decided(self, kind):
        world = settled()
        stable = world.status.stable_revision
        world.unavailable = frozenset({kind})
        world.edit(spec(image=V2, cache={"external": {"secretRef": {"name": "redis"}}}))
        made = world.reconcile()
        assert made.status.stable_revision == stable
        assert not (made.delete or made.scales)
        assert {m["kind"] for m in made.apply} == {"ConfigMap"}
        assert kind in world.condition("Stalled").message
        world.unavailable = frozenset()
        world.settle()
        assert world.status.stable_revision != stable
        assert world.condition("Stalled").status == "False"


class TestNames:
    def test_a_strangers_object_is_named_and_left_alone(self):
        world = World(spec())
        world.take(ChildKey("Service", KEY.name))
        go_on(world, 15)
        assert world.condition("Stalled").reason == "NameTaken"
        assert "Service sentiment" in world.condition("Stalled").message
        assert world.condition("Ready").status == "False"
        assert reasons(world).count("NameTaken") == 1
        world.give_back()
        world.settle()
        assert world.condition("Ready").status == "True"

    def test_beside_what_serves_it_is_only_a_stall(self):
        world = settled()
        world.take(ChildKey("Deployment", "sentiment-cache"))
        world.edit(spec(cache={"managed": {}}))
        go_on(world, 5)
        assert (world.condition("Ready").status, world.condition("Stalled").reason) == ("True", "NameTaken")
