"""Shadow steps in mode `replicas`, where the stable pods send copies: whole stories."""

from datetime import timedelta

from modelyard_operator.api.status import Phase
from modelyard_operator.reconcile.part import Forward, Role
from tests.operator.reconcile.simulator import KEY, V2, V3, World, go_on, settled, spec

STEPS = ({"shadow": {"percent": 40, "for": "2m"}}, {"weight": 50, "for": "1m"})


def more(size: int = 2) -> dict:
    return {
        "scaling": {"minReplicas": size, "maxReplicas": 2 * size},
        "rollout": {"steps": list(STEPS)},
    }


def begun() -> tuple[World, str, str]:
    """A world in which copies go to a candidate."""
    world = settled(**more())
    stable = world.status.stable_revision
    world.edit(spec(image=V2, **more()))
    go_on(world, 10)
    return world, stable, world.status.candidate_revision


def parts(world: World, revision: str) -> list:
    return [world.heard[pod.name] for pod in world.pods_of(revision)]


def test_copies_go_to_the_candidate_and_its_answers_to_nobody():
    world, old, new = begun()
    assert world.serving() == {old}
    assert world.status.rollout.phase == Phase.OBSERVING
    url = f"http://{KEY.name}-{new}.{KEY.namespace}.svc:80"
    sending, taking = parts(world, old), parts(world, new)
    assert [(p.role, p.pair, p.forward) for p in sending] == [
        (Role.STABLE, f"{old}-{new}", Forward(url, 40))
    ] * len(sending)
    assert [p.role for p in taking] == [Role.CANDIDATE] * len(taking)
    assert len(sending) == 2
    assert len(taking) >= 1


def test_they_stop_when_the_step_is_over_and_at_the_end_nobody_compares():
    world, old, new = begun()
    world.now += timedelta(seconds=121)
    go_on(world, 10)
    assert world.serving() == {old, new}
    assert {*parts(world, old), *parts(world, new)} == {None}
    world.settle()
    assert world.status.stable_revision == new
    world.check_settled()


def test_the_step_goes_on_only_while_every_pod_has_heard():
    world, old, _ = begun()
    [pod, *_] = world.pods_of(old)
    world.now += timedelta(seconds=121)
    world.heard[pod.name] = None
    made = world.reconcile()
    assert [tell.part.role for tell in made.tells if tell.pod_uid == f"uid-{pod.name}"] == [Role.STABLE]
    assert world.status.rollout.step == 1
    go_on(world, 10)
    assert world.status.rollout.step == 2


def test_a_candidate_that_is_given_up_gets_no_more_copies():
    world, old, new = begun()
    world.edit(spec(image=V3, **more()))
    go_on(world, 3)
    assert all(part is None or part.candidate != new for part in parts(world, old))
    world.settle()
    assert {part for name in world.pods for part in [world.heard.get(name)]} == {None}


def test_an_operator_that_begins_anew_tells_again_and_goes_on():
    world, old, new = begun()
    world.forget()
    go_on(world, 4)
    assert [part.role for part in parts(world, old)] == [Role.STABLE] * 2
    assert world.status.candidate_revision == new
    assert world.status.rollout.phase == Phase.OBSERVING
