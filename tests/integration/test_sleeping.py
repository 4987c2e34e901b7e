"""Scaling to zero on a real API server: the test is KEDA and its HTTP add-on, the operator does the rest."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from modelyard_operator.resources.interceptor_route import INTERCEPTOR
from tests.control_plane import ControlPlane, wait_until
from tests.integration.operator_process import OperatorProcess
from tests.integration.resources import apply, condition, get, listed, merge, set_status
from tests.other_kinds import HTTP_ADD_ON, ISTIO, KEDA

pytestmark = pytest.mark.integration

NAME = "sentiment"
ZERO: dict[str, Any] = {"scaling": {"toZero": {"idle": "5m"}}, "routing": {"mode": "istio"}}
NOTICED = 90
"""Seconds: a kind that comes is looked for twice a minute."""


@pytest.fixture
def plane(api_server: ControlPlane) -> Iterator[ControlPlane]:
    """The API server without KEDA and Istio, before and after."""
    ISTIO.install(api_server)
    yield api_server
    for kinds in (ISTIO, HTTP_ADD_ON, KEDA):
        kinds.remove(api_server)


def said(api: httpx.Client, namespace: str, kind: str) -> tuple[str, str]:
    each = condition(get(api, "ModelDeployment", namespace, NAME), kind)
    return each["status"], each["reason"]


def wait_said(api: httpx.Client, namespace: str, kind: str, *wanted: str) -> None:
    try:
        wait_until(lambda: said(api, namespace, kind) == wanted, f"{kind} says {wanted}", NOTICED)
    except TimeoutError as error:
        raise AssertionError(f"{error}: {get(api, 'ModelDeployment', namespace, NAME)}") from error


def stable(api: httpx.Client, namespace: str) -> str:
    found = get(api, "ModelDeployment", namespace, NAME)
    assert found is not None
    return f"{NAME}-{found['status']['stableRevision']}"


def accept(api: httpx.Client, namespace: str, name: str) -> None:
    """What the add-on's operator says of an InterceptorRoute, and KEDA of a ScaledObject."""
    wait_until(lambda: get(api, "InterceptorRoute", namespace, name) is not None, f"{name} is made", NOTICED)
    route = get(api, "InterceptorRoute", namespace, name)
    assert route is not None
    ready = {"type": "Ready", "status": "True", "reason": "Ready", "message": ""}
    moment = {"lastTransitionTime": "2026-01-01T00:00:00Z"}
    generation = {"observedGeneration": route["metadata"]["generation"]}
    set_status(api, "InterceptorRoute", namespace, name, {"conditions": [ready | moment | generation]})
    wait_until(lambda: get(api, "ScaledObject", namespace, name) is not None, f"{name} is scaled", NOTICED)
    set_status(api, "ScaledObject", namespace, name, {"conditions": [ready]})


def may_sleep(api: httpx.Client, namespace: str, name: str) -> Callable[[], bool]:
    def found() -> bool:
        scaler = get(api, "ScaledObject", namespace, name)
        return scaler is not None and scaler["spec"].get("idleReplicaCount") == 0

    return found


def scale(api: httpx.Client, namespace: str, name: str, size: int) -> None:
    merge(api, "Deployment", namespace, name, {"spec": {"replicas": size}})


def destinations(api: httpx.Client, namespace: str) -> set[str]:
    return {
        each["destination"]["host"].partition(".")[0]
        for route in listed(api, "VirtualService", namespace)
        for rule in route["spec"]["http"]
        for each in rule["route"]
    }


@pytest.mark.usefixtures("operator")
def test_it_sleeps_wakes_and_rolls_out(api: httpx.Client, plane: ControlPlane, namespace: str) -> None:
    apply(api, namespace, spec=ZERO)
    wait_said(api, namespace, "Ready", "True", "Serving")
    wait_said(api, namespace, "ScalerReady", "False", "NoKeda")
    KEDA.install(plane)
    wait_said(api, namespace, "ScalerReady", "False", "NoHttpAddOn")
    assert listed(api, "HorizontalPodAutoscaler", namespace)

    HTTP_ADD_ON.install(plane)
    first = stable(api, namespace)
    accept(api, namespace, first)
    wait_until(may_sleep(api, namespace, first), "KEDA may take the last pod away", NOTICED)
    assert destinations(api, namespace) == {INTERCEPTOR}
    assert listed(api, "HorizontalPodAutoscaler", namespace) == []
    wait_said(api, namespace, "ScalerReady", "True", "Scaling")

    scale(api, namespace, first, 0)
    wait_said(api, namespace, "Ready", "True", "Asleep")
    wait_said(api, namespace, "Reconciling", "False", "Settled")
    scale(api, namespace, first, 1)
    wait_said(api, namespace, "Ready", "True", "Serving")
    scale(api, namespace, first, 0)
    wait_said(api, namespace, "Ready", "True", "Asleep")

    apply(api, namespace, spec=ZERO | {"server": {"env": [{"name": "A", "value": "b"}]}})
    wait_until(lambda: stable(api, namespace) != first, "the second revision serves", NOTICED)
    second = stable(api, namespace)
    accept(api, namespace, second)
    wait_until(may_sleep(api, namespace, second), "KEDA may take its last pod away", NOTICED)
    assert destinations(api, namespace) == {INTERCEPTOR}

    def known() -> list[str]:
        return [each["metadata"]["name"] for each in listed(api, "InterceptorRoute", namespace)]

    wait_until(lambda: known() == [second], "the interceptor forgets the first revision", NOTICED)


def test_the_operator_finds_a_sleeper_as_it_left_it(
    api: httpx.Client, plane: ControlPlane, namespace: str, operator: OperatorProcess
) -> None:
    KEDA.install(plane)
    HTTP_ADD_ON.install(plane)
    apply(api, namespace, spec=ZERO)
    wait_said(api, namespace, "Ready", "True", "Serving")
    name = stable(api, namespace)
    accept(api, namespace, name)
    wait_until(may_sleep(api, namespace, name), "KEDA may take the last pod away", NOTICED)
    scale(api, namespace, name, 0)
    wait_said(api, namespace, "Ready", "True", "Asleep")
    # Somebody sends requests elsewhere: the operator sends them to the interceptor again.
    merge(
        api,
        "VirtualService",
        namespace,
        NAME,
        {"spec": {"http": [{"route": [{"destination": {"host": "x"}}]}]}},
    )
    wait_until(lambda: destinations(api, namespace) == {INTERCEPTOR}, "the route is put back", 30)
    assert operator.alive()
