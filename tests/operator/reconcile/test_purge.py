"""The command `purge`: every ready pod forgets its answers, once, and how it went is told."""

from datetime import timedelta

from modelyard_operator import labels
from tests.operator.reconcile.simulator import V2, World, go_on, settled, spec

CACHE = {"managed": {}}


def asked(nonce: str = "1", **fields) -> World:
    world = settled(cache=CACHE, **fields)
    world.events.clear()
    command(world, nonce)
    return world


def command(world: World, nonce: str) -> None:
    world.annotations[labels.COMMAND] = f"purge@{world.status.stable_revision}#{nonce}"


def told(world: World) -> list[tuple[str, bool]]:
    return [(event.reason, event.warning) for event in world.events]


def test_every_ready_pod_of_every_revision_forgets_once():
    world = settled(cache=CACHE, scaling={"minReplicas": 2})
    world.edit(spec(image=V2, cache=CACHE, scaling={"minReplicas": 2}))
    go_on(world, 12)
    servers = {"uid-" + pod.name for pod in world.pods.values() if pod.component == "server"}
    assert len(servers) == 4, "two that serve and two that are warm"
    world.events.clear()
    command(world, "1")
    go_on(world, 5)
    assert set(world.purged) == servers
    assert told(world) == [("CachePurged", False)]
    assert world.events[0].message == "pods that forgot their answers: 4"
    assert world.status.cache_purge.nonce == world.status.rollout.last_command == "1"
    assert world.status.cache_purge.ended_at is not None
    assert world.reconcile().purges == ()
    world.settle()
    world.check_settled()


def test_it_is_remembered_before_it_is_done():
    world = asked()
    made = world.reconcile()
    assert (made.purges, made.requeue_after) == ((), 0.0)
    assert world.status.cache_purge.ended_at is None
    world.forget()
    assert len(world.reconcile().purges) == 1, "an operator that begins anew goes on with it"


def test_pods_that_come_later_have_nothing_to_forget():
    world = asked()
    go_on(world, 4)
    (name,) = [name for name, pod in world.pods.items() if pod.component == "server"]
    world.end_pod(name)
    world.settle()
    assert told(world) == [("CachePurged", False)]
    world.check_settled()


def test_a_pod_that_fails_is_asked_again_for_a_while_and_then_named():
    world = asked(scaling={"minReplicas": 2})
    first = min(name for name, pod in world.pods.items() if pod.component == "server")
    world.mute = {first}
    go_on(world, 20)
    assert told(world) == []
    assert [purge.pod_name for purge in world.reconcile().purges] == [first]
    world.settle()
    assert told(world) == [("CachePurgeFailed", True)]
    message = world.status.cache_purge.message
    assert message == world.events[0].message
    assert f"1 of 2 pods did not forget their answers within 60 s ({first}: the pod answered 503" in message
    world.check_settled()


def test_a_pod_that_hears_in_time_is_enough():
    world = asked()
    world.mute = set(world.pods)
    go_on(world, 20)
    world.mute.clear()
    go_on(world, 4)
    assert told(world) == [("CachePurged", False)]


def test_without_a_ready_pod_it_is_given_up():
    world = asked()
    for pod in world.pods.values():
        pod.ready_at = None
    world.reconcile()
    world.now += timedelta(seconds=61)
    world.reconcile()
    assert told(world)[-1] == ("CachePurgeFailed", True)
    assert "no pod was ready within 60 s" in world.status.cache_purge.message


def test_each_command_is_carried_out_anew():
    world = asked("1")
    go_on(world, 4)
    command(world, "2")
    go_on(world, 4)
    assert {answer.nonce for answer in world.purged.values()} == {"2"}
    assert told(world) == [("CachePurged", False)] * 2
