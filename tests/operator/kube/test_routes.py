"""What is kept of what controllers say of routes."""

from typing import Any

from modelyard_operator.kube.objects import RouteState
from modelyard_operator.kube.routes import HTTP_ROUTE, VIRTUAL_SERVICE


def http_route(*parents: dict[str, Any]) -> RouteState:
    state = HTTP_ROUTE.project({"metadata": {"generation": 3}, "status": {"parents": list(parents)}})
    assert isinstance(state, RouteState)
    return state


def test_a_route_that_nobody_has_looked_at() -> None:
    assert HTTP_ROUTE.project({"metadata": {}}) == RouteState()
    assert VIRTUAL_SERVICE.project({"metadata": {}}) == RouteState()


def test_a_refused_route_tells_who_and_why() -> None:
    conditions = [
        {
            "type": "Accepted",
            "status": "False",
            "reason": "NotAllowedByListeners",
            "message": "hostnames and namespaces of the listeners do not match",
            "observedGeneration": 3,
        },
    ]
    assert http_route({"controllerName": "istio.io/gateway-controller", "conditions": conditions}) == (
        RouteState(
            False,
            "NotAllowedByListeners",
            "istio.io/gateway-controller says Accepted is False: "
            "hostnames and namespaces of the listeners do not match",
        )
    )


def test_a_refusal_of_an_older_generation_is_no_longer_one() -> None:
    old = {"type": "Accepted", "status": "False", "reason": "NoMatchingParent", "observedGeneration": 2}
    assert http_route({"conditions": [old]}) == RouteState()


def test_a_controller_that_leaves_the_generation_out() -> None:
    said = [{"type": name, "status": "True"} for name in ("Accepted", "ResolvedRefs")]
    assert http_route({"conditions": said}) == RouteState(accepted=True)


def test_istio_s_analysis_is_told() -> None:
    live = {
        "metadata": {},
        "status": {
            "validationMessages": [
                {"level": "WARNING", "type": {"code": "IST0130", "name": "Unreachable"}},
                {"level": "ERROR", "type": {"code": "IST0101", "name": "ReferencedResourceNotFound"}},
            ]
        },
    }
    assert VIRTUAL_SERVICE.project(live) == RouteState(
        False, "Invalid", "Istio says: IST0101 ReferencedResourceNotFound"
    )
