"""What is kept of Gateways, and of routes of others."""

from typing import Any

import pytest

from modelyard_operator.kube.neighbours import (
    API_GATEWAY,
    ISTIO_GATEWAY,
    Listener,
    Neighbours,
    api_gateway,
    http_route,
    istio_gateway,
    reference_grant,
    virtual_service,
)

METADATA = {"namespace": "shop", "name": "x"}


def test_a_gateway_of_istio() -> None:
    servers = [
        {"port": {"number": 443, "protocol": "HTTPS"}, "hosts": ["shop/*.example.org", "a.example.com"]},
        {"port": {"number": 80, "protocol": "HTTP"}, "hosts": ["./*"]},
    ]
    found = istio_gateway({"metadata": METADATA, "spec": {"servers": servers}})
    assert (found.group, found.namespace, found.name) == (ISTIO_GATEWAY.group, "shop", "x")
    assert found.listeners == (
        Listener(("*.example.org", "a.example.com"), 443, True),
        Listener((), 80, False),
    )


def test_a_gateway_of_the_gateway_api() -> None:
    listeners = [
        {"name": "https", "port": 443, "protocol": "HTTPS", "hostname": "*.example.org"},
        {"name": "http", "port": 80, "protocol": "HTTP"},
    ]
    found = api_gateway({"metadata": METADATA, "spec": {"listeners": listeners}})
    assert found.group == API_GATEWAY.group
    assert found.listeners == (Listener(("*.example.org",), 443, True), Listener((), 80, False))


@pytest.mark.parametrize(
    ("hosts", "host", "is_taken"),
    [
        ((), "a.example.org", True),
        (("a.example.org",), "a.example.org", True),
        (("*.example.org",), "a.example.org", True),
        (("*.example.org",), "a.b.example.org", True),
        (("*.example.org",), "*.example.org", True),
        (("*.example.org",), "*.b.example.org", True),
        (("*.example.org",), "example.org", False),
        (("*.example.org",), "a.example.com", False),
        (("a.example.org",), "*.example.org", False),
    ],
)
def test_what_a_listener_takes(hosts: tuple[str, ...], host: str, is_taken: bool) -> None:
    assert Listener(hosts, 80, False).takes(host) is is_taken


@pytest.mark.parametrize(
    ("spec", "hosts", "gateways"),
    [
        (
            {"hosts": ["A.example.org"], "gateways": ["ingress/edge", "own", "old.ns.svc.cluster.local"]},
            {"a.example.org"},
            {"ingress/edge", "shop/own", "ns/old"},
        ),
        ({"http": [{"match": [{"uri": {"prefix": "/"}}]}], "hosts": ["b.c"]}, {"b.c"}, set()),
        ({"http": [{"match": [{"uri": {"prefix": "/v2"}}]}], "hosts": ["b.c"]}, set(), set()),
        ({"http": [{"match": [{"headers": {"x": {"exact": "y"}}}]}], "hosts": ["b.c"]}, set(), set()),
        ({"http": [], "tcp": [{}], "hosts": ["b.c"]}, set(), set()),
    ],
    ids=["all", "every path", "a path", "a header", "no http"],
)
def test_what_a_virtual_service_takes(spec: dict[str, Any], hosts: set[str], gateways: set[str]) -> None:
    claim = virtual_service({"metadata": METADATA, "spec": {"http": [{"route": []}], **spec}})
    assert (claim.hosts, claim.gateways) == (hosts, gateways)
    assert str(claim) == "VirtualService shop/x"


@pytest.mark.parametrize(
    ("rules", "hosts"),
    [
        ([{"backendRefs": []}], {"a.b"}),
        ([{"matches": [{"path": {"type": "PathPrefix", "value": "/"}}]}], {"a.b"}),
        ([{"matches": [{"path": {"type": "PathPrefix", "value": "/docs"}}]}], set()),
        ([{"matches": [{"path": {"value": "/"}, "method": "GET"}]}], set()),
        ([{"matches": [{"path": {"type": "Exact", "value": "/"}}]}], set()),
    ],
    ids=["no match", "every path", "a path", "a method", "the root alone"],
)
def test_what_an_http_route_takes(rules: list[dict[str, Any]], hosts: set[str]) -> None:
    parents = [{"name": "edge"}, {"name": "edge", "namespace": "ingress"}, {"kind": "Service", "name": "s"}]
    spec = {"parentRefs": parents, "hostnames": ["a.b"], "rules": rules}
    claim = http_route({"metadata": METADATA, "spec": spec})
    assert claim.hosts == hosts
    assert claim.gateways == {"shop/edge", "ingress/edge"}


def test_an_http_route_without_hosts_gives_way() -> None:
    assert http_route({"metadata": METADATA, "spec": {"rules": [{}]}}).hosts == frozenset()


def _granting(*to: dict[str, str]) -> Neighbours:
    sources = [
        {"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "namespace": "shop"},
        {"group": "gateway.networking.k8s.io", "kind": "GRPCRoute", "namespace": "other"},
    ]
    metadata = {"namespace": "keda", "name": "models"}
    grant = reference_grant({"metadata": metadata, "spec": {"from": sources, "to": list(to)}})
    assert grant.routes_of == {"shop"}
    return Neighbours(grants=(grant,))


def test_a_grant_is_of_one_service_or_of_all() -> None:
    one = _granting({"group": "", "kind": "Service", "name": "proxy"})
    assert one.may_reach("keda", "proxy")
    assert not one.may_reach("keda", "other")
    assert not one.may_reach("shop", "proxy")
    every = _granting({"group": "", "kind": "Service"}, {"group": "", "kind": "Service", "name": "other"})
    assert every.may_reach("keda", "proxy")
    assert not _granting({"group": "", "kind": "Secret"}).may_reach("keda", "proxy")
