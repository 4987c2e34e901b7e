"""What most stories begin with, how they go on, and how they are read."""

from datetime import timedelta

from modelyard_operator.api.status import RevisionState
from tests.operator.reconcile.simulator.givens import spec
from tests.operator.reconcile.simulator.world import World


def settled(**fields) -> World:
    """A world that has come to rest with this spec."""
    world = World(spec(**fields))
    world.settle()
    return world


def go_on(world: World, passes: int = 12) -> None:
    """Let the operator and the controllers take turns, a second each."""
    for _ in range(passes):
        world.reconcile()
        world.act()
        world.now += timedelta(seconds=1)


def states(world: World) -> dict[str, RevisionState]:
    """The revisions that status lists."""
    return {entry.name: entry.state for entry in world.status.revisions}


def of_kind(world: World, kind: str) -> set[str]:
    """The names of the objects of a kind."""
    return {key.name for key in world.objects if key.kind == kind}


def reasons(world: World) -> list[str]:
    """The reasons of all events, oldest first."""
    return [event.reason for event in world.events]
