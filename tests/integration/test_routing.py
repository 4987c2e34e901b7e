"""Routes on a real API server, whose kinds come and go while the operator runs."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from modelyard_operator.kube.routes import GATEWAY_API, ISTIO
from tests import other_kinds
from tests.control_plane import ControlPlane, wait_until
from tests.integration.operator_process import OperatorProcess
from tests.integration.resources import apply, condition, get, listed, merge, post, set_status

pytestmark = pytest.mark.integration

HOST = "sentiment.example.org"
NAME = "sentiment"
EDGE = {"hosts": [HOST], "gateway": {"name": "edge"}}
NOTICED = 90
"""Seconds: a kind that comes is looked for twice a minute."""


@pytest.fixture
def plane(api_server: ControlPlane) -> Iterator[ControlPlane]:
    """The API server without the kinds of routes, before and after."""
    with api_server.client() as api:
        groups = {each["name"] for each in api.get("/apis").json()["groups"]}
    assert not groups & {ISTIO, GATEWAY_API}
    yield api_server
    for kinds in (other_kinds.ISTIO, other_kinds.GATEWAY_API):
        kinds.remove(api_server)


def wait_route(api: httpx.Client, namespace: str, reason: str) -> dict[str, Any]:
    """Wait until the model serves and RouteReady has this reason; answers the resource."""
    found: dict[str, Any] = {}

    def said() -> bool:
        found.update(get(api, "ModelDeployment", namespace, NAME) or {})
        ready = condition(found, "Ready")["status"] == "True"
        return ready and condition(found, "RouteReady")["reason"] == reason

    try:
        wait_until(said, f"RouteReady is {reason}", NOTICED)
    except TimeoutError as error:
        raise AssertionError(f"{error}: {json.dumps(found.get('status'), indent=1)}") from error
    return found


def istio_gateway(api: httpx.Client, namespace: str) -> None:
    server = {"port": {"number": 80, "name": "http", "protocol": "HTTP"}, "hosts": ["*"]}
    spec = {"selector": {"istio": "ingressgateway"}, "servers": [server]}
    body = {"apiVersion": f"{ISTIO}/v1", "kind": "Gateway", "metadata": {"name": "edge"}, "spec": spec}
    post(api, "IstioGateway", namespace, body)


def assert_serving(api: httpx.Client, namespace: str, found: dict[str, Any]) -> None:
    """Clients of the Service reach stable."""
    service = get(api, "Service", namespace, NAME)
    assert service is not None
    assert service["spec"]["selector"]["modelyard.dev/revision"] == found["status"]["stableRevision"]


def test_istio_comes_is_edited_goes_and_comes_back(
    api: httpx.Client, plane: ControlPlane, namespace: str, operator: OperatorProcess
) -> None:
    apply(api, namespace, spec={"routing": {"mode": "istio", **EDGE}})
    found = wait_route(api, namespace, "ModeUnavailable")
    assert_serving(api, namespace, found)
    assert found["status"]["routing"]["mode"] == "replicas"

    other_kinds.ISTIO.install(plane)
    wait_route(api, namespace, "GatewayMissing")
    assert listed(api, "VirtualService", namespace) == []
    istio_gateway(api, namespace)
    found = wait_route(api, namespace, "Routed")
    assert found["status"]["routing"]["mode"] == "istio"
    assert found["status"]["routing"]["urls"] == [f"http://{HOST}"]
    stable = found["status"]["stableRevision"]
    assert_serving(api, namespace, found)
    assert [each["metadata"]["name"] for each in listed(api, "DestinationRule", namespace)] == [
        f"{NAME}-{stable}"
    ]
    route = get(api, "VirtualService", namespace, f"{NAME}-gateway")
    assert route is not None

    # A stranger adds a fault to the rule: a field that was never ours.
    rule = route["spec"]["http"][0] | {"fault": {"abort": {"httpStatus": 500, "percentage": {"value": 50}}}}
    merge(api, "VirtualService", namespace, f"{NAME}-gateway", {"spec": {"http": [rule]}})
    wait_until(
        lambda: (get(api, "VirtualService", namespace, f"{NAME}-gateway") or {})["spec"] == route["spec"],
        "the edit is put back",
        30,
    )
    wait_until(
        lambda: "RouteEdited" in {each["reason"] for each in listed(api, "Event", namespace)},
        "the edit is told",
        30,
    )

    # A stranger claims the host later: it is told, and both routes stay as they are.
    stranger = {
        "apiVersion": f"{ISTIO}/v1",
        "kind": "VirtualService",
        "metadata": {"name": "stranger"},
        "spec": {
            "hosts": [HOST],
            "gateways": ["edge"],
            "http": [{"route": [{"destination": {"host": "other"}}]}],
        },
    }
    post(api, "VirtualService", namespace, stranger)
    claimed = f"is claimed by VirtualService {namespace}/stranger"
    wait_until(
        lambda: claimed in json.dumps(get(api, "ModelDeployment", namespace, NAME)), "the claim is told", 30
    )
    left = get(api, "VirtualService", namespace, "stranger")
    assert left is not None
    assert left["spec"] == stranger["spec"]

    other_kinds.ISTIO.remove(plane)
    found = wait_route(api, namespace, "ModeUnavailable")
    assert_serving(api, namespace, found)
    assert found["status"]["routing"]["mode"] == "istio"
    assert found["status"]["stableRevision"] == stable
    assert operator.probe("healthz") == operator.probe("readyz") == 200

    other_kinds.ISTIO.install(plane)
    istio_gateway(api, namespace)
    wait_route(api, namespace, "Routed")
    again = get(api, "VirtualService", namespace, f"{NAME}-gateway")
    assert again is not None
    assert again["spec"] == route["spec"]
    assert operator.alive()
    assert loud(operator) == []


def loud(operator: OperatorProcess) -> list[str]:
    """What the operator's log says too loudly of kinds that are not there."""
    lines = [json.loads(line) for line in operator.log.read_text().splitlines() if line.startswith("{")]
    assert lines
    known = {"watch refused", "watch failed", "write refused", "pass broken off"}
    texts = [
        json.dumps(line)
        for line in lines
        if line.get("level") in ("warning", "error", "critical") and line.get("event") in known
    ]
    return [text for text in texts if any(word in text for word in ("404", "403", "Forbidden", "NotFound"))]


def test_an_http_route_counts_once_it_is_accepted(
    api: httpx.Client, plane: ControlPlane, namespace: str, operator: OperatorProcess
) -> None:
    other_kinds.GATEWAY_API.install(plane)
    listener = {
        "name": "https",
        "port": 443,
        "protocol": "HTTPS",
        "hostname": "*.example.org",
        "tls": {"certificateRefs": [{"name": "example-org"}]},
    }
    body = {
        "apiVersion": f"{GATEWAY_API}/v1",
        "kind": "Gateway",
        "metadata": {"name": "edge"},
        "spec": {"gatewayClassName": "test", "listeners": [listener]},
    }
    post(api, "Gateway", namespace, body)
    apply(api, namespace, spec={"routing": EDGE})  # auto
    found = wait_route(api, namespace, "Pending")
    route = get(api, "HTTPRoute", namespace, NAME)
    assert route is not None
    assert route["spec"]["hostnames"] == [HOST]

    def say(reason: str, status: str) -> None:
        conditions = [
            {
                "type": kind,
                "status": status,
                "reason": reason,
                "message": "as the test has it",
                "observedGeneration": route["metadata"]["generation"],
                "lastTransitionTime": "2026-01-01T00:00:00Z",
            }
            for kind in ("Accepted", "ResolvedRefs")
        ]
        parent = {"parentRef": {"name": "edge"}, "controllerName": "example.org/x", "conditions": conditions}
        set_status(api, "HTTPRoute", namespace, NAME, {"parents": [parent]})

    say("NoMatchingParent", "False")
    found = wait_route(api, namespace, "NoMatchingParent")
    assert_serving(api, namespace, found)
    say("Accepted", "True")
    found = wait_route(api, namespace, "Routed")
    assert found["status"]["routing"]["mode"] == "gateway"
    assert found["status"]["routing"]["reason"] == "spec.routing.gateway is a Gateway of the Gateway API"
    assert found["status"]["routing"]["urls"] == [f"https://{HOST}"]
    assert_serving(api, namespace, found)
