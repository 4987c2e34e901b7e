"""The ServiceMonitor on a real API server: made where its kind is, put back, and taken away."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests import other_kinds
from tests.control_plane import ControlPlane, wait_until
from tests.integration.operator_process import OperatorProcess
from tests.integration.resources import apply, condition, get, merge

pytestmark = pytest.mark.integration

NAME = "sentiment"
NOTICED = 90
"""Seconds: a kind that comes is looked for twice a minute."""


@pytest.fixture
def plane(api_server: ControlPlane) -> Iterator[ControlPlane]:
    """The API server, without the kind afterwards."""
    yield api_server
    other_kinds.MONITORS.remove(api_server)


def monitor(api: httpx.Client, namespace: str) -> dict[str, Any] | None:
    return get(api, "ServiceMonitor", namespace, NAME)


def test_the_kind_comes_while_the_operator_runs(
    api: httpx.Client, plane: ControlPlane, namespace: str, operator: OperatorProcess
) -> None:
    apply(api, namespace, spec={"monitoring": {"labels": {"release": "prometheus"}}})

    def serves() -> bool:
        return condition(get(api, "ModelDeployment", namespace, NAME), "Ready")["status"] == "True"

    wait_until(serves, "it serves without the kind", 60)
    assert condition(get(api, "ModelDeployment", namespace, NAME), "Stalled")["status"] != "True"

    other_kinds.MONITORS.install(plane)
    wait_until(lambda: monitor(api, namespace) is not None, "a ServiceMonitor is made", NOTICED)
    made = monitor(api, namespace)
    assert made is not None
    assert made["metadata"]["labels"]["release"] == "prometheus"
    assert made["metadata"]["ownerReferences"][0]["kind"] == "ModelDeployment"

    endpoints = [{**made["spec"]["endpoints"][0], "path": "/elsewhere"}]
    merge(api, "ServiceMonitor", namespace, NAME, {"spec": {"endpoints": endpoints}})

    def put_back() -> bool:
        found = monitor(api, namespace)
        return found is not None and found["spec"] == made["spec"]

    wait_until(put_back, "an edit is put back", 30)
    apply(api, namespace, spec={"monitoring": {"serviceMonitor": "never"}})
    wait_until(lambda: monitor(api, namespace) is None, "it is taken away", 30)
    assert serves()
