"""What users of other rollout controllers complain about: each is shown not to happen here.

The numbers are the issues of kserve/kserve, ray-project/kuberay, fluxcd/flagger and argoproj/argo-rollouts.
"""

from datetime import timedelta

import pytest

from modelyard_operator.analysis.verdict import Verdict
from modelyard_operator.api.status import Phase, RevisionState, Status
from modelyard_operator.kube.objects import ChildKey
from tests.operator.reconcile.simulator import (
    BAD_IMAGE,
    KEY,
    MISSING,
    SLOW_IMAGE,
    V2,
    go_on,
    of_kind,
    settled,
    spec,
    states,
)
from tests.operator.reconcile.stepped import begun, canary
from tests.operator.reconcile.test_analysed import analysed, hear, say


class TestKServe:
    def test_5335_4074_a_weight_is_brought_about_or_refused_never_ignored(self):
        made, old, new = begun(size=3, steps=({"weight": 25, "for": "1h"},))
        assert made.shares() == {old: 75, new: 25}
        refused, old, _ = begun(size=3, steps=({"weight": 5, "for": "1h"},))
        assert refused.serving() == {old}
        assert refused.condition("Stalled").reason == "WeightRefused"
        assert refused.status.rollout.weight == 0, "status does not claim what is not there"

    def test_3768_an_update_keeps_the_size(self):
        world = settled(scaling={"maxReplicas": 6})
        world.load = 5
        world.settle()
        world.edit(spec(image=V2, scaling={"maxReplicas": 6}))
        for _ in range(30):
            go_on(world, 1)
            assert max(map(world.size, world.serving())) >= 5, "it never falls back to one pod"
        assert world.size(world.status.stable_revision) == 5
        for key, raw in world.objects.items():
            if key.kind == "Deployment":
                assert "replicas" not in str(raw["metadata"]["annotations"])

    def test_6136_4309_a_source_that_is_not_there_is_told_and_not_up_to_date(self):
        world = settled()
        world.edit(spec(MISSING))
        go_on(world, 6)
        assert world.condition("Stalled").status == "True"
        assert "there is nothing" in world.condition("Stalled").message
        assert world.condition("Ready").status == "True", "the old one serves on"

    def test_1859_it_is_not_ready_while_its_pods_crash(self):
        world = settled()
        for pod in world.pods_of(world.status.stable_revision):
            for _ in range(3):
                world.crash_pod(pod.name)
        world.reconcile()
        assert world.condition("Ready").status == "False"

    def test_4791_a_failed_update_is_failed_not_in_progress(self):
        world, _, new = begun()
        for pod in world.pods_of(new):
            for _ in range(3):
                world.crash_pod(pod.name)
        go_on(world, 6)
        verdicts = {kind: world.condition(kind).status for kind in ("Ready", "Reconciling", "Stalled")}
        assert verdicts == {"Ready": "True", "Reconciling": "False", "Stalled": "True"}


class TestKubeRay:
    def test_4239_a_step_needs_its_share_of_the_capacity_not_twice_the_whole(self):
        world, old, new = begun(size=8, steps=({"weight": 11, "for": "1h"},))
        assert (world.size(old), world.size(new)) == (8, 1)

    def test_4239_and_what_finds_no_room_ends_at_the_deadline(self):
        steps = ({"weight": 25, "for": "1m"},)
        world = settled(**canary(steps=steps, deadline="2m"))
        old = world.status.stable_revision
        world.edit(spec(image=SLOW_IMAGE, **canary(steps=steps, deadline="2m")))
        began = world.now
        world.settle()
        assert world.status.rollout.rejected[0].at - began < timedelta(minutes=3)
        assert world.status.stable_revision == old

    def test_1559_traffic_never_moves_before_the_pods_are_ready(self):
        """The simulated cluster fails the test whenever traffic goes to a revision without ready pods."""
        world = settled(**canary())
        old = world.status.stable_revision
        world.edit(spec(image=V2, **canary()))
        for _ in range(40):
            world.reconcile()
            candidate = world.status.candidate_revision
            if candidate in world.serving():
                break
            assert world.serving() == {old}
            go_on(world, 1)
        assert world.ready(candidate) == world.size(candidate) > 0


class TestFlagger:
    def test_1600_1526_a_promotion_copies_nothing_and_restarts_no_pod(self):
        world, old, new = begun(steps=({"weight": 50, "for": "1m"},))
        before = {pod.name for pod in world.pods_of(new)}
        world.now += timedelta(seconds=61)
        go_on(world, 8)
        assert world.status.stable_revision == new
        assert {pod.name for pod in world.pods_of(new)} == before, "the very pods that were watched"
        assert of_kind(world, "Deployment") == {f"sentiment-{old}", f"sentiment-{new}"}

    def test_1526_what_is_promoted_has_the_size_that_serves_now(self):
        world, _, new = begun(steps=({"weight": 50, "for": "1m"},))
        world.load = 10
        go_on(world, 6)
        world.now += timedelta(seconds=61)
        go_on(world, 10)
        assert world.status.stable_revision == new
        assert world.ready(new) >= 5

    @pytest.mark.parametrize("verdict", [None, Verdict.NO_DATA, Verdict.INCONCLUSIVE])
    def test_1035_nothing_is_passed_without_data(self, verdict):
        world, _, _ = analysed()
        for _ in range(10):
            if verdict is not None:
                hear(world, verdict)
            world.now += timedelta(minutes=1)
            go_on(world, 1)
        assert (world.status.rollout.step, world.status.rollout.weight) == (1, 25)

    def test_639_a_size_that_the_autoscaler_chose_is_left_alone(self):
        world, old, _ = begun(size=3)
        world.resize(ChildKey("Deployment", f"{KEY.name}-{old}"), 5)
        assert f"{KEY.name}-{old}" not in {scale.deployment for scale in world.reconcile().scales}


class TestArgoRollouts:
    def test_3681_an_abort_takes_no_pod_before_the_traffic_is_back(self):
        world, old, new = begun(steps=({"weight": 50, "for": "1h"},))
        sizes = (world.size(old), world.size(new))
        world.edit(spec(**canary(steps=({"weight": 50, "for": "1h"},))))
        world.reconcile()
        assert (world.serving(), world.size(old), world.size(new)) == ({old, new}, *sizes)
        made = world.reconcile()
        assert world.serving() == {old}
        assert not made.scales
        assert (world.size(old), world.size(new)) == sizes
        go_on(world, 3)
        assert world.size(new) == 0
        assert world.size(old) == sizes[0]

    def test_4841_weights_survive_a_route_that_was_deleted_and_an_operator_that_ended(self):
        world, old, new = begun(steps=({"weight": 50, "for": "1h"},))
        world.remove(ChildKey("Service", KEY.name))
        world.forget()
        go_on(world, 4)
        assert world.shares() == {old: 50, new: 50}
        assert world.status.rollout.weight == 50

    def test_4973_an_abort_in_any_phase_comes_to_rest(self):
        for passes in range(1, 12):
            world = settled(**canary())
            old = world.status.stable_revision
            world.edit(spec(image=V2, **canary()))
            go_on(world, passes)
            world.edit(spec(**canary()))
            world.settle()
            assert (world.status.rollout.phase, world.serving()) == (Phase.IDLE, {old})
            assert set(states(world).values()) <= {
                RevisionState.STABLE,
                RevisionState.COLD,
                RevisionState.WARM,
            }
            world.check_settled()

    def test_1838_the_stable_side_keeps_what_a_roll_back_needs(self):
        world, old, _ = begun(size=2, steps=({"weight": 67, "for": "1h"},))
        assert world.size(old) == 2
        world.load = 1
        go_on(world, 6)
        assert world.size(old) == 2, "however little the load"


def test_a_bad_update_is_never_reported_as_the_good_one():
    world = settled()
    good = world.status.stable_revision
    world.edit(spec(image=BAD_IMAGE))
    go_on(world, 20)
    world.status = Status.model_validate(world.status.to_dict())
    assert (world.status.stable_revision, world.status.replicas) == (good, 1)


def test_traffic_is_back_two_passes_after_the_failing_verdict():
    """One interval is the verdict's; what follows takes two passes, which the API server's answers drive."""
    world, old, _ = analysed(failureLimit=1)
    world.now += timedelta(seconds=30)
    say(world, Verdict.FAIL)
    world.reconcile()
    world.reconcile()
    assert world.serving() == {old}
