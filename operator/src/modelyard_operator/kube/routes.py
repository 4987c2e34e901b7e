"""The kinds that split traffic. A cluster may have them, lack them, gain or lose them at any time. No I/O."""

from typing import Any, Final

from modelyard_operator.kube.kinds import Kind
from modelyard_operator.kube.objects import Manifest, RouteState

ISTIO: Final = "networking.istio.io"
GATEWAY_API: Final = "gateway.networking.k8s.io"

NEEDED: Final = ("Accepted", "ResolvedRefs")
"""What a controller must say of an HTTPRoute before it sends traffic.
https://gateway-api.sigs.k8s.io/geps/gep-1364/"""


def _istio(live: Manifest) -> RouteState:
    """What Istio's analysis says, where the mesh writes it into status."""
    messages = (live.get("status") or {}).get("validationMessages") or ()
    for each in messages:
        if each.get("level") == "ERROR":
            kind = each.get("type") or {}
            words = " ".join(
                part for part in (kind.get("code"), kind.get("name"), each.get("documentationUrl")) if part
            )
            return RouteState(accepted=False, reason="Invalid", message=f"Istio says: {words}")
    return RouteState()


def _http_route(live: Manifest) -> RouteState:
    """What the controllers of the route's Gateways say of its newest generation."""
    generation = live["metadata"].get("generation", 0)
    said = [_parent(parent, generation) for parent in (live.get("status") or {}).get("parents") or ()]
    refused = next((state for state in said if state.accepted is False), None)
    accepted = next((state for state in said if state.accepted), None)
    return accepted or refused or next(iter(said), RouteState())


def _parent(parent: dict[str, Any], generation: int) -> RouteState:
    conditions = {each["type"]: each for each in parent.get("conditions") or ()}
    # A controller that leaves the generation out speaks of the newest.
    current = {
        name: each
        for name, each in conditions.items()
        if each.get("observedGeneration", generation) >= generation
    }
    for name in NEEDED:
        found = current.get(name)
        if found is not None and found["status"] == "False":
            by = parent.get("controllerName", "its controller")
            words = f"{by} says {name} is False: {found.get('message') or found.get('reason', '')}"
            return RouteState(accepted=False, reason=found.get("reason", ""), message=words)
    accepted = all(name in current and current[name]["status"] == "True" for name in NEEDED)
    return RouteState(accepted=True if accepted else None)


VIRTUAL_SERVICE = Kind(
    f"{ISTIO}/v1", "VirtualService", "virtualservices", _istio, is_optional=True, is_exact=True
)
DESTINATION_RULE = Kind(
    f"{ISTIO}/v1", "DestinationRule", "destinationrules", _istio, is_optional=True, is_exact=True
)
HTTP_ROUTE = Kind(
    f"{GATEWAY_API}/v1", "HTTPRoute", "httproutes", _http_route, is_optional=True, is_exact=True
)

ROUTE_KINDS: Final = (VIRTUAL_SERVICE, DESTINATION_RULE, HTTP_ROUTE)
