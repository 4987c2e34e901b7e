"""Worlds whose rollouts go in steps, in mode `replicas`."""

from modelyard_operator import labels
from tests.operator.reconcile.simulator import (
    V2,
    World,
    go_on,
    settled,
    spec,
)

CANARY = ({"weight": 25, "for": "2m"}, {"weight": 50, "for": "1m"})


def canary(size: int = 3, steps=CANARY, **rollout) -> dict:
    """A spec's scaling and rollout."""
    return {
        "scaling": {"minReplicas": size, "maxReplicas": 2 * size},
        "rollout": {"steps": list(steps), **rollout},
    }


def begun(size: int = 3, steps=CANARY, **rollout) -> tuple[World, str, str]:
    """A world in which a rollout has come to its first step: the world, stable and candidate."""
    world = settled(**canary(size, steps, **rollout))
    stable = world.status.stable_revision
    world.edit(spec(image=V2, **canary(size, steps, **rollout)))
    go_on(world, 8)
    return world, stable, world.status.candidate_revision


def command(world: World, verb: str, revision: str) -> None:
    world.annotations[labels.COMMAND] = f"{verb}@{revision}#{world.next_version()}"
