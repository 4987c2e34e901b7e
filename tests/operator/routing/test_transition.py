"""From one mode to another: at every moment traffic is routed as it should be, by one mode or by both."""

from itertools import permutations
from typing import Any

import pytest

from modelyard_operator import labels
from modelyard_operator.kube.objects import Child, ChildKey
from modelyard_operator.routing.base import Router, Split
from modelyard_operator.routing.gateway import Gateway
from modelyard_operator.routing.istio import Istio
from modelyard_operator.routing.replicas import Replicas
from modelyard_operator.routing.transition import Moving, agrees, mode_after, passage
from tests.operator.routing.worlds import ACCEPTED, CTX, NEW, OLD, children, routing, traffic

EDGE: dict[str, Any] = {"hosts": ["sentiment.example.org"], "gateway": {"name": "edge"}}
ROUTERS: dict[str, Router] = {
    "istio": Istio(routing(mode="istio", **EDGE)),
    "gateway": Gateway(routing(mode="gateway", **EDGE)),
    "replicas": Replicas(),
}
ROUTES = {
    "istio": {"VirtualService/sentiment", "VirtualService/sentiment-gateway"},
    "gateway": {"HTTPRoute/sentiment"},
    "replicas": set(),
}
WHOLE = Split.whole(OLD)
SIZES = {OLD: 1, NEW: 1}


def applied(router: Router, split: Split = WHOLE) -> dict[ChildKey, Child]:
    return children(router.route(CTX, traffic(split)).manifests, ACCEPTED)


def routes(live: dict[ChildKey, Child]) -> set[str]:
    return {f"{key.kind}/{key.name}" for key in live if key.kind in ("VirtualService", "HTTPRoute")}


@pytest.mark.parametrize(("old", "new"), list(permutations(ROUTERS, 2)))
def test_the_new_route_is_there_before_the_old_one_goes(old: str, new: str) -> None:
    router = passage(ROUTERS[new], ROUTERS[old])
    live = applied(ROUTERS[old])
    assert router.mode == old
    assert router.seen(CTX, live) == WHOLE
    before = mode_after(router, CTX, WHOLE, SIZES, live)
    assert before == (new if new == "replicas" else old)  # The Service has selected stable all along.
    both = applied(router)
    assert routes(both) == ROUTES[old] | ROUTES[new]
    assert ROUTERS[old].seen(CTX, both) == WHOLE
    assert mode_after(router, CTX, WHOLE, SIZES, both) == new
    alone = passage(ROUTERS[new], ROUTERS[new])
    assert routes(applied(alone)) == ROUTES[new]
    assert alone.seen(CTX, applied(alone)) == WHOLE


def test_the_same_mode_goes_nowhere() -> None:
    assert passage(ROUTERS["istio"], ROUTERS["istio"]) is ROUTERS["istio"]
    assert passage(ROUTERS["istio"], None) is ROUTERS["istio"]
    assert mode_after(ROUTERS["istio"], CTX, WHOLE, SIZES, {}) == "istio"


def test_an_http_route_that_nobody_accepted_keeps_the_old_mode() -> None:
    router = passage(ROUTERS["gateway"], ROUTERS["istio"])
    live = children(router.route(CTX, traffic(WHOLE)).manifests)
    assert mode_after(router, CTX, WHOLE, SIZES, live) == "istio"


def test_both_follow_the_split_in_the_meantime() -> None:
    router = passage(ROUTERS["gateway"], ROUTERS["istio"])
    split = Split({OLD: 70, NEW: 30})
    both = applied(router, split)
    assert ROUTERS["istio"].seen(CTX, both) == ROUTERS["gateway"].seen(CTX, both) == split


@pytest.mark.parametrize(("old", "new"), [("replicas", "istio"), ("istio", "replicas")])
def test_the_one_service_is_of_the_mode_that_counts_pods(old: str, new: str) -> None:
    """Else its clients would lose their share before, or after, the other mode makes it."""
    router = passage(ROUTERS[new], ROUTERS[old])
    assert router.by_count
    service, *_ = router.route(CTX, traffic(Split({OLD: 50, NEW: 50}))).manifests
    assert (service["kind"], service["metadata"]["name"]) == ("Service", "sentiment")
    assert labels.REVISION not in service["spec"]["selector"]


def test_a_split_that_the_new_mode_cannot_make_keeps_the_old_one() -> None:
    router = passage(ROUTERS["replicas"], ROUTERS["istio"])
    shadowed = Split({OLD: 100}, NEW, 50)
    assert mode_after(router, CTX, shadowed, {OLD: 1}, applied(router, shadowed)) == "istio"


def test_the_new_one_is_seen_where_the_old_one_went_away() -> None:
    """Its kinds were taken out of the cluster while traffic moved."""
    router = passage(ROUTERS["gateway"], ROUTERS["istio"])
    assert isinstance(router, Moving)
    assert router.seen(CTX, applied(ROUTERS["gateway"])) == WHOLE
    assert router.seen(CTX, {}) is None


@pytest.mark.parametrize(
    ("split", "is_met"),
    [
        (Split({OLD: 90, NEW: 10}), True),
        (Split({OLD: 90, NEW: 10, "rnobody": 0}), True),
        (Split({OLD: 89, NEW: 11}), False),
        (Split({OLD: 100}), False),
        (Split({OLD: 90, NEW: 10}, "rc", 10), False),
    ],
)
def test_what_agrees(split: Split, is_met: bool) -> None:
    live = applied(ROUTERS["istio"], Split({OLD: 90, NEW: 10}))
    assert agrees(ROUTERS["istio"], CTX, split, live) is is_met
