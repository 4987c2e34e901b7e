"""What is kept of raw objects."""

from datetime import UTC, datetime
from typing import Any

from modelyard_operator.kube.kinds import Kind
from modelyard_operator.kube.objects import Child, ChildKey, Container, Key, unpack
from modelyard_operator.kube.project import EPOCH, child, pod, resource
from modelyard_operator.resources.scaled_object import SCALED_OBJECT

STAMP = "2026-01-02T03:04:05Z"
AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def metadata(**more: Any) -> dict[str, Any]:
    labels = {
        "modelyard.dev/deployment": "a",
        "modelyard.dev/revision": "r1",
        "app.kubernetes.io/component": "server",
    }
    fixed = {"name": "x", "namespace": "ns", "uid": "u", "resourceVersion": "7", "creationTimestamp": STAMP}
    return fixed | {"labels": labels, "managedFields": [{"much": "text"}]} | more


def test_a_child_keeps_what_an_apply_can_set() -> None:
    owners = [
        {"kind": "Other", "name": "o", "uid": "no"},
        {"kind": "ModelDeployment", "name": "a", "uid": "owner", "controller": True},
    ]
    raw = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": metadata(
            annotations={"modelyard.dev/desired-hash": "h"}, ownerReferences=owners, generation=3
        ),
        "data": {"k": "v"},
        "status": {"loads": "of it"},
    }
    kept = child(Kind("v1", "ConfigMap", "configmaps"), raw)
    assert kept.key == ChildKey("ConfigMap", "x")
    assert (kept.uid, kept.owner_uid, kept.generation, kept.created_at) == ("u", "owner", 3, AT)
    assert (kept.deployment, kept.revision, kept.desired_hash) == ("a", "r1", "h")
    assert not kept.deleting
    assert unpack(kept.body) == {
        "metadata": {
            "labels": raw["metadata"]["labels"],  # type: ignore[index]
            "annotations": {"modelyard.dev/desired-hash": "h"},
        },
        "data": {"k": "v"},
    }


def test_a_bare_child() -> None:
    raw = {"metadata": {"name": "x", "namespace": "ns", "uid": "u", "resourceVersion": "1"}}
    kept = child(Kind("v1", "ConfigMap", "configmaps"), raw)
    assert (kept.owner_uid, kept.desired_hash, kept.deployment, kept.created_at) == (None, None, "", EPOCH)


def test_a_pod_at_work() -> None:
    running = {
        "name": "server",
        "ready": True,
        "restartCount": 2,
        "state": {"running": {"startedAt": STAMP}},
        "lastState": {"terminated": {"exitCode": 137, "reason": "OOMKilled", "message": "last words"}},
    }
    done = {
        "name": "fetch",
        "ready": True,
        "restartCount": 0,
        "state": {
            "terminated": {
                "exitCode": 0,
                "reason": "Completed",
                "message": "report",
                "startedAt": STAMP,
                "finishedAt": STAMP,
            }
        },
    }
    raw = {
        "metadata": metadata(),
        "status": {
            "phase": "Running",
            "podIP": "10.0.0.1",
            "conditions": [
                {"type": "PodScheduled", "status": "True", "lastTransitionTime": STAMP},
                {"type": "Ready", "status": "True", "lastTransitionTime": STAMP},
            ],
            "containerStatuses": [running],
            "initContainerStatuses": [done],
        },
    }
    kept = pod(raw)
    assert (kept.ip, kept.ready, kept.ready_at, kept.scheduled_at) == ("10.0.0.1", True, AT, AT)
    assert (kept.component, kept.revision, kept.job, kept.unschedulable) == ("server", "r1", None, None)
    assert kept.containers == (
        Container("server", True, 2, None, None, AT, None, 137, "OOMKilled", "last words"),
    )
    assert kept.init_containers == (
        Container("fetch", True, 0, None, None, AT, AT, 0, "Completed", "report"),
    )


def test_a_pod_that_waits() -> None:
    waiting = {"name": "resolve", "state": {"waiting": {"reason": "ImagePullBackOff", "message": "no such"}}}
    scheduled = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/1 nodes"}
    raw = {
        "metadata": metadata(
            ownerReferences=[{"kind": "Job", "name": "j", "uid": "j"}], deletionTimestamp=STAMP
        ),
        "status": {"phase": "Pending", "conditions": [scheduled], "containerStatuses": [waiting]},
    }
    kept = pod(raw)
    assert (kept.job, kept.unschedulable, kept.scheduled_at, kept.deleting) == ("j", "0/1 nodes", None, True)
    assert (kept.ready, kept.ready_at, kept.ip) == (False, None, None)
    assert kept.containers == (
        Container("resolve", waiting_reason="ImagePullBackOff", waiting_message="no such"),
    )


def test_a_resource_without_kubectls_copy() -> None:
    annotations = {"kubectl.kubernetes.io/last-applied-configuration": "{}", "modelyard.dev/command": "x"}
    kept = resource({"metadata": metadata(annotations=annotations, generation=4), "spec": {"a": 1}})
    assert kept.key == Key("ns", "x")
    assert (kept.generation, kept.resource_version, kept.status) == (4, "7", {})
    assert kept.annotations == {"modelyard.dev/command": "x"}


def test_a_child_in_which_nothing_changed_that_is_kept_is_like_it_was() -> None:
    def scaled(version: str, seconds: int, ready: str = "True") -> Child:
        conditions = [{"type": "Ready", "status": ready, "message": "words"}]
        status = {"conditions": conditions, "lastActiveTime": f"2026-01-02T03:04:{seconds:02}Z"}
        return child(SCALED_OBJECT, {"metadata": metadata(resourceVersion=version), "status": status})

    before = scaled("7", 5)
    assert before != scaled("8", 6)
    assert before.is_like(scaled("8", 6))
    assert not before.is_like(scaled("8", 6, "False"))
