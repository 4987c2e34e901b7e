"""Rollouts in steps, in mode `replicas`: whole stories, from the spec to the pods and back."""

from datetime import timedelta

from modelyard_operator.api.status import Phase, RevisionState, Status
from modelyard_operator.kube.objects import ChildKey
from tests.operator.reconcile.routed import STEPS, routed, run
from tests.operator.reconcile.routed import begun as begun_by_routes
from tests.operator.reconcile.simulator import (
    BAD_IMAGE,
    KEY,
    V2,
    V3,
    go_on,
    reasons,
    settled,
    spec,
    states,
)
from tests.operator.reconcile.stepped import begun, canary, command


class TestCanary:
    def test_the_time_of_a_step_is_looked_at_when_it_is_over_and_not_up_to_a_second_later(self):
        world, _, _ = begun(steps=[{"weight": 25, "for": "20s"}])
        ends = world.status.rollout.step_seen_at + timedelta(seconds=20)
        for left in (timedelta(seconds=3), timedelta(seconds=2.3), timedelta(seconds=1.01)):
            world.now = ends - left
            assert world.reconcile().requeue_after == left.total_seconds()
        world.now = ends - timedelta(milliseconds=1)
        assert 0 < world.reconcile().requeue_after <= 0.1
        assert world.status.rollout.step == 1
        world.now = ends
        world.reconcile()
        assert world.status.rollout.step == 2

    def test_pods_first_then_the_share_then_the_time(self):
        world, old, new = begun()
        assert world.shares() == {old: 75, new: 25}
        assert (world.size(old), world.size(new)) == (3, 1)
        rollout = world.status.rollout
        assert (rollout.phase, rollout.step, rollout.steps, rollout.weight) == (Phase.OBSERVING, 1, 2, 25)
        assert world.status.routing.desired == {old: 75, new: 25}
        assert "step 1 of 2 (weight 25 %): revision" in rollout.message
        world.now += timedelta(seconds=121)
        go_on(world, 8)
        assert world.shares() == {old: 50, new: 50}
        assert (world.size(old), world.size(new)) == (3, 3)
        world.now += timedelta(seconds=61)
        go_on(world, 8)
        assert world.serving() == {new}
        assert world.status.stable_revision == new
        assert world.size(old) == 3, "what a roll-back needs stays"
        assert reasons(world)[-5:] == [
            "TrafficShifted",
            "StepPassed",
            "TrafficShifted",
            "StepPassed",
            "Promoted",
        ]
        assert [h.what for h in world.status.rollout.history][-1] == "Promoted"
        world.settle()
        assert states(world) == {new: RevisionState.STABLE, old: RevisionState.COLD}
        world.check_settled()

    def test_every_pod_that_has_traffic_is_told_so(self):
        world, _, _ = begun()
        assert set(world.told.values()) == {True}

    def test_a_warm_revision_gives_up_its_pods_before_both_are_selected(self):
        world = settled(**canary())
        world.edit(spec(image=V2, **canary(steps=())))
        go_on(world)
        former = next(n for n, s in states(world).items() if s is RevisionState.WARM)
        world.edit(spec(image=V3, **canary()))
        go_on(world)
        assert states(world)[former] is RevisionState.COLD
        assert former not in world.serving()
        assert len(world.serving()) == 2

    def test_a_third_revision_that_somebody_scales_up_gets_no_traffic(self):
        world = settled(**canary())
        first = world.status.stable_revision
        world.edit(spec(image=V2, **canary(steps=())))
        world.settle()
        world.edit(spec(image=V3, **canary()))
        go_on(world)
        assert len(world.serving()) == 2
        world.resize(ChildKey("Deployment", f"{KEY.name}-{first}"), 2)
        world.reconcile()
        world.act()
        go_on(world)
        assert first not in world.serving()
        world.settle()
        assert world.status.stable_revision == world.asked()

    def test_weight_0_brings_the_pods_up_without_traffic(self):
        world, old, new = begun(steps=({"weight": 0, "for": "5m"},))
        assert (world.serving(), world.ready(new)) == ({old}, 3)
        assert world.status.rollout.phase is Phase.OBSERVING
        world.settle()
        assert world.status.stable_revision == new

    def test_more_than_half_lets_the_candidate_be_the_larger_side(self):
        world, old, new = begun(size=1, steps=({"weight": 67, "for": "5m"},))
        assert (world.size(old), world.size(new)) == (1, 2)
        assert world.shares() == {old: 33, new: 67}

    def test_the_stable_side_grows_with_the_load_and_the_pin_follows(self):
        world, old, new = begun(size=2, steps=({"weight": 33, "for": "1h"},))
        assert (world.size(old), world.size(new)) == (2, 1)
        world.load = 6
        go_on(world, 8)
        assert world.size(old) == 4
        assert world.size(new) == 2

    def test_a_share_that_pods_cannot_make_is_refused_in_words(self):
        world, old, _ = begun(size=1, steps=({"weight": 10},))
        stalled = world.condition("Stalled")
        assert (stalled.status, stalled.reason) == ("True", "WeightRefused")
        assert "spec.rollout.steps[0]: weight 10" in stalled.message
        assert "Write weight 50, or use routing mode istio or gateway" in stalled.message
        assert world.serving() == {old}
        assert reasons(world).count("WeightRefused") == 1
        world.now += timedelta(hours=2)
        go_on(world, 3)
        assert world.status.candidate_revision is not None, "it waits for the mend"
        world.edit(spec(image=V2, **canary(1, ({"weight": 50},))))
        world.settle()
        assert world.status.stable_revision == world.asked()

    def test_a_share_that_can_no_longer_be_made_is_withdrawn_not_widened(self):
        """In mid-rollout the sizes change: the candidate must not get more than was asked for."""
        world, old, _ = begun(size=3, steps=({"weight": 67, "for": "1h"},))
        assert len(world.serving()) == 2
        world.edit(
            spec(image=V2, **canary(3, ({"weight": 67, "for": "1h"},)) | {"scaling": {"maxReplicas": 3}})
        )
        go_on(world, 6)
        assert world.serving() == {old}
        assert world.condition("Stalled").reason == "WeightRefused"
        assert "TrafficWithdrawn" in reasons(world)

    def test_a_mode_that_cannot_make_the_share_takes_it_back(self):
        """From a mesh at 10 % to numbers of pods, of which one is 25 %."""
        steps = STEPS | {"steps": [{"weight": 10, "for": "1h"}]}
        sizes = {"minReplicas": 3, "maxReplicas": 6}
        world, old = begun_by_routes("istio", rollout=steps, scaling=sizes)
        world.edit(routed("istio", V2, rollout=steps, scaling=sizes))
        run(world, 15)
        assert world.status.rollout.weight == 10
        world.edit(spec(image=V2, rollout=steps, scaling=sizes, routing={"mode": "replicas"}))
        for _ in range(8):
            run(world, 1)
            assert world.serving() == {old}
        assert world.condition("Stalled").reason == "WeightRefused"


class TestShadow:
    STEPS = ({"shadow": {"percent": 100, "for": "2m"}}, {"weight": 50, "for": "1m"})

    def test_the_pods_copy_then_the_traffic_follows(self):
        world, old, new = begun(steps=self.STEPS)
        rollout = world.status.rollout
        assert (rollout.phase, rollout.weight, rollout.shadow) == (Phase.OBSERVING, 0, 100)
        assert (world.serving(), world.ready(new)) == ({old}, 3), "copies are work like any other"
        measure = world.reconcile().measure
        assert measure.shadowed
        assert measure.stable == old
        world.now += timedelta(seconds=121)
        go_on(world, 8)
        assert (world.status.rollout.weight, world.status.rollout.shadow) == (50, None)
        assert world.shares() == {old: 50, new: 50}

    def test_beside_a_weight(self):
        steps = ({"weight": 50}, {"shadow": {"percent": 10, "for": "2m"}})
        world, _, _ = begun(steps=steps)
        go_on(world, 8)
        rollout = world.status.rollout
        assert (rollout.phase, rollout.step, rollout.weight, rollout.shadow) == (Phase.OBSERVING, 2, 50, 10)

    def test_an_abort_does_not_wait_for_copies_to_stop(self):
        world, old, new = begun(steps=self.STEPS)
        command(world, "abort", new)
        go_on(world, 4)
        assert (world.serving(), world.size(new)) == ({old}, 0)


def test_a_lost_status_goes_back_to_the_stable_one_of_two():
    world, old, new = begun()
    world.status = Status()
    world.reconcile()
    assert world.status.stable_revision == old
    go_on(world, 3)
    go_on(world, 12)
    assert world.status.stable_revision == old
    assert (world.status.candidate_revision, world.status.rollout.weight) == (new, 25)


def test_a_bad_image_never_gets_traffic():
    world = settled(**canary())
    old = world.status.stable_revision
    world.edit(spec(image=BAD_IMAGE, **canary()))
    go_on(world, 20)
    assert world.serving() == {old}
    assert world.condition("Stalled").reason == "Crashed"
