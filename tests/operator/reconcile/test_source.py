"""Resolving: what the Job and its pods may say, and what status says of it."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from modelyard_operator import labels
from modelyard_operator.api.status import RevisionState
from modelyard_operator.kube.objects import Child, ChildKey, Container, JobState, Pod
from modelyard_operator.reconcile import source
from modelyard_operator.reconcile.diff import desired_hash
from modelyard_operator.reconcile.source import SourceStep
from modelyard_operator.reconcile.view import look
from modelyard_operator.resources import catalog
from modelyard_operator.rollout.state import State
from tests.operator.reconcile.simulator import (
    MISSING,
    START,
    World,
    go_on,
    of_kind,
    reasons,
    settled,
    spec,
    states,
)
from tests.operator.reconcile.test_troubles import POD

RUNNING = JobState(succeeded=False, failed=False, finished_at=None)
FAILED = JobState(succeeded=False, failed=True, finished_at=START, message="BackoffLimitExceeded")
SUCCEEDED = JobState(succeeded=True, failed=False, finished_at=START)
GOOD = {"ok": True, "pinned": "s3://models/a@manifest:1", "digest": None, "bytes": 7, "task": "tensor"}
BAD = {"ok": False, "reason": "StoreUnreachable", "message": "no route to host", "permanent": False}


def pod(report: object = None, **more) -> Pod:
    ended = {"exit_code": 0, "exit_message": report if isinstance(report, str) else json.dumps(report)}
    container = Container("resolve", **(ended if report else {}))
    return replace(POD, **({"component": "resolve", "revision": None, "containers": (container,)} | more))


def hear(
    job: JobState | None,
    *pods: Pod,
    after: float = 5.0,
    attempts: int = 0,
    stamp: str | None = None,
    reason: str | None = None,
) -> SourceStep:
    """What the source step makes of a Job in this state with these pods."""
    world = World(spec())
    world.reconcile()
    model = world.status.model.model_copy(update={"attempts": attempts, "reason": reason, "message": reason})
    world.status = world.status.model_copy(update={"model": model})
    manifest = catalog.resolve_job(look(world.observed(), world.spec).ctx, model.key)
    key = ChildKey("Job", manifest["metadata"]["name"])
    live = Child(key, "u", "o", "1", 1, START, "sentiment", None, stamp or desired_hash(manifest), b"{}", job)
    seen = replace(
        world.observed(),
        children={key: live} if job else {},
        pods=tuple(replace(each, job=key.name) for each in pods),
    )
    now = START + timedelta(seconds=after)
    return source.advance(look(seen, world.spec).ctx, seen, State(), {}, now)


def test_no_job_yet_wants_one():
    step = hear(None)
    assert step.job is not None
    assert step.model.pinned is None


def test_a_good_report_stands():
    step = hear(SUCCEEDED, pod(GOOD))
    assert (step.model.pinned, step.model.bytes, step.model.task) == (GOOD["pinned"], 7, "tensor")
    assert step.job is None
    assert [event.reason for event in step.events] == ["Resolved"]


def test_it_need_not_wait_for_the_job():
    assert hear(RUNNING, pod(GOOD)).model.pinned == GOOD["pinned"]


def test_noise_before_the_report_is_overlooked():
    assert hear(SUCCEEDED, pod("warning: x\n" + json.dumps(GOOD))).model.pinned == GOOD["pinned"]


def test_pods_of_an_earlier_job_of_that_name_are_not_heard():
    old = pod(GOOD, created_at=START - timedelta(seconds=40))
    assert hear(RUNNING, old).model.pinned is None


def test_a_failure_that_may_pass_waits_for_the_job_to_give_up():
    assert hear(RUNNING, pod(BAD)).model.attempts == 0
    step = hear(FAILED, pod(BAD))
    assert (step.model.attempts, step.model.reason) == (1, "StoreUnreachable")
    assert step.job is None


def test_a_permanent_failure_is_heard_at_once():
    step = hear(RUNNING, pod(BAD | {"permanent": True, "reason": "Forbidden"}))
    assert (step.model.attempts, step.model.reason) == (1, "Forbidden")


@pytest.mark.parametrize(
    ("permanent", "attempts", "seconds"),
    [(False, 0, 30), (False, 1, 60), (False, 4, 480), (False, 9, 600), (True, 0, 120), (True, 2, 480)],
)
def test_it_backs_off(permanent, attempts, seconds):
    step = hear(FAILED, pod(BAD | {"permanent": permanent}), attempts=attempts)
    assert step.model.retry_at == START + timedelta(seconds=5 + seconds)
    assert step.look_again == step.model.retry_at


def test_an_end_without_a_report_is_told_after_a_while():
    waiting = hear(SUCCEEDED)
    assert (waiting.model.attempts, waiting.look_again) == (0, START + timedelta(seconds=30))
    assert hear(SUCCEEDED, after=31).model.reason == "NoReport"


def test_a_job_that_cannot_start_is_told_in_words():
    unschedulable = pod(unschedulable="0/3 nodes: too few cpu", containers=())
    step = hear(RUNNING, unschedulable)
    assert (step.model.attempts, step.model.reason) == (0, "Unschedulable")
    assert "0/3 nodes" in step.model.message
    assert step.job is not None
    pull = Container("resolve", waiting_reason="ImagePullBackOff", waiting_message="no such image")
    assert hear(RUNNING, pod(containers=(pull,))).model.reason == "ImagePullFailed"


def test_a_job_without_pods_is_told_about():
    assert hear(RUNNING).model.reason is None
    assert hear(RUNNING, after=31).model.reason == "NoPods"


def test_what_was_told_while_it_ran_is_remembered_when_its_pods_are_gone():
    assert hear(FAILED, reason="Unschedulable").model.reason == "Unschedulable"
    assert hear(FAILED).model.message.endswith("BackoffLimitExceeded")


def test_a_job_that_asks_the_wrong_way_is_made_again():
    step = hear(RUNNING, pod(), stamp="another image")
    assert step.job is None, "it goes; the next plan wants it again"
    assert step.model.pinned is None


@pytest.mark.parametrize(
    "report",
    [{"ok": True}, {"ok": True, "pinned": 7}, {"ok": "yes"}, [1], "{broken", {"ok": True, "pinned": ""}],
)
def test_a_report_that_is_none_is_not_believed(report):
    assert hear(RUNNING, pod(report)).model.pinned is None


class TestStory:
    def test_a_missing_source_is_told_and_tried_again(self):
        world = World(spec(MISSING))
        go_on(world, 5)
        assert (world.condition("Ready").status, world.condition("Stalled").reason) == ("False", "NotFound")
        assert MISSING in world.condition("Stalled").message
        assert world.status.model.attempts == 1
        assert world.status.model.retry_at - world.now > timedelta(seconds=100)
        go_on(world, 1)
        assert of_kind(world, "Job") == set()
        world.now += timedelta(seconds=130)
        go_on(world, 5)
        assert world.status.model.attempts == 2
        assert reasons(world) == ["ResolveFailed", "ResolveFailed"]

    def test_a_bad_source_leaves_what_serves_alone(self):
        world = settled()
        stable = world.status.stable_revision
        world.edit(spec(MISSING))
        go_on(world, 8)
        assert states(world) == {stable: RevisionState.STABLE}
        assert (world.condition("Ready").status, world.condition("Stalled").status) == ("True", "True")

    def test_a_job_that_somebody_deleted_is_made_again(self):
        world = World(spec())
        go_on(world, 2)
        (job,) = of_kind(world, "Job")
        world.remove(ChildKey("Job", job))
        world.settle()
        assert world.condition("Ready").status == "True"

    def test_refresh_resolves_again_and_makes_a_revision_only_of_another_answer(self):
        world = settled()
        stable = world.status.stable_revision
        world.annotations[labels.COMMAND] = f"refresh@{stable}#1"
        world.settle()
        assert reasons(world).count("Resolved") == 2
        assert states(world) == {stable: RevisionState.STABLE}
        moved = "s3://models/a@manifest:" + "b" * 64
        world.resolve = lambda uri: World.resolve(world, uri) | {"pinned": moved}
        world.annotations[labels.COMMAND] = f"refresh@{stable}#2"
        world.settle()
        assert world.status.model.pinned == moved
        assert world.status.stable_revision != stable

    def test_refresh_never_hears_the_job_of_the_answer_that_stands(self):
        world = World(spec())
        while world.status.model is None or world.status.model.pinned is None:
            go_on(world, 1)
        (job,) = of_kind(world, "Job")
        world.annotations[labels.COMMAND] = f"refresh@{world.status.candidate_revision}#1"
        made = world.reconcile()
        assert made.status.model.pinned is not None, "it waits until that Job has gone"
        assert ChildKey("Job", job) in made.delete
        world.reconcile()
        assert (world.status.model.pinned, world.status.rollout.last_command) == (None, "1")
