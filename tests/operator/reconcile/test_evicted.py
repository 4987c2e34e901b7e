"""Pods that were evicted: their objects stay, and hold nothing up."""

from datetime import timedelta

import pytest

from modelyard_operator.api.status import Phase
from modelyard_operator.kube.objects import ChildKey
from tests.operator.reconcile.routed import STEPS
from tests.operator.reconcile.simulator import KEY, V2, V3, World, go_on, settled, spec
from tests.operator.reconcile.sleepers import MODES, begun, run, zero
from tests.operator.reconcile.stepped import begun as begun_in_steps
from tests.operator.reconcile.stepped import canary


def evict(world: World, revision: str | None) -> None:
    """One pod of the revision; another one comes for it where its Deployment wants one."""
    world.evict_pod(min(pod.name for pod in world.pods_of(revision) if not pod.evicted))
    go_on(world, 2)


def test_one_of_a_former_revision_does_not_stand_beside_a_share_of_the_traffic():
    world = settled(**canary())
    former = world.status.stable_revision
    evict(world, former)
    world.edit(spec(image=V2, **canary(steps=())))
    world.settle()
    assert (world.size(former), len(world.pods_of(former))) == (0, 1)
    world.edit(spec(image=V3, **canary()))
    world.settle()
    assert world.status.stable_revision == world.asked()
    assert not world.status.rollout.rejected


def test_one_of_the_candidate_does_not_make_its_share_too_large():
    world = settled(**canary())
    stable = world.status.stable_revision
    world.edit(spec(image=V2, **canary()))
    while not world.pods_of(world.status.candidate_revision):
        go_on(world, 1)
    candidate = world.status.candidate_revision
    evict(world, candidate)
    go_on(world)
    assert world.shares() == {stable: 75, candidate: 25}


@pytest.mark.parametrize("mode", MODES)
def test_one_of_a_revision_that_sleeps_does_not_keep_a_rollout_from_waking_it(mode: str):
    world, stable = begun(mode, rollout=STEPS)
    evict(world, stable)
    world.idle = True
    run(world)
    assert (world.size(stable), len(world.pods_of(stable))) == (0, 1)
    assert world.verdicts()["Ready"] == ("True", "Asleep")
    world.stuck = stable
    world.edit(zero(mode, V2, rollout=STEPS))
    run(world)
    assert world.ready(world.status.candidate_revision)
    assert not world.status.rollout.weight, "a share beside nobody is all"
    assert world.verdicts()["Ready"] == ("True", "Waking")
    world.stuck = None
    for _ in range(40):
        run(world, 1)
        world.now += timedelta(seconds=5)
    assert world.status.stable_revision == world.asked()


def test_one_that_had_crashed_before_gives_nobody_up():
    world, _, candidate = begun_in_steps()
    (pod,) = world.pods_of(candidate)
    for _ in range(3):
        world.crash_pod(pod.name)
        pod.ready_at = world.now
    evict(world, candidate)
    go_on(world)
    assert world.status.candidate_revision == candidate
    assert world.status.rollout.phase is Phase.OBSERVING


def test_one_of_the_cache_is_not_its_trouble():
    world = settled(cache={"managed": {}})
    pod = next(pod for pod in world.pods.values() if pod.component == "cache")
    world.evict_pod(pod.name)
    world.set_status(ChildKey("Deployment", f"{KEY.name}-cache"), {"replicas": 1, "observedGeneration": 1})
    world.reconcile()
    assert world.verdicts()["CacheReady"] == ("False", "Starting")
