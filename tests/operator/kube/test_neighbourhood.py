"""What a deployment's routing finds in the cluster, and whom a change of that wakes."""

from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from modelyard_operator.kube.informer import Informer
from modelyard_operator.kube.kinds import Kind
from modelyard_operator.kube.neighbourhood import FOREIGN, Neighbourhood
from modelyard_operator.kube.neighbours import Claim, Neighbours
from modelyard_operator.kube.objects import Child, Key, Resource
from modelyard_operator.kube.project import child, resource
from modelyard_operator.kube.routes import GATEWAY_API, HTTP_ROUTE, ISTIO, VIRTUAL_SERVICE
from modelyard_operator.kube.store import Store

HOST = "a.example.org"
EDGE = {"hosts": [HOST], "gateway": {"name": "edge"}}


@dataclass
class Watched:
    """An informer that hears what the test says."""

    kind: Kind
    store: Store[Any]
    selector: str | None
    name: str
    unavailable: str | None = None
    is_missing: bool = False
    refused: dict[str, str] = field(default_factory=dict)

    def lack(self, is_missing: bool = True) -> None:
        self.unavailable, self.is_missing = f"no {self.name}", is_missing


@dataclass
class Scene:
    """A cluster with two deployments, one of which has a route at a gateway."""

    namespaces: tuple[str, ...] = ()
    woken: list[Key] = field(default_factory=list)
    watched: dict[str, Watched] = field(default_factory=dict)
    version: int = 0

    def __post_init__(self) -> None:
        self.resources: Store[Resource] = Store(
            resource, lambda r: Key("shop", r["metadata"]["name"]), self.noted
        )
        self.routes: dict[str, Store[Child]] = {
            kind.kind: Store(lambda r, k=kind: child(k, r), lambda r: Key("shop", r["metadata"]["name"]), id)
            for kind in (VIRTUAL_SERVICE, HTTP_ROUTE)
        }
        self.it = Neighbourhood(self.build, self.namespaces, self.resources, self.routes, self.woken.append)
        self.put(self.resources, "routed", {"routing": EDGE})
        self.put(self.resources, "plain", {})

    def noted(self, key: Key) -> None:
        self.it.note(key)

    def build(self, kind: Kind, store: Store[Any], *, selector: str | None, name: str) -> Informer[Any]:
        self.watched[name] = Watched(kind, store, selector, name)
        return cast(Informer[Any], self.watched[name])

    def put(self, store: Store[Any], name: str, spec: dict[str, Any]) -> None:
        self.version += 1
        metadata = {"namespace": "shop", "name": name, "uid": name, "resourceVersion": str(self.version)}
        store.put({"metadata": metadata, "spec": spec})

    def around(self, name: str = "routed") -> Neighbours:
        found = self.resources.of(Key("shop", name))[name]
        return self.it.around(found, ())

    def gateway(self, *hosts: str) -> None:
        self.put(self.watched["Gateway of Istio"].store, "edge", {"servers": [{"hosts": list(hosts)}]})

    def route(self, host: str = HOST, weight: int = 1) -> None:
        rule = {"route": [{"destination": {"host": "x"}, "weight": weight}]}
        spec = {"hosts": [host], "gateways": ["edge"], "http": [rule]}
        self.put(self.watched["VirtualService of others"].store, "stranger", spec)


def test_routes_of_others_are_told_from_ours_by_the_api_server() -> None:
    scene = Scene()
    assert {name: each.selector for name, each in scene.watched.items()} == {
        "Gateway of Istio": None,
        "Gateway of the Gateway API": None,
        "VirtualService of others": FOREIGN,
        "HTTPRoute of others": FOREIGN,
        "ReferenceGrant": None,
    }


def test_it_sees_who_lets_its_namespace_point_at_a_service() -> None:
    scene = Scene()
    store = scene.watched["ReferenceGrant"].store
    source = {"group": GATEWAY_API, "kind": "HTTPRoute"}
    to = [{"group": "", "kind": "Service", "name": "proxy"}]
    scene.put(store, "theirs", {"from": [source | {"namespace": "other"}], "to": to})
    assert not scene.around().may_reach("shop", "proxy")
    woken = len(scene.woken)
    scene.put(store, "ours", {"from": [source | {"namespace": "shop"}], "to": to})
    assert len(scene.woken) == woken + 1
    assert scene.around().may_reach("shop", "proxy")


def test_it_sees_its_gateway_and_who_claims_its_hosts() -> None:
    scene = Scene()
    assert scene.around() == Neighbours()
    scene.gateway("*")
    scene.route()
    found = scene.around()
    assert [(each.group, each.name) for each in found.gateways] == [(ISTIO, "edge")]
    assert found.claims == (
        Claim("VirtualService", "shop", "stranger", frozenset({HOST}), frozenset({"shop/edge"})),
    )
    assert scene.around("plain") == Neighbours()


def test_only_those_with_a_gateway_are_woken_and_only_by_what_they_see() -> None:
    scene = Scene()
    scene.gateway("*")
    scene.route(weight=1)
    assert scene.woken == [Key("shop", "routed")] * 2
    scene.route(weight=2)
    assert len(scene.woken) == 2, "a weight is no affair of anybody else"
    scene.route(host="b.example.org")
    assert len(scene.woken) == 3
    scene.watched["VirtualService of others"].store.clear()
    assert len(scene.woken) == 4
    assert scene.around().claims == ()


def test_a_sibling_with_a_route_for_the_host_claims_it() -> None:
    scene = Scene()
    scene.put(scene.resources, "sibling", {"routing": EDGE})
    assert scene.around().claims == (), "it only asks for it"
    scene.put(scene.routes["HTTPRoute"], "sibling", {})
    assert [str(each) for each in scene.around().claims] == ["HTTPRoute shop/sibling"]
    assert scene.around("sibling").claims == (), "nobody is in its own way"
    scene.put(scene.resources, "sibling", {"routing": EDGE | {"hosts": ["b.example.org"]}})
    assert scene.around().claims == (), "it asks for another host by now"
    scene.put(scene.resources, "sibling", {"routing": EDGE | {"hosts": ["b.example.org", HOST]}})
    assert [claim.name for claim in scene.around().claims] == ["sibling"]
    scene.resources.gone("shop", "sibling", "sibling")
    assert scene.around().claims == (), "it is gone"


@pytest.mark.parametrize("name", ["Gateway of Istio", "VirtualService of others"])
def test_a_group_is_there_when_all_of_it_was_looked_at(name: str) -> None:
    scene = Scene()
    scene.watched[name].lack()
    assert scene.around().unserved == {"VirtualService": f"no {name}"}
    assert scene.around().unseen == frozenset()


def test_gateways_that_may_not_be_looked_at_are_taken_on_trust() -> None:
    scene = Scene()
    scene.watched["Gateway of the Gateway API"].lack(is_missing=False)
    assert scene.around() == Neighbours(unseen=frozenset({GATEWAY_API}))


def test_so_are_those_of_a_namespace_that_is_not_watched() -> None:
    assert Scene(("shop",)).around().unseen == frozenset()
    assert Scene(("other",)).around().unseen == {ISTIO, GATEWAY_API}
