"""What is wrong with pods, in words."""

import json
from dataclasses import replace

import pytest

from modelyard_operator.kube.objects import Container, Pod
from modelyard_operator.reconcile import troubles
from tests.operator.reconcile.simulator import START

POD = Pod(
    name="sentiment-rabc-1",
    uid="u",
    deployment="sentiment",
    revision="rabc",
    component="server",
    job=None,
    ip=None,
    phase="Pending",
    ready=False,
    ready_at=None,
    created_at=START,
    scheduled_at=START,
    unschedulable=None,
)


def report(reason: str, message: str, *, permanent: bool) -> str:
    return json.dumps({"ok": False, "reason": reason, "message": message, "permanent": permanent})


def fetch(**said) -> Pod:
    return replace(POD, init_containers=(Container("fetch", **said),))


def server(**said) -> Pod:
    return replace(POD, containers=(Container("server", **said),))


@pytest.mark.parametrize(
    ("pod", "reason", "words", "fatal"),
    [
        (
            replace(POD, unschedulable="0/3 nodes: too few cpu"),
            "Unschedulable",
            "0/3 nodes: too few cpu",
            False,
        ),
        (
            server(waiting_reason="ErrImagePull", waiting_message="not found: example/server:9"),
            "ImagePullFailed",
            "the image of server cannot be pulled: not found: example/server:9",
            False,
        ),
        (
            server(
                waiting_reason="ImagePullBackOff",
                waiting_message='Back-off pulling image "x": ErrImagePull: not found: example/server:9',
            ),
            "ImagePullFailed",
            "the image of server cannot be pulled: not found: example/server:9",
            False,
        ),
        (server(waiting_reason="InvalidImageName", waiting_message="bad"), "ImagePullFailed", "bad", True),
        (
            fetch(waiting_reason="CreateContainerConfigError", waiting_message='secret "hub" not found'),
            "ContainerConfigError",
            'secret "hub" not found',
            False,
        ),
        (
            fetch(exit_code=1, exit_message=report("SourceChanged", "the source changed", permanent=True)),
            "SourceChanged",
            "the source changed",
            True,
        ),
        (
            fetch(
                exit_code=1, restarts=9, exit_message=report("StoreUnreachable", "no route", permanent=False)
            ),
            "StoreUnreachable",
            "no route",
            False,
        ),
        (
            server(exit_code=1, restarts=3, exit_message=report("LoadFailed", "bad graph", permanent=False)),
            "LoadFailed",
            "bad graph",
            True,
        ),
        (
            server(exit_code=137, exit_reason="OOMKilled", restarts=1),
            "OOMKilled",
            "the memory limit of 64Mi is too small; raise spec.server.resources.limits.memory",
            False,
        ),
        (server(exit_code=137, exit_reason="OOMKilled", restarts=3), "OOMKilled", "limits.memory", True),
        (server(exit_code=3, exit_reason="Error", restarts=2), "Crashed", "exit code 3: Error", False),
        (server(exit_code=3, exit_message="boom", restarts=3), "Crashed", "exit code 3: boom", True),
        (replace(POD, phase="Failed"), "PodFailed", "see its events", False),
    ],
)
def test_each_trouble_has_its_words(pod, reason, words, fatal):
    found = troubles.of_pods([pod], memory_limit="64Mi")
    assert found is not None
    assert (found.reason, found.fatal) == (reason, fatal)
    assert words in found.message


@pytest.mark.parametrize(
    "pod",
    [
        POD,
        fetch(exit_code=0, exit_message='{"ok": true}'),
        server(),
        replace(server(exit_code=1, restarts=3), ready=True),
        replace(server(exit_code=1, restarts=3), deleting=True),
        server(waiting_reason="PodInitializing"),
    ],
)
def test_a_pod_that_is_starting_or_ready_is_in_no_trouble(pod):
    assert troubles.of_pods([pod]) is None


def test_the_worst_is_told_whatever_the_order():
    worst = replace(server(exit_code=1, restarts=3, exit_message="boom"), name="z")
    mild = replace(POD, name="a", unschedulable="0/3 nodes")
    assert troubles.of_pods([mild, worst]) == troubles.of_pods([worst, mild])
    assert troubles.of_pods([mild, worst]).reason == "Crashed"


def test_pods_that_are_refused_have_the_deployments_words():
    assert troubles.of_pods([], refused="exceeded quota: pods=0").reason == "PodsRefused"


def test_the_words_stay_while_the_trouble_does():
    early = troubles.of_pods([server(exit_code=3, exit_message="boom", restarts=3)])
    later = troubles.of_pods(
        [server(exit_code=3, exit_message="boom", restarts=40, waiting_reason="CrashLoopBackOff")]
    )
    assert early == later


def test_a_megabyte_of_error_text_is_cut():
    pod = fetch(exit_code=1, exit_message=report("InternalError", "x\ny" * 500_000, permanent=False))
    found = troubles.of_pods([pod])
    assert len(found.message) == 1024
    assert "\n" not in found.message


def test_a_report_that_was_cut_is_shown_as_text():
    pod = fetch(exit_code=1, restarts=1, exit_message='{"ok": false, "reason": "Not')
    assert troubles.of_pods([pod]).reason == "Crashed"


@pytest.mark.parametrize(
    ("word", "made"),
    [("NotFound", "NotFound"), ("not found!", "notfound"), ("", "X"), (None, "X"), ("9", "X")],
)
def test_a_reason_is_one_word(word, made):
    assert troubles.reason_word(word, "X") == made
