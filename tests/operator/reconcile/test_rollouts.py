"""Whole stories: what a user asks for, what the cluster does, and what comes of it."""

from datetime import timedelta

import pytest

from modelyard_operator import labels
from modelyard_operator.api.status import Phase, RevisionState
from modelyard_operator.kube.objects import ChildKey
from tests.operator.reconcile.simulator import (
    BAD_IMAGE,
    KEY,
    SLOW_IMAGE,
    V2,
    V3,
    World,
    go_on,
    of_kind,
    reasons,
    settled,
    spec,
    states,
)


class TestFirst:
    def test_it_comes_up(self):
        world = settled(cache={"managed": {}})
        stable = world.status.stable_revision
        assert states(world) == {stable: RevisionState.STABLE}
        assert world.selected() == stable
        assert world.status.url == "http://sentiment.shop.svc"
        assert world.status.replicas == 1
        assert world.status.routing.mode == "replicas"
        assert world.status.cold_start.total is not None
        assert reasons(world) == ["Resolved", "RevisionCreated", "Promoted"]
        assert of_kind(world, "Job") == set(), "it is wanted only until its answer stands"
        assert of_kind(world, "PodDisruptionBudget") == {f"sentiment-{stable}"}
        world.check_settled()

    def test_every_ready_pod_is_told_that_it_serves(self):
        world = settled(scaling={"minReplicas": 2})
        assert list(world.told.values()) == [True, True]

    def test_the_service_exists_early_and_selects_nobody(self):
        world = World(spec())
        go_on(world, 2)
        assert world.objects[ChildKey("Service", KEY.name)]["spec"]["selector"][labels.REVISION] == "none"

    def test_one_that_misses_its_deadline_is_left_standing_and_taken_when_it_comes_up(self):
        world = settled(image=SLOW_IMAGE)
        assert world.condition("Stalled").status == "True"
        assert world.condition("Ready").status == "False"
        assert world.status.candidate_revision in states(world)
        for pod in world.pods.values():
            pod.ready_at = world.now
        world.settle()
        assert world.condition("Ready").status == "True"
        assert world.condition("Stalled").status == "False"


class TestUpdate:
    def test_the_new_one_starts_beside_the_old_one_at_its_size(self):
        world = settled(scaling={"maxReplicas": 6})
        old = world.status.stable_revision
        world.load = 4
        world.settle()
        assert world.size(old) == 4
        world.edit(spec(image=V2, scaling={"maxReplicas": 6}))
        go_on(world, 4)
        new = world.status.candidate_revision
        assert (world.size(old), world.size(new)) == (4, 4)
        assert world.selected() == old
        go_on(world)
        assert world.selected() == new
        assert world.status.rollout.phase is Phase.IDLE
        assert (world.size(old), world.size(new)) == (4, 4), "the old one stays warm at its size"
        told = {pod.revision: world.told[pod.name] for pod in world.pods.values()}
        assert told == {old: False, new: True}
        world.settle()
        assert states(world) == {new: RevisionState.STABLE, old: RevisionState.COLD}
        assert world.size(old) == 0
        assert f"sentiment-{old}" not in of_kind(world, "HorizontalPodAutoscaler")

    @pytest.mark.parametrize(
        "change",
        [{"cache": {"managed": {}}}, {"scaling": {"minReplicas": 2}}, {"rollout": {"keepWarm": 0}}],
    )
    def test_cache_scaling_and_rollout_make_no_revision(self, change):
        world = settled()
        stable = world.status.stable_revision
        world.edit(spec(**change))
        world.settle()
        assert states(world) == {stable: RevisionState.STABLE}

    def test_a_bad_one_never_disturbs_the_one_that_serves(self):
        world = settled()
        good = world.status.stable_revision
        pods = set(world.pods)
        world.edit(spec(image=BAD_IMAGE))
        go_on(world, 20)
        bad = world.status.rollout.rejected[0].revision
        assert states(world) == {bad: RevisionState.REJECTED, good: RevisionState.STABLE}
        assert set(world.pods) == pods
        assert world.size(bad) == 0
        assert world.condition("Ready").status == "True"
        assert world.condition("Stalled").reason == "Crashed"
        assert "it fell over" in world.condition("Stalled").message
        world.check_settled()
        world.edit(spec())
        world.settle()
        assert states(world) == {good: RevisionState.STABLE}
        assert world.condition("Stalled").status == "False"

    def test_a_slow_one_is_given_up_at_its_deadline(self):
        world = settled()
        world.edit(spec(image=SLOW_IMAGE, rollout={"deadline": "2m"}))
        started = world.now
        world.settle()
        assert world.status.rollout.rejected[0].at - started >= timedelta(minutes=2)
        assert world.now - started < timedelta(minutes=3)
        assert world.condition("Stalled").reason == "DeadlineExceeded"

    def test_more_than_keep_revisions_are_forgotten(self):
        world = settled(rollout={"keepRevisions": 1})
        for image in (V2, V3):
            world.edit(spec(image=image, rollout={"keepRevisions": 1}))
            world.settle()
        assert sorted(states(world).values()) == [RevisionState.COLD, RevisionState.STABLE]
        assert of_kind(world, "Deployment") == {f"sentiment-{name}" for name in states(world)}
        assert of_kind(world, "ControllerRevision") == of_kind(world, "Deployment")

    def test_paused_holds_everything(self):
        world = settled()
        stable = world.status.stable_revision
        world.edit(spec(image=V2, rollout={"paused": True}))
        world.settle()
        assert states(world) == {stable: RevisionState.STABLE}
        assert (world.condition("Ready").status, world.condition("Reconciling").reason) == ("True", "Paused")
        world.edit(spec(image=V2))
        world.settle()
        assert world.status.stable_revision != stable


class TestRollBack:
    def test_back_to_a_warm_one_moves_the_service_at_once(self):
        world = settled()
        old = world.status.stable_revision
        world.edit(spec(image=V2))
        go_on(world)
        assert world.selected() != old
        world.edit(spec())
        world.reconcile()
        world.reconcile()
        assert world.selected() == old, "status, then traffic: two passes, no waiting"
        go_on(world)
        assert reasons(world)[-1] == "RolledBack"

    def test_back_to_another_source_needs_no_job(self):
        world = settled()
        world.edit(spec("s3://models/b"))
        world.settle()
        world.edit(spec())
        made = world.reconcile()
        assert made.status.model.pinned == "s3://models/a@manifest:" + "a" * 64
        world.settle()
        assert reasons(world).count("Resolved") == 2

    def test_back_in_the_middle_of_a_rollout_is_free(self):
        world = settled()
        stable = world.status.stable_revision
        world.edit(spec(image=V2))
        go_on(world, 3)
        world.edit(spec())
        go_on(world, 3)
        assert states(world) == {stable: RevisionState.STABLE}
        assert of_kind(world, "Deployment") == {f"sentiment-{stable}"}


class TestSizes:
    def test_what_somebody_scaled_to_zero_comes_back(self):
        world = settled(scaling={"minReplicas": 2})
        stable = world.status.stable_revision
        world.resize(ChildKey("Deployment", f"sentiment-{stable}"), 0)
        world.settle()
        assert world.size(stable) == 2

    def test_a_size_within_the_bounds_is_left_to_the_autoscaler(self):
        world = settled(scaling={"maxReplicas": 5})
        world.resize(ChildKey("Deployment", f"sentiment-{world.status.stable_revision}"), 5)
        assert not world.reconcile().scales

    def test_a_rollback_grows_to_what_serves_now(self):
        world = settled(scaling={"maxReplicas": 6})
        old = world.status.stable_revision
        world.edit(spec(image=V2, scaling={"maxReplicas": 6}))
        go_on(world)
        world.load = 5
        go_on(world)
        assert world.size(world.status.stable_revision) == 5
        world.edit(spec(scaling={"maxReplicas": 6}))
        go_on(world)
        assert world.size(old) == 5


class TestPorts:
    def ports(self, world: World) -> list[int]:
        service = world.objects[ChildKey("Service", KEY.name)]
        return [port["port"] for port in service["spec"]["ports"]]

    def allowed(self, world: World) -> list[int]:
        policy = world.objects[ChildKey("NetworkPolicy", f"{KEY.name}-server")]
        return [port["port"] for port in policy["spec"]["ingress"][0]["ports"]]

    def test_the_service_changes_its_ports_as_it_moves(self):
        world = settled(server={"grpcPort": 9000})
        assert (self.ports(world), self.allowed(world)) == ([80, 9000], [8080, 9000, 15090])
        world.edit(spec(image=SLOW_IMAGE, server={"grpcPort": 9001}))
        go_on(world)
        assert (self.ports(world), self.allowed(world)) == ([80, 9000], [8080, 9000, 9001, 15090])
        world.edit(spec(server={"grpcPort": 9001}))
        go_on(world)
        assert (self.ports(world), self.allowed(world)) == ([80, 9001], [8080, 9000, 9001, 15090])
        world.settle()
        assert self.allowed(world) == [8080, 9001, 15090], "nobody listens at the former port any more"
        world.edit(spec())
        world.settle()
        assert (self.ports(world), self.allowed(world)) == ([80], [8080, 15090])
