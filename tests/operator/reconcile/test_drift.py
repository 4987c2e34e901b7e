"""SourceDrifted: a new pod of the stable revision found other bytes than the revision was made from."""

import json
from dataclasses import replace

from modelyard_operator import contract
from modelyard_operator.kube.objects import Container
from modelyard_operator.reconcile.model import Observed, Plan
from modelyard_operator.reconcile.plan import plan
from tests.operator.reconcile.simulator import START, World, settled

WORDS = "the source changed since this revision was made"


def fetching(message: str | None) -> Container:
    return Container(contract.FETCH_CONTAINER, exit_code=None if message is None else 1, exit_message=message)


REPORT = json.dumps(
    {"ok": False, "reason": contract.REASON_SOURCE_CHANGED, "message": WORDS, "permanent": True}
)


def seen(world: World, message: str | None) -> Observed:
    """What is observed when the newest of two pods does not get past its fetch."""
    observed = world.observed()
    *others, newest = observed.pods
    late = replace(newest, ready=False, ready_at=None, init_containers=(fetching(message),))
    return replace(observed, pods=(*others, late))


def drifted(made: Plan) -> list[str]:
    return [each.message for each in made.status.conditions if each.type == "SourceDrifted"]


def told(made: Plan) -> list[str]:
    return [event.message for event in made.events if event.reason == "SourceDrifted"]


def test_it_is_told_once_and_stays_until_every_pod_is_there() -> None:
    world = settled(scaling={"minReplicas": 2, "maxReplicas": 4})
    assert drifted(plan(world.observed(), START)) == []

    first = plan(seen(world, REPORT), world.now)
    [words] = drifted(first)
    assert words.startswith(f"no new pod of revision {world.status.stable_revision} can start: {WORDS}; ")
    assert "modelyard refresh" in words
    assert told(first) == [words]
    ready = next(each for each in first.status.conditions if each.type == "Ready")
    assert ready.status == "True", "the pods that are there serve on"

    # The pod tries again, and says nothing for a moment.
    for message in (REPORT, None, REPORT):
        again = plan(replace(seen(world, message), status=first.status), world.now)
        assert drifted(again) == [words]
        assert told(again) == []

    over = plan(replace(world.observed(), status=first.status), world.now)
    assert drifted(over) == []


def test_other_troubles_are_no_drift() -> None:
    world = settled(scaling={"minReplicas": 2, "maxReplicas": 4})
    report = json.dumps(
        {"ok": False, "reason": contract.REASON_UNREACHABLE, "message": "?", "permanent": False}
    )
    assert drifted(plan(seen(world, report), world.now)) == []
