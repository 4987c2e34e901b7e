"""Commands: what the annotation asks for is done once, or refused in words."""

import pytest

from modelyard_operator import labels
from modelyard_operator.api.status import Status
from tests.operator.reconcile.simulator import BAD_IMAGE, MISSING, V2, World, go_on, settled, spec


def rejected() -> tuple[World, str]:
    world = settled()
    world.edit(spec(image=BAD_IMAGE))
    go_on(world, 20)
    return world, world.status.rollout.rejected[0].revision


def test_retry_tries_a_rejected_revision_once_more():
    world, bad = rejected()
    world.annotations[labels.COMMAND] = f"retry@{bad}#1"
    world.reconcile()
    assert (world.status.candidate_revision, world.status.rollout.last_command) == (bad, "1")
    assert world.status.rollout.rejected == ()
    go_on(world, 20)
    assert [r.revision for r in world.status.rollout.rejected] == [bad], "once"


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("retry@rsuperseded#1", "names revision rsuperseded"),
        (
            "dance@{stable}#1",
            "dance is no command: there are pause, resume, skip, promote, abort, rollback, retry",
        ),
        ("retry@{stable}#1", "nothing to retry"),
        ("purge@{stable}#1", "there is no spec.cache: there is nothing to purge"),
        ("retry", "is not VERB@REVISION#NONCE"),
    ],
)
def test_what_cannot_be_done_is_refused_once_with_an_event(command, words):
    world, _ = rejected()
    world.events.clear()
    world.annotations[labels.COMMAND] = command.format(stable=world.status.stable_revision)
    go_on(world, 3)
    (event,) = world.events
    assert (event.reason, event.warning) == ("CommandRefused", True)
    assert words in event.message


def test_a_lost_status_does_not_carry_the_last_command_out_again():
    world = settled()
    first = world.status.stable_revision
    world.edit(spec(V2))
    go_on(world, 20)
    second = world.status.stable_revision
    world.annotations[labels.COMMAND] = f"rollback@{first}#1"
    go_on(world, 20)
    assert world.status.stable_revision == first
    world.annotations[labels.COMMAND] = f"rollback@{second}#2"
    go_on(world, 20)
    world.annotations[labels.COMMAND] = f"rollback@{first}#1"
    world.events.clear()
    world.status = Status()
    go_on(world, 20)
    assert world.status.stable_revision == second
    assert [each.reason for each in world.events if each.warning] == ["CommandRefused"]
    assert "give the command once more" in world.status.rollout.last_command_refusal
    world.annotations[labels.COMMAND] = f"rollback@{first}#3"
    go_on(world, 20)
    assert world.status.stable_revision == first


def test_retry_resolves_a_failing_source_at_once():
    world = World(spec(MISSING))
    go_on(world, 6)
    world.annotations[labels.COMMAND] = "retry@none#1"
    world.reconcile()
    assert (world.status.model.attempts, world.status.model.retry_at) == (0, None)
