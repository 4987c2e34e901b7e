"""Which pods have a log, and why the others have none."""

from typing import Any

import pytest

from modelyard_cli.cluster.pod_logs import _pod


def pod(**status: Any) -> dict[str, Any]:
    labels = {"modelyard.dev/revision": "r1"}
    return {"metadata": {"name": "sentiment-r1-x", "labels": labels}, "status": status}


def container(name: str, **state: Any) -> dict[str, Any]:
    return {"name": name, "state": state}


@pytest.mark.parametrize(
    ("raw", "of", "waits"),
    [
        (pod(containerStatuses=[container("server", running={})]), "server", None),
        (pod(initContainerStatuses=[container("fetch", terminated={"exitCode": 0})]), "fetch", None),
        (
            pod(
                initContainerStatuses=[container("fetch", running={})],
                containerStatuses=[container("server", waiting={"reason": "PodInitializing"})],
            ),
            "server",
            "PodInitializing",
        ),
        (
            pod(containerStatuses=[container("server", waiting={"reason": "ErrImagePull", "message": "no"})]),
            "server",
            "ErrImagePull no",
        ),
        (pod(phase="Pending"), "server", "the pod is Pending"),
        ({**pod(), "status": None}, "server", "the pod is Unknown"),
    ],
)
def test_a_log_is_there_once_its_container_has_started(
    raw: dict[str, Any], of: str, waits: str | None
) -> None:
    found = _pod(raw, of)
    assert (found.name, found.revision, found.waits) == ("sentiment-r1-x", "r1", waits)
