"""Aborts, and commands to a rollout in steps: whole stories."""

from datetime import timedelta

import pytest

from modelyard_operator.api.status import Phase, RevisionState
from tests.operator.reconcile.simulator import (
    SLOW_IMAGE,
    V2,
    V3,
    go_on,
    of_kind,
    settled,
    spec,
    states,
)
from tests.operator.reconcile.stepped import begun, canary, command


class TestAbort:
    def test_one_that_crashes_in_a_step_loses_its_traffic_then_its_pods(self):
        world, old, new = begun()
        for pod in world.pods_of(new):
            for _ in range(3):
                world.crash_pod(pod.name)
        world.reconcile()
        assert world.status.rollout.phase is Phase.RETURNING
        assert world.size(new) == 1
        world.reconcile()
        assert world.serving() == {old}, "status, then traffic: two passes"
        go_on(world, 4)
        assert states(world) == {new: RevisionState.REJECTED, old: RevisionState.STABLE}
        assert world.size(new) == 0
        assert world.condition("Stalled").reason == "Crashed"
        world.check_settled()

    def test_the_command_is_heard_in_two_passes(self):
        world, old, new = begun()
        command(world, "abort", new)
        world.reconcile()
        world.reconcile()
        assert world.serving() == {old}
        go_on(world, 4)
        assert world.status.rollout.rejected[0].reason == "Aborted"
        assert world.status.rollout.weight is None

    def test_a_step_whose_pods_do_not_come_ends_at_its_deadline(self):
        world = settled(**canary(deadline="3m"))
        old = world.status.stable_revision
        world.edit(spec(image=SLOW_IMAGE, **canary(deadline="3m")))
        world.settle()
        assert world.condition("Stalled").reason == "DeadlineExceeded"
        assert world.serving() == {old}

    def test_back_to_the_stable_spec_is_immediate_and_free(self):
        world, old, _ = begun()
        pods = {p.name for p in world.pods_of(old)}
        world.edit(spec(**canary()))
        world.reconcile()
        world.reconcile()
        assert world.serving() == {old}
        go_on(world, 4)
        assert {p.name for p in world.pods_of(old)} == pods
        assert states(world) == {old: RevisionState.STABLE}
        assert of_kind(world, "Deployment") == {f"sentiment-{old}"}

    def test_a_further_change_starts_again_from_stable(self):
        world, old, new = begun()
        world.edit(spec(image=V3, **canary()))
        world.reconcile()
        world.reconcile()
        assert world.serving() == {old}, "traffic is back before the next one starts"
        assert world.status.candidate_revision == new
        go_on(world, 10)
        assert world.status.candidate_revision not in (old, new)
        assert (world.status.rollout.step, world.status.rollout.weight) == (1, 25)


class TestCommands:
    def test_pause_and_resume(self):
        world, _, new = begun()
        command(world, "pause", new)
        world.now += timedelta(minutes=3)
        go_on(world, 6)
        assert world.status.rollout.step == 1
        assert world.condition("Reconciling").reason == "Paused"
        command(world, "resume", new)
        go_on(world, 6)
        assert world.status.rollout.step == 2

    def test_skip_passes_over_the_time(self):
        world, _, new = begun()
        command(world, "skip", new)
        go_on(world, 6)
        assert (world.status.rollout.step, world.status.rollout.weight) == (2, 50)

    def test_promote_passes_over_everything(self):
        world, _, new = begun()
        command(world, "promote", new)
        go_on(world, 8)
        assert (world.status.stable_revision, world.status.rollout.phase) == (new, Phase.IDLE)

    @pytest.mark.parametrize("verb", ["pause", "resume", "skip", "promote", "abort"])
    def test_one_that_names_a_superseded_revision_is_refused(self, verb):
        world, _, new = begun()
        world.edit(spec(image=V3, **canary()))
        go_on(world, 10)
        command(world, verb, new)
        world.events.clear()
        go_on(world, 2)
        (event,) = world.events
        assert (event.reason, event.warning) == ("CommandRefused", True)
        assert f"revision {new} is not the candidate" in event.message

    def test_rollback_goes_to_a_warm_revision_at_once_and_stays_there(self):
        world = settled(**canary(steps=()))
        old = world.status.stable_revision
        world.edit(spec(image=V2, **canary(steps=())))
        go_on(world)
        new = world.status.stable_revision
        assert new != old
        command(world, "rollback", old)
        for _ in range(2):
            world.reconcile()
        assert world.serving() == {old}
        world.settle()
        assert (world.status.stable_revision, world.status.rollout.back_to) == (old, old)
        assert world.condition("Stalled").reason == "RolledBack"
        world.check_settled()
        command(world, "retry", new)
        world.settle()
        assert (world.status.stable_revision, world.status.rollout.back_to) == (new, None)

    def test_rollback_to_a_cold_revision_brings_its_pods_first(self):
        world = settled(**canary())
        old = world.status.stable_revision
        world.edit(spec(image=V2, **canary()))
        world.settle()
        command(world, "rollback", old)
        world.settle()
        assert world.status.stable_revision == old
        world.edit(spec(**canary()))
        world.settle()
        assert world.status.rollout.back_to is None
        assert world.condition("Stalled").status == "False"

    @pytest.mark.parametrize("cold", [False, True])
    def test_rollback_to_what_the_spec_asks_for_goes_through_no_steps_either(self, cold):
        world = settled(**canary())
        old = world.status.stable_revision
        world.edit(spec(image=V2, **canary()))
        world.settle()
        new = world.status.stable_revision
        command(world, "rollback", old)
        world.settle()
        assert world.status.stable_revision == old
        if cold:
            world.now += timedelta(hours=2)
            world.settle()
        command(world, "rollback", new)
        for _ in range(40):
            assert world.status.rollout.weight in (None, 0)
            go_on(world, 1)
        assert (world.status.stable_revision, world.status.rollout.back_to) == (new, None)
        assert world.condition("Stalled").status == "False"

    def test_paused_in_the_spec_holds_a_step(self):
        world, _, _ = begun()
        world.edit(spec(image=V2, **canary(paused=True)))
        world.now += timedelta(minutes=10)
        go_on(world)
        assert world.status.rollout.step == 1
        world.edit(spec(image=V2, **canary()))
        go_on(world)
        assert world.status.rollout.step == 2
