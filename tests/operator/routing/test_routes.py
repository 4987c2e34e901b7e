"""What the live routes say, read back; in modes istio and gateway alike."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelyard_operator import labels
from modelyard_operator.kube.objects import Manifest
from modelyard_operator.routing.base import Router, Split, Traffic
from modelyard_operator.routing.gateway import Gateway
from modelyard_operator.routing.istio import Istio
from tests.operator.routing.worlds import (
    ACCEPTED,
    CTX,
    GRPC_PORT,
    HTTP_PORT,
    NEW,
    OLD,
    children,
    routing,
    traffic,
)

HOSTS = ["sentiment.example.org"]
BOUND: dict[str, Any] = {"hosts": HOSTS, "gateway": {"namespace": "ingress", "name": "edge"}}
ROUTERS: dict[str, Router] = {
    "mesh": Istio(routing(mode="istio")),
    "istio": Istio(routing(mode="istio", **BOUND)),
    "gateway": Gateway(routing(mode="gateway", **BOUND)),
}
every_router = pytest.mark.parametrize("router", ROUTERS.values(), ids=list(ROUTERS))


@st.composite
def splits(draw: st.DrawFn) -> Split:
    if draw(st.integers(0, 9)) == 0:
        return Split({OLD: 100}, held_by=draw(st.sampled_from(["keda", "add-on"])))
    weight = draw(st.integers(1, 100))
    shadow = NEW if weight == 100 and draw(st.booleans()) else None
    weights = {OLD: weight} if weight == 100 else {OLD: weight, NEW: 100 - weight}
    return Split(weights, shadow, draw(st.integers(1, 100)) if shadow else 0)


@every_router
@given(split=splits(), grpc=st.booleans())
def test_what_is_written_is_what_is_seen(router: Router, split: Split, grpc: bool) -> None:
    assert router.refusal(CTX, split, {}) is None
    route = router.route(CTX, traffic(split, OLD, *([GRPC_PORT] if grpc else [])))
    assert router.seen(CTX, children(route.manifests, ACCEPTED)) == split
    assert route.revision == OLD


@every_router
def test_nothing_is_seen_where_there_is_no_route(router: Router) -> None:
    assert router.seen(CTX, {}) is None
    service, *_ = router.route(CTX, traffic(Split.whole(OLD))).manifests
    assert router.seen(CTX, children([service])) is None


@every_router
def test_where_nothing_serves_there_is_no_route(router: Router) -> None:
    (service,) = router.route(CTX, Traffic(Split())).manifests
    assert service["spec"]["selector"][labels.REVISION] == "none"


@every_router
def test_the_service_goes_on_selecting_stable(router: Router) -> None:
    service, *_ = router.route(CTX, traffic(Split({OLD: 1, NEW: 99}), OLD)).manifests
    assert service["metadata"]["name"] == "sentiment"
    assert service["spec"]["selector"][labels.REVISION] == OLD


@every_router
def test_the_service_never_leaves_ready_pods_for_none(router: Router) -> None:
    ports = {OLD: (HTTP_PORT,), NEW: (HTTP_PORT,)}
    wanted = Traffic(Split.whole(NEW), stable=NEW, selected=OLD, ready={OLD: 1}, ports=ports)
    service, *_ = router.route(CTX, wanted).manifests
    assert service["spec"]["selector"][labels.REVISION] == OLD


@every_router
@pytest.mark.parametrize(
    ("split", "words"),
    [
        (Split({OLD: 90, NEW: 5}), f"the weights sum to 95 instead of 100: {OLD}=90, {NEW}=5"),
        (Split({OLD: 110, NEW: -10}), f"a weight is below 0: {OLD}=110, {NEW}=-10"),
        (Split({OLD: 100}, NEW, 101), "the shadow is 101 per cent: it must be from 0 to 100"),
        (
            Split({OLD: 90, NEW: 10}, NEW, 100),
            f"revision {NEW} both serves and is shadowed to: shadow to one that has weight 0",
        ),
    ],
)
def test_an_unsound_split_is_refused(router: Router, split: Split, words: str) -> None:
    assert router.refusal(CTX, split, {}) == words


def ports_of(manifest: Manifest) -> list[dict[str, int]]:
    """The weights by port, one entry for each rule."""
    rules = manifest["spec"].get("http") or manifest["spec"]["rules"]
    found = []
    for rule in rules:
        if "route" in rule:
            each = {(r["destination"]["host"], r["destination"]["port"]["number"]): r for r in rule["route"]}
        else:
            each = {(r["name"], r["port"]): r for r in rule["backendRefs"]}
        found.append({f"{host}:{port}": r["weight"] for (host, port), r in each.items()})
    return found


@every_router
def test_a_revision_without_grpc_gets_no_grpc(router: Router) -> None:
    ports = {OLD: (HTTP_PORT, GRPC_PORT), NEW: (HTTP_PORT,)}
    wanted = Traffic(Split({OLD: 30, NEW: 70}), OLD, OLD, {OLD: 1, NEW: 1}, {OLD: 1, NEW: 1}, ports)
    last = router.route(CTX, wanted).manifests[-1]
    assert ports_of(last) == [
        {f"sentiment-{OLD}:9000": 100},
        {f"sentiment-{OLD}:80": 30, f"sentiment-{NEW}:80": 70},
    ]


def edited(manifest: Manifest, **rule: Any) -> Manifest:
    """The manifest with something else in its last rule."""
    spec = dict(manifest["spec"])
    name = "http" if "http" in spec else "rules"
    *first, last = spec[name]
    return manifest | {"spec": spec | {name: [*first, last | rule]}}


@every_router
@pytest.mark.parametrize(
    "rule",
    [
        {"fault": {"abort": {"httpStatus": 500, "percentage": {"value": 50}}}},
        {
            "match": [{"uri": {"prefix": "/v2"}}],
            "matches": [{"path": {"type": "PathPrefix", "value": "/v2"}}],
        },
        {
            "route": [{"destination": {"host": "other"}, "weight": 100}],
            "backendRefs": [{"name": "other", "weight": 100}],
        },
        {"route": [], "backendRefs": []},
    ],
    ids=["fault", "match", "elsewhere", "nowhere"],
)
def test_an_edited_route_is_not_believed(router: Router, rule: dict[str, Any]) -> None:
    *first, last = router.route(CTX, traffic(Split.whole(OLD))).manifests
    if last["kind"] == "HTTPRoute":
        rule = {k: v for k, v in rule.items() if k not in ("match", "route")}
        if "fault" in rule:
            rule = {"filters": [{"type": "RequestRedirect", "requestRedirect": {"hostname": "elsewhere"}}]}
    else:
        rule = {k: v for k, v in rule.items() if k not in ("matches", "backendRefs")}
    assert router.seen(CTX, children([*first, edited(last, **rule)], ACCEPTED)) is None


@pytest.mark.parametrize("mode", ["istio", "gateway"])
def test_a_route_that_is_bound_elsewhere_is_not_believed(mode: str) -> None:
    manifests = ROUTERS[mode].route(CTX, traffic(Split.whole(OLD))).manifests
    moved = {**BOUND, "hosts": ["other.example.org"]}
    other: Router = Istio(routing(**moved)) if mode == "istio" else Gateway(routing(**moved))
    assert other.seen(CTX, children(manifests, ACCEPTED)) is None


def test_two_virtual_services_that_differ_are_not_believed() -> None:
    router = ROUTERS["istio"]
    *_, first = router.route(CTX, traffic(Split.whole(OLD))).manifests
    *others, _ = router.route(CTX, traffic(Split({OLD: 50, NEW: 50}))).manifests
    assert router.seen(CTX, children([*others, first])) is None


def said(status: str = "True", generation: int = 2, **more: Any) -> dict[str, Any]:
    conditions = [
        {"type": "Accepted", "status": "True", "reason": "Accepted", "observedGeneration": generation},
        {
            "type": "ResolvedRefs",
            "status": status,
            "reason": "BackendNotFound",
            "observedGeneration": generation,
            "message": "no such Service",
        },
    ]
    return {"parents": [{"controllerName": "example.org/gateway", "conditions": conditions}, *more.values()]}


@pytest.mark.parametrize(
    ("status", "is_seen"),
    [
        ({}, False),
        (said(), True),
        (said(generation=1), False),
        (said("False"), False),
        (said("Unknown"), False),
        (said("False", other=said()["parents"][0]), True),
    ],
    ids=["nobody", "accepted", "an older one", "refused", "unknown", "one of two"],
)
def test_an_http_route_counts_once_its_newest_form_is_accepted(status: dict[str, Any], is_seen: bool) -> None:
    split = Split.whole(OLD)
    manifests = ROUTERS["gateway"].route(CTX, traffic(split)).manifests
    live = children(manifests, status, generation=2)
    assert ROUTERS["gateway"].seen(CTX, live) == (split if is_seen else None)


def _held(router: Router) -> list[Manifest]:
    return list(router.route(CTX, traffic(Split({OLD: 100}, held_by="keda"))).manifests)


@every_router
def test_only_what_was_written_is_taken_for_held(router: Router) -> None:
    """Whoever edits a held route is found out, and nobody takes it for one that goes to pods."""
    for old, new in (("interceptor-proxy", "other"), ("sentiment-raaaaaaaaa.shop.svc", "sentiment.shop.svc")):
        manifests = orjson.loads(orjson.dumps(_held(router)).replace(old.encode(), new.encode()))
        assert router.seen(CTX, children(manifests, ACCEPTED)) is None


def test_a_try_that_is_held_is_not_cut_short() -> None:
    retries = {"attempts": 2, "perTryTimeout": "500ms"}
    held = _held(Istio(routing(mode="istio", timeout="1m", retries=retries)))
    (rule,) = held[-1]["spec"]["http"]
    assert "perTryTimeout" not in rule["retries"]
    assert rule["timeout"] == "1m"
