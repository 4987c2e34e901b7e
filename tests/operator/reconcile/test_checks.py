"""The Jobs that a step's analysis asks for: made once its traffic flows, told, and gone with it."""

from modelyard_operator.analysis.case import Ended
from tests.operator.reconcile.simulator import BAD_IMAGE, V2, World, go_on, settled, spec
from tests.operator.reconcile.stepped import canary, command

SMOKE = {"name": "smoke", "image": "smoke:1"}


def checked(*steps: dict, **analysis) -> World:
    rollout = canary(steps=steps, analysis={"compare": {"errors": False, "latency": False}, **analysis})
    world = settled(**rollout)
    world.edit(spec(image=V2, **rollout))
    return world


def jobs(world: World) -> list[str]:
    return [key.name for key in world.objects if key.kind == "Job" and "-check-" in key.name]


def test_a_job_waits_for_the_step_s_traffic_and_its_end_is_told():
    world = checked({"weight": 25, "for": "1m"}, jobs=[SMOKE])
    told = []
    for _ in range(12):
        go_on(world, 1)
        measure = world.reconcile().measure
        assert measure is not None or not jobs(world), "no Job before there is traffic"
        if measure is not None:
            told.append(measure.jobs.get("smoke"))
    assert len(jobs(world)) == 1
    assert told[-1] == Ended(succeeded=True, message="")
    assert set(told) <= {None, Ended(), told[-1]}


def test_a_job_that_fails_is_told_in_its_own_last_words():
    world = checked({"weight": 25, "for": "1m"}, jobs=[SMOKE | {"image": BAD_IMAGE}])
    go_on(world, 12)
    found = world.reconcile().measure.jobs["smoke"]
    assert found == Ended(failed=True, message="3 of 200 answers were wrong")


def test_a_job_goes_with_its_candidate():
    world = checked({"weight": 25, "for": "1m"}, jobs=[SMOKE])
    go_on(world, 12)
    assert len(jobs(world)) == 1
    command(world, "abort", world.status.candidate_revision)
    go_on(world, 6)
    assert jobs(world) == []
    world.settle()
    world.check_settled()


def test_a_step_may_ask_for_jobs_of_its_own():
    own = {"weight": 25, "for": "1m", "analysis": {"jobs": [SMOKE]}}
    world = checked(own, {"weight": 50, "for": "1m"})
    go_on(world, 12)
    assert len(jobs(world)) == 1
    command(world, "skip", world.status.candidate_revision)
    go_on(world, 8)
    assert world.status.rollout.weight == 50
    assert jobs(world) == []
