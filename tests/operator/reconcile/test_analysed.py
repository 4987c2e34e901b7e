"""Steps that are held against evidence: what passes, what holds, what ends the rollout, and when."""

from datetime import datetime, timedelta

import orjson
import pytest

from modelyard_operator.analysis.verdict import Analysis, Result, Verdict
from modelyard_operator.api.status import Phase
from modelyard_operator.rollout import replay
from tests.operator.reconcile.simulator import V2, World, go_on, reasons, settled, spec
from tests.operator.reconcile.stepped import canary, command

STEPS = ({"weight": 25, "for": "1m"}, {"weight": 50, "for": "1m"})


def analysed(**analysis) -> tuple[World, str, str]:
    """A world at its first step, whose rollout is analysed."""
    rollout = canary(steps=STEPS, analysis={"interval": "30s", **analysis})
    world = settled(**rollout)
    stable = world.status.stable_revision
    world.edit(spec(image=V2, **rollout))
    go_on(world, 8)
    return world, stable, world.status.candidate_revision


def say(world: World, verdict: Verdict, at: datetime | None = None, value: float | None = 0.25) -> None:
    """The measurer comes to a verdict."""
    result = Result("errorRate", verdict, value, 0.01, f"errorRate is {value}")
    candidate = world.status.candidate_revision
    if candidate is None:
        return
    requests = {world.status.stable_revision: 75, candidate: 25}
    world.analysis = Analysis.of(at or world.now, 30.0, [result], requests)


def hear(world: World, verdict: Verdict, times: int = 1) -> None:
    """A verdict an interval, and two passes after each."""
    for _ in range(times):
        world.now += timedelta(seconds=30)
        say(world, verdict)
        go_on(world, 2)


def test_what_is_measured_follows_the_step():
    world, stable, candidate = analysed(maxErrorRate=0.01)
    measure = world.reconcile().measure
    assert (measure.candidate, measure.stable) == (candidate, stable)
    assert len(measure.pods) == 4
    assert measure.since == world.status.rollout.traffic_since
    assert measure.spec.max_error_rate == 0.01
    command(world, "abort", candidate)
    assert world.reconcile().measure is None


def test_time_alone_passes_nothing():
    world, _, _ = analysed()
    world.now += timedelta(hours=3)
    go_on(world, 4)
    assert (world.status.rollout.step, world.status.rollout.weight) == (1, 25)
    assert "there is no analysis yet" in world.status.rollout.message


def test_evidence_and_time_pass_a_step():
    world, _, candidate = analysed()
    hear(world, Verdict.PASS)
    assert world.status.rollout.step == 1, "its time is not over"
    hear(world, Verdict.PASS)
    go_on(world, 4)
    assert (world.status.rollout.step, world.status.rollout.weight) == (2, 50)
    assert world.status.routing.achieved == {world.status.stable_revision: 75, candidate: 25}
    hear(world, Verdict.PASS, 4)
    go_on(world, 6)
    assert world.status.stable_revision == candidate
    passed = next(h for h in world.status.rollout.history if h.what == "StepPassed")
    assert passed.numbers["errorRate"] == 0.25
    assert passed.numbers[f"requests {candidate}"] == 25.0


def test_evidence_that_is_too_old_passes_nothing():
    world, _, _ = analysed()
    hear(world, Verdict.PASS)
    world.now += timedelta(minutes=10)
    go_on(world, 3)
    assert world.status.rollout.step == 1
    assert "not of now" in world.status.rollout.message


def test_evidence_of_before_the_step_passes_nothing():
    world, _, _ = analysed()
    say(world, Verdict.PASS, at=world.status.rollout.step_seen_at)
    world.now += timedelta(seconds=61)
    go_on(world, 3)
    assert world.status.rollout.step == 1


def test_failed_analyses_in_a_row_end_it_in_the_same_pass():
    world, stable, candidate = analysed(failureLimit=2)
    hear(world, Verdict.FAIL)
    assert world.status.rollout.failures == 1
    assert reasons(world)[-1] == "AnalysisFailed"
    world.now += timedelta(seconds=30)
    say(world, Verdict.FAIL)
    world.reconcile()
    assert world.status.rollout.phase is Phase.RETURNING
    world.reconcile()
    assert world.serving() == {stable}
    assert world.size(candidate) == 1, "its pods stay until traffic is back"
    go_on(world, 4)
    assert world.size(candidate) == 0
    assert world.status.rollout.rejected[0].reason == "AnalysisFailed"
    assert "errorRate is 0.25" in world.condition("Stalled").message


def test_one_that_passes_between_begins_the_count_anew():
    world, _, _ = analysed(failureLimit=2)
    for verdict in (Verdict.FAIL, Verdict.PASS, Verdict.FAIL, Verdict.PASS, Verdict.FAIL):
        hear(world, verdict)
        assert world.status.rollout.failures == (verdict is Verdict.FAIL)
    assert not world.status.rollout.rejected


def test_the_same_analysis_is_counted_once():
    world, _, _ = analysed(failureLimit=2)
    hear(world, Verdict.FAIL)
    go_on(world, 10)
    assert world.status.rollout.failures == 1


def test_inconclusive_is_neither_passed_nor_failed():
    world, _, _ = analysed(failureLimit=1)
    hear(world, Verdict.INCONCLUSIVE, 10)
    assert (world.status.rollout.step, world.status.rollout.failures) == (1, 0)
    assert "cannot tell" in world.status.rollout.message
    hear(world, Verdict.PASS)
    go_on(world, 4)
    assert world.status.rollout.step == 2


@pytest.mark.parametrize(("on_no_data", "step"), [("hold", 1), ("pass", 2), ("fail", None)])
def test_a_lack_of_traffic_is_what_the_spec_says_it_is(on_no_data, step):
    world, stable, _ = analysed(onNoData=on_no_data, failureLimit=2)
    hear(world, Verdict.NO_DATA, 2)
    go_on(world, 4)
    assert world.status.rollout.step == step
    if step is None:
        assert world.serving() == {stable}


def test_a_failed_analysis_holds_the_commands_that_go_on():
    world, _, candidate = analysed(failureLimit=3)
    hear(world, Verdict.FAIL)
    for verb in ("skip", "promote"):
        command(world, verb, candidate)
        go_on(world, 2)
        assert "the last analysis failed" in world.status.rollout.last_command_refusal
    assert world.status.rollout.step == 1


def test_shortly_before_the_end_a_failure_still_holds():
    """All steps are passed and the pods for the whole come up: what speaks against it still counts."""
    rollout = canary(steps=STEPS, analysis={"interval": "30s", "failureLimit": 2})
    world = settled(**rollout)
    world.edit(spec(image=V2, **rollout))
    go_on(world, 8)
    hear(world, Verdict.PASS, 2)
    go_on(world, 4)
    assert world.status.rollout.step == 2
    world.now += timedelta(seconds=59)
    for pod in world.pods_of(world.status.candidate_revision)[:1]:
        world.crash_pod(pod.name)
    say(world, Verdict.PASS)
    world.reconcile()
    hear(world, Verdict.FAIL)
    assert world.status.rollout.failures == 1
    go_on(world, 5)
    assert world.status.candidate_revision is not None
    hear(world, Verdict.FAIL)
    go_on(world, 5)
    assert world.status.rollout.rejected


def test_frozen_evidence_has_what_was_measured_and_later_failures_abort():
    steps = ({"weight": 25, "for": "30s"}, {"approval": {}}, {"weight": 100})
    rollout = canary(steps=steps, analysis={"interval": "30s", "failureLimit": 1})
    world = settled(**rollout)
    stable = world.status.stable_revision
    world.edit(spec(image=V2, **rollout))
    go_on(world, 8)
    hear(world, Verdict.PASS, 2)
    go_on(world, 2)
    rollout = world.status.rollout
    assert rollout.phase is Phase.AWAITING_APPROVAL
    evidence = orjson.loads(rollout.evidence)
    assert evidence["analysis"]["results"][0]["value"] == 0.25
    assert evidence["revision"] == world.status.candidate_revision
    assert evidence["model"]["digest"] == "sha256:" + "d" * 64
    assert rollout.evidence_digest.startswith("sha256:")
    frozen = rollout.evidence_digest
    hear(world, Verdict.PASS, 3)
    assert world.status.rollout.evidence_digest == frozen
    hear(world, Verdict.FAIL)
    go_on(world, 3)
    assert world.serving() == {stable}


def test_what_was_decided_is_decided_again_from_its_record():
    """The operator's log is enough to come to the same decisions."""
    world, _, _ = analysed(failureLimit=1)
    records = []

    def pass_on() -> None:
        made = world.reconcile()
        world.act()
        world.now += timedelta(seconds=1)
        if made.record is not None:
            records.append(orjson.loads(orjson.dumps(replay.dump(made.record))))

    for verdict in (Verdict.PASS, Verdict.PASS, Verdict.PASS, Verdict.FAIL):
        world.now += timedelta(seconds=30)
        say(world, verdict)
        for _ in range(4):
            pass_on()
    assert {d["what"] for r in records for d in r["decisions"]} >= {
        "StepPassed",
        "TrafficShifted",
        "Rejected",
    }
    replayed = replay.replay(map(replay.load, records))
    assert all(each.is_same for each in replayed)
    records[-1]["evidence"]["analysis"]["results"][0]["verdict"] = "Pass"
    records[-1]["evidence"]["analysis"]["verdict"] = "Pass"
    assert not replay.replay([replay.load(records[-1])])[0].is_same
