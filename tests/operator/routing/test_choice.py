"""Which mode routes, and in which words another is refused."""

from collections.abc import Mapping
from typing import Any

import pytest

from modelyard_operator.api.routing import RoutingSpec
from modelyard_operator.kube.neighbours import NOBODY, Claim, Gateway, Listener, Neighbours
from modelyard_operator.kube.objects import Child, ChildKey
from modelyard_operator.kube.routes import GATEWAY_API, ISTIO
from modelyard_operator.routing.base import Split
from modelyard_operator.routing.choice import Choice, choose
from modelyard_operator.routing.gateway import Gateway as GatewayRouter
from modelyard_operator.routing.istio import Istio
from modelyard_operator.routing.transition import Moving
from tests.operator.routing.worlds import ACCEPTED, CTX, OLD, children, routing, traffic

HOST = "sentiment.example.org"
EDGE: dict[str, Any] = {"hosts": [HOST], "gateway": {"namespace": "ingress", "name": "edge"}}
OPEN = (Listener((), 80, False),)


def gateway(group: str, *listeners: Listener) -> Gateway:
    return Gateway(group, "ingress", "edge", listeners or OPEN)


ISTIO_EDGE, API_EDGE = gateway(ISTIO), gateway(GATEWAY_API)
NO_ISTIO = {
    "VirtualService": "the API server has no virtualservices of networking.istio.io/v1",
    "DestinationRule": "the API server has no destinationrules of networking.istio.io/v1",
}
NO_GATEWAY_API = {"HTTPRoute": "the API server has no httproutes of gateway.networking.k8s.io/v1"}
NO_ISTIO_WORDS, NO_API_WORDS = "; ".join(NO_ISTIO.values()), NO_GATEWAY_API["HTTPRoute"]
INSTALL = "or let the operator list and watch its kinds; the nearest that this cluster can: spec.routing.mode"


def pick(
    asked: RoutingSpec,
    around: Neighbours = NOBODY,
    before: str | None = None,
    live: Mapping[ChildKey, Child] | None = None,
) -> Choice:
    return choose(CTX, asked, before, around, live or {})


def words(choice: Choice) -> str:
    assert choice.refused is not None
    return f"{choice.refused.reason}: {choice.refused.message}"


def istio_live(**spec: Any) -> dict[ChildKey, Child]:
    return children(Istio(routing(**spec)).route(CTX, traffic(Split.whole(OLD))).manifests)


def gateway_live(**spec: Any) -> dict[ChildKey, Child]:
    return children(GatewayRouter(routing(**spec)).route(CTX, traffic(Split.whole(OLD))).manifests, ACCEPTED)


@pytest.mark.parametrize(
    ("asked", "around", "mode", "reason"),
    [
        (
            routing(),
            NOBODY,
            "replicas",
            "no spec.routing.gateway is named, so clients call the Service, which the numbers of pods split",
        ),
        (routing(mode="replicas"), NOBODY, "replicas", "spec.routing.mode is replicas"),
        (routing(mode="istio"), NOBODY, "istio", "spec.routing.mode is istio"),
        (
            routing(**EDGE),
            Neighbours(gateways=(ISTIO_EDGE,)),
            "istio",
            "spec.routing.gateway is a Gateway of Istio",
        ),
        (
            routing(**EDGE),
            Neighbours(gateways=(API_EDGE,)),
            "gateway",
            "spec.routing.gateway is a Gateway of the Gateway API",
        ),
        (
            routing(**EDGE),
            Neighbours(gateways=(API_EDGE, ISTIO_EDGE)),
            "istio",
            "spec.routing.gateway is a Gateway of Istio",
        ),
        (
            routing(**EDGE),
            Neighbours(unserved=NO_ISTIO, gateways=(API_EDGE,)),
            "gateway",
            "spec.routing.gateway is a Gateway of the Gateway API",
        ),
        (
            routing(mode="gateway", **EDGE),
            Neighbours(gateways=(API_EDGE, ISTIO_EDGE)),
            "gateway",
            "spec.routing.mode is gateway",
        ),
        (
            routing(mode="istio", **EDGE),
            Neighbours(unseen=frozenset({ISTIO})),
            "istio",
            "spec.routing.mode is istio",
        ),
    ],
    ids=["auto", "replicas", "mesh", "of istio", "of the API", "both", "no istio", "by name", "unseen"],
)
def test_the_mode_that_is_taken(asked: RoutingSpec, around: Neighbours, mode: str, reason: str) -> None:
    choice = pick(asked, around)
    assert (choice.router.mode, choice.router.reason, choice.refused) == (mode, reason, None)


def test_auto_stays_with_the_mode_that_it_took() -> None:
    around = Neighbours(gateways=(API_EDGE, ISTIO_EDGE))
    choice = pick(routing(**EDGE), around, "gateway", gateway_live(**EDGE))
    assert (choice.router.mode, choice.refused) == ("gateway", None)
    assert not isinstance(choice.router, Moving)


def test_auto_goes_where_the_gateway_is() -> None:
    live = istio_live(hosts=[HOST], gateway={"namespace": "ingress", "name": "former"})
    choice = pick(routing(**EDGE), Neighbours(gateways=(API_EDGE,)), "istio", live)
    assert isinstance(choice.router, Moving)
    assert (choice.router.old.mode, choice.router.new.mode, choice.refused) == ("istio", "gateway", None)


def test_auto_takes_a_gateway_that_comes_later() -> None:
    asked = routing(**EDGE)
    unserved = NO_ISTIO | NO_GATEWAY_API
    first = pick(asked, Neighbours(unserved=unserved))
    assert first.router.mode == "replicas"
    assert words(first) == (
        "ModeUnavailable: spec.routing.gateway names ingress/edge, and nothing here could route from it: "
        f"{NO_ISTIO_WORDS}; {NO_API_WORDS}; install Istio or the Gateway API, or leave out gateway and hosts "
        "for mode replicas"
    )
    then = pick(asked, Neighbours(gateways=(ISTIO_EDGE,)), "replicas")
    assert isinstance(then.router, Moving)
    assert then.router.new.mode == "istio"
    assert then.router.reason == "moving to istio: spec.routing.gateway is a Gateway of Istio"


@pytest.mark.parametrize(
    ("asked", "around", "said"),
    [
        (
            routing(mode="istio"),
            Neighbours(unserved=NO_ISTIO),
            f"ModeUnavailable: spec.routing.mode: {NO_ISTIO_WORDS}; install Istio, {INSTALL} replicas",
        ),
        (
            routing(mode="istio", **EDGE),
            Neighbours(unserved=NO_ISTIO, gateways=(API_EDGE,)),
            f"ModeUnavailable: spec.routing.mode: {NO_ISTIO_WORDS}; install Istio, {INSTALL} gateway",
        ),
        (
            routing(mode="gateway", **EDGE),
            Neighbours(unserved=NO_GATEWAY_API),
            f"ModeUnavailable: spec.routing.mode: {NO_API_WORDS}; install the Gateway API, {INSTALL} "
            "replicas without gateway and hosts",
        ),
        (
            routing(mode="istio", **EDGE),
            NOBODY,
            "GatewayMissing: spec.routing.gateway: there is no Gateway ingress/edge of Istio: make it, or "
            "name one that exists",
        ),
        (
            routing(mode="istio", **EDGE),
            Neighbours(gateways=(API_EDGE,)),
            "GatewayMissing: spec.routing.gateway: there is no Gateway ingress/edge of Istio; one of the "
            "Gateway API has that name: set spec.routing.mode to gateway",
        ),
        (
            routing(**EDGE, retries={}, outlierDetection={}),
            Neighbours(unserved=NO_ISTIO, gateways=(API_EDGE,)),
            "ModeUnable: spec.routing.retries and spec.routing.outlierDetection cannot be had of an "
            "HTTPRoute, and the gateway is of the Gateway API: leave out what it cannot do, or "
            "name a Gateway of Istio",
        ),
        (
            routing(mode="istio", **EDGE),
            Neighbours(gateways=(gateway(ISTIO, Listener(("*.example.com",), 80, False)),)),
            f"HostNotListened: spec.routing.hosts: Gateway ingress/edge has no listener for {HOST}: "
            "add one to it, or write a host that it takes (*.example.com)",
        ),
        (
            routing(mode="istio", **EDGE),
            Neighbours(
                gateways=(ISTIO_EDGE,),
                claims=(
                    Claim("HTTPRoute", "b", "other mode", frozenset({HOST}), frozenset({"ingress/edge"})),
                    Claim("VirtualService", "b", "first", frozenset({HOST}), frozenset({"ingress/edge"})),
                ),
            ),
            f"HostClaimed: spec.routing.hosts: {HOST} is claimed by VirtualService b/first at Gateway "
            "ingress/edge: take that route away, or write another host",
        ),
    ],
    ids=["mesh", "istio", "gateway", "missing", "of the other", "unable", "not listened", "claimed"],
)
def test_what_cannot_be_had_is_refused_in_words(asked: RoutingSpec, around: Neighbours, said: str) -> None:
    """And traffic goes by the Service alone."""
    choice = pick(asked, around)
    assert words(choice) == said
    assert choice.router.mode == "replicas"
    assert choice.urls == ()


def test_a_gateway_that_two_modes_have_is_told_with_the_mend() -> None:
    both = Neighbours(gateways=(ISTIO_EDGE, API_EDGE))
    assert pick(routing(**EDGE), both).warning == (
        "Istio and the Gateway API each have a Gateway ingress/edge, and the one of Istio was taken: "
        "write spec.routing.mode (istio or gateway) to settle it"
    )
    assert pick(routing(mode="gateway", **EDGE), both).warning is None
    assert pick(routing(**EDGE), Neighbours(gateways=(API_EDGE,))).warning is None


def test_a_mode_whose_kinds_went_away_stays() -> None:
    """The rollout waits in words; the Service goes on selecting stable."""
    choice = pick(routing(mode="istio", **EDGE), Neighbours(unserved=NO_ISTIO), "istio")
    assert choice.router.mode == "istio"
    assert words(choice).startswith("ModeUnavailable: ")
    assert choice.router.seen(CTX, {}) is None
    service, *_ = choice.router.route(CTX, traffic(Split.whole(OLD))).manifests
    assert service["kind"] == "Service"
    again = pick(routing(**EDGE), Neighbours(unserved=NO_ISTIO | NO_GATEWAY_API), "istio")
    assert (again.router.mode, again.refused is not None) == ("istio", True)


def test_auto_that_lost_its_kinds_does_not_change_the_mode() -> None:
    around = Neighbours(unserved=NO_ISTIO)
    choice = pick(routing(**EDGE), around, "istio")
    assert choice.router.mode == "istio"
    assert words(choice).startswith("ModeUnavailable: ")


def test_a_refused_change_leaves_the_route_where_it_was() -> None:
    """Nothing of the new binding is applied: neither its hosts nor its gateway."""
    live = istio_live(**EDGE)
    moved = routing(mode="istio", hosts=["new.example.org"], gateway={"name": "nowhere"})
    choice = pick(moved, NOBODY, "istio", live)
    assert words(choice).startswith("GatewayMissing: ")
    assert choice.router.mode == "istio"
    manifests = choice.router.route(CTX, traffic(Split.whole(OLD))).manifests
    assert children(manifests) == live
    assert choice.router.seen(CTX, live) == Split.whole(OLD)


def test_a_refused_change_of_mode_leaves_the_route_where_it_was() -> None:
    live = gateway_live(**EDGE)
    choice = pick(routing(mode="istio"), Neighbours(unserved=NO_ISTIO), "gateway", live)
    assert choice.router.mode == "gateway"
    assert choice.router.seen(CTX, live) == Split.whole(OLD)
    assert not isinstance(choice.router, Moving)


def test_who_was_first_keeps_the_host() -> None:
    claim = Claim("VirtualService", "b", "late", frozenset({HOST}), frozenset({"ingress/edge"}))
    around = Neighbours(gateways=(ISTIO_EDGE,), claims=(claim,))
    choice = pick(routing(mode="istio", **EDGE), around, "istio", istio_live(**EDGE))
    assert choice.refused is None
    assert choice.warning is not None
    assert "is claimed by VirtualService b/late" in choice.warning
    late = pick(routing(mode="istio", **EDGE), around, "istio", istio_live(mode="istio"))
    assert words(late).startswith("HostClaimed: ")
    assert late.router.route(CTX, traffic(Split.whole(OLD))).manifests[-1]["metadata"]["name"] == "sentiment"


def test_a_lost_status_goes_by_the_live_routes() -> None:
    around = Neighbours(gateways=(ISTIO_EDGE, API_EDGE))
    assert pick(routing(**EDGE), around, None, gateway_live(**EDGE)).router.mode == "gateway"
    assert pick(routing(**EDGE), around, None, istio_live(**EDGE)).router.mode == "istio"


@pytest.mark.parametrize(
    ("listeners", "url"),
    [
        ((Listener((), 80, False),), f"http://{HOST}"),
        ((Listener((), 80, False), Listener(("*.example.org",), 443, True)), f"https://{HOST}"),
        ((Listener((), 8443, True),), f"https://{HOST}:8443"),
        ((Listener((), 8080, False),), f"http://{HOST}:8080"),
    ],
)
def test_where_clients_outside_reach_it(listeners: tuple[Listener, ...], url: str) -> None:
    around = Neighbours(gateways=(gateway(ISTIO, *listeners),))
    assert pick(routing(mode="istio", **EDGE), around).urls == (url,)
