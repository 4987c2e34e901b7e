"""Rollouts of deployments whose stable revision sleeps."""

from datetime import timedelta

import pytest

from modelyard_operator.api.status import Phase
from tests.operator.reconcile.routed import STEPS, accept, seen
from tests.operator.reconcile.simulator import BAD_IMAGE, V2, go_on
from tests.operator.reconcile.simulator.world import Crash
from tests.operator.reconcile.sleepers import MODES, asleep, run, zero


@pytest.mark.parametrize("mode", MODES)
def test_it_wakes_before_the_first_step_of_a_rollout(mode: str) -> None:
    world, stable = asleep(mode, rollout=STEPS)
    world.edit(zero(mode, V2, rollout=STEPS))
    held = []
    for _ in range(80):
        go_on(world, 1)
        accept(world)
        world.now += timedelta(seconds=5)
        rollout = world.status.rollout
        if rollout.weight:
            assert world.ready(stable), "a share beside nobody is all"
            held.append(seen(world, mode))
        if world.status.stable_revision != stable and rollout.phase is Phase.IDLE:
            break
    new = world.status.stable_revision
    assert held and all(each is not None and each.held_by is None for each in held)
    assert new != stable
    run(world)
    assert world.size(new) == 0, "nobody has asked since"
    assert world.verdicts()["Ready"] == ("True", "Asleep")


@pytest.mark.parametrize("mode", MODES)
def test_a_step_waits_until_its_deadline_for_one_that_does_not_wake(mode: str) -> None:
    rollout = STEPS | {"deadline": "2m"}
    world, stable = asleep(mode, rollout=rollout)
    world.stuck = stable
    world.edit(zero(mode, V2, rollout=rollout))
    run(world, 8)
    candidate = world.status.candidate_revision
    assert world.ready(candidate) and world.size(stable) and not world.status.rollout.weight
    assert world.verdicts()["Ready"] == ("True", "Waking")
    assert f"it waits for revision {stable}, which slept, to wake" in world.status.rollout.message
    world.now += timedelta(minutes=2)
    run(world, 4)
    (rejected,) = world.status.rollout.rejected
    assert rejected.revision == candidate
    assert rejected.message.startswith(f"revision {stable}, which slept, had no ready pod again within 120 s")


@pytest.mark.parametrize("mode", MODES)
def test_one_that_cannot_wake_holds_nothing_up(mode: str) -> None:
    auth = {"auth": {"apiKeys": {"secretRef": {"name": "clients"}}}}
    world, stable = asleep(mode, rollout=STEPS, server=auth)
    world.absent.add("clients")
    world.edit(zero(mode, V2, rollout=STEPS))
    for _ in range(60):
        world.reconcile()
        world.act()
        accept(world)
        world.now += timedelta(seconds=10)
    assert world.status.stable_revision != stable


@pytest.mark.parametrize("mode", MODES)
def test_a_rollout_without_steps_takes_over_from_one_that_sleeps(mode: str) -> None:
    world, stable = asleep(mode)
    world.edit(zero(mode, V2))
    run(world, 20)
    assert world.status.stable_revision != stable
    assert world.verdicts()["Ready"] == ("True", "Asleep")


@pytest.mark.parametrize("mode", MODES)
def test_a_bad_candidate_leaves_it_awake_and_then_asleep_again(mode: str) -> None:
    world, stable = asleep(mode)
    world.edit(zero(mode, BAD_IMAGE))
    run(world, 20)
    assert world.status.stable_revision == stable
    assert world.verdicts()["Ready"] == ("True", "Asleep")
    assert world.verdicts()["Stalled"][0] == "True"


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("crash_after", range(6))
def test_an_operator_that_ends_between_two_writes_loses_no_request(mode: str, crash_after: int) -> None:
    world, stable = asleep(mode)
    world.edit(zero(mode, V2))
    for _ in range(40):
        try:
            world.reconcile(crash_after=crash_after)
        except Crash:
            world.forget()
        world.act()
        accept(world)
        world.now += timedelta(seconds=5)
        world.reconcile()
    assert world.status.stable_revision != stable
    assert world.verdicts()["Ready"] == ("True", "Asleep")
