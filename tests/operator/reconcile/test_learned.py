"""What resolving could not tell is learned from the pods, and written once."""

import pytest

from tests.operator.reconcile.simulator import World, settled, spec


def untold() -> World:
    """A source that resolving finds no task in."""
    world = World(spec(), task=None)
    world.settle()
    return world


def test_the_task_comes_from_a_pod_when_resolving_found_none():
    world = untold()
    assert world.status.model.task == "text-classification"
    world.check_settled()


def test_an_operator_that_begins_anew_keeps_it():
    world = untold()
    world.forget()
    world.told.clear()
    before = world.status
    world.reconcile()
    assert world.status == before


def test_no_revision_comes_of_it():
    world = untold()
    assert world.status.stable_revision == settled().status.stable_revision
    assert len(world.status.revisions) == 1


def test_what_resolving_found_stays():
    world = World(spec(), task="tensor")
    world.settle()
    assert world.status.model.task == "tensor"


@pytest.mark.parametrize("asked", ["tensor", None])
def test_pods_of_another_spec_say_nothing(asked):
    world = untold()
    world.edit(
        spec(model={"uri": "s3://models/a"} | ({"task": asked} if asked else {}), rollout={"paused": True})
    )
    for _ in range(8):
        world.reconcile()
        world.act()
    expected = None if asked else "text-classification"
    assert world.status.model.task == expected
