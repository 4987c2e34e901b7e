"""Situations that a ModelDeployment can be in."""

from typing import Any

from modelyard_operator.kube.objects import ChildKey
from tests.operator.reconcile.simulator import (
    BAD_IMAGE,
    KEY,
    MISSING,
    SLOW_IMAGE,
    V2,
    World,
    go_on,
    settled,
    spec,
)


def fresh() -> World:
    return World(spec())


def resolving() -> World:
    world = World(spec())
    go_on(world, 2)
    return world


def unresolvable() -> World:
    world = World(spec(MISSING))
    go_on(world, 6)
    return world


def starting() -> World:
    world = World(spec(image=SLOW_IMAGE))
    go_on(world, 8)
    return world


def first_is_late() -> World:
    world = starting()
    world.settle()
    return world


def first_crashes() -> World:
    world = World(spec(image=BAD_IMAGE))
    go_on(world, 12)
    return world


def serving() -> World:
    return settled()


def updating() -> World:
    world = settled()
    world.edit(spec(image=SLOW_IMAGE))
    go_on(world, 5)
    return world


def edited() -> World:
    world = settled()
    world.edit(spec(image=V2))
    return world


def update_rejected() -> World:
    world = settled()
    world.edit(spec(image=BAD_IMAGE))
    go_on(world, 15)
    return world


def update_unresolvable() -> World:
    world = settled()
    world.edit(spec(MISSING))
    go_on(world, 6)
    return world


def paused() -> World:
    world = settled()
    world.edit(spec(image=V2, rollout={"paused": True}))
    go_on(world, 3)
    return world


def all_pods_start_again() -> World:
    world = settled()
    for pod in world.pods.values():
        pod.ready_at = None
    world.reconcile()
    return world


def all_pods_crash() -> World:
    world = settled()
    for name in world.pods:
        for _ in range(3):
            world.crash_pod(name)
    world.reconcile()
    return world


def name_taken() -> World:
    world = World(spec())
    world.take(ChildKey("Service", KEY.name))
    go_on(world, 15)
    return world


def cannot_watch() -> World:
    world = settled()
    world.unavailable = frozenset({"HorizontalPodAutoscaler"})
    go_on(world, 2)
    return world


def cannot_watch_what_matters() -> World:
    world = settled()
    world.unavailable = frozenset({"Service"})
    go_on(world, 2)
    return world


def keyed(**more: Any) -> dict[str, Any]:
    return {"auth": {"apiKeys": {"secretRef": {"name": "clients"}}}, **more}


def first_lacks_its_keys() -> World:
    world = World(spec(server=keyed()), absent={"clients"})
    go_on(world, 8)
    return world


def update_lacks_its_keys() -> World:
    world = settled()
    world.absent = {"clients"}
    world.edit(spec(server=keyed()))
    go_on(world, 8)
    return world


def first_lacks_its_engine() -> World:
    world = World(spec(server={"engine": "openvino"}))
    go_on(world, 8)
    return world


def update_lacks_its_engine() -> World:
    world = settled()
    world.edit(spec(server={"engine": "openvino"}))
    go_on(world, 8)
    return world
