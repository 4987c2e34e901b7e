"""Ports, and who may call them."""

from modelyard_operator import labels
from modelyard_operator.resources import catalog
from modelyard_operator.resources.context import Context
from tests.operator.resources.cases import CASES, context, source


def test_the_stable_service_may_select_nothing() -> None:
    ctx = context("minimal")
    nothing, something = catalog.stable_service(ctx, None), catalog.stable_service(ctx, "rabc")
    assert nothing["spec"]["selector"][labels.REVISION] == "none"
    assert something["spec"]["selector"] == {
        labels.DEPLOYMENT: "minimal",
        labels.REVISION: "rabc",
        labels.COMPONENT: "server",
    }
    assert nothing["metadata"] == something["metadata"]


def test_whoever_may_call_may_scrape_the_proxy_beside_the_server_too() -> None:
    for case in ("minimal", "full"):
        (policy,) = (
            child["spec"]
            for child in catalog.shared(context(case))
            if child["metadata"]["name"] == f"{case}-server" and child["kind"] == "NetworkPolicy"
        )
        assert {"port": 15090, "protocol": "TCP"} in policy["ingress"][0]["ports"]
        assert all(rule["ports"] == [{"port": 8080, "protocol": "TCP"}] for rule in policy["ingress"][1:])


def test_grpc_has_its_own_port_on_pods_services_and_policies() -> None:
    ctx = context("edge")
    revision = catalog.birth(ctx, source(ctx))
    grpc = {
        "name": "grpc",
        "port": 9000,
        "targetPort": "grpc",
        "protocol": "TCP",
        "appProtocol": "kubernetes.io/h2c",
    }
    assert revision.service["spec"]["ports"][1:] == [grpc]
    (server,) = revision.deployment["spec"]["template"]["spec"]["containers"]
    assert server["ports"][1:] == [{"name": "grpc", "containerPort": 9000, "protocol": "TCP"}]
    assert server["readinessProbe"]["httpGet"]["port"] == "http"

    def allowed(ctx: Context, others: frozenset[int]) -> list[list[int]]:
        (policy,) = (
            child
            for child in catalog.shared(ctx, others)
            if child["metadata"]["name"] == f"{ctx.name}-server" and child["kind"] == "NetworkPolicy"
        )
        return [[port["port"] for port in rule["ports"]] for rule in policy["spec"]["ingress"]]

    assert allowed(ctx, frozenset()) == [[8080, 9000, 15090], [8080]]
    assert allowed(ctx, frozenset({9001, 9000})) == [[8080, 9000, 9001, 15090], [8080]]
    assert allowed(context("minimal"), frozenset()) == [[8080, 15090]]
    assert allowed(context("minimal"), frozenset({9001})) == [[8080, 9001, 15090]]


def test_the_stable_service_has_the_ports_of_the_revision_that_it_selects() -> None:
    ctx = context("edge")
    former = tuple(catalog.birth(context("minimal"), source(ctx)).service["spec"]["ports"])
    assert [p["name"] for p in catalog.stable_service(ctx, "rabc", former)["spec"]["ports"]] == ["http"]
    assert [p["name"] for p in catalog.stable_service(ctx, "rabc")["spec"]["ports"]] == ["http", "grpc"]


def test_peers_limit_who_may_call_and_the_operator_and_the_pods_always_may() -> None:
    policies = {
        child["metadata"]["name"]: child["spec"]
        for child in catalog.shared(context("full"))
        if child["kind"] == "NetworkPolicy"
    }
    theirs, operators = policies["full-server"]["ingress"]
    assert theirs["from"] == CASES["full"]["networkPolicy"]["from"]
    selector = {"matchLabels": {"kubernetes.io/metadata.name": "modelyard-system"}}
    own = [
        {"matchLabels": {"app.kubernetes.io/component": component, "modelyard.dev/deployment": "full"}}
        for component in ("server", "check")
    ]
    assert operators["from"] == [{"namespaceSelector": selector}, *({"podSelector": pods} for pods in own)]
    assert "ingress" not in policies["full-resolve"]
    assert list(policies["full-cache"]["ingress"][0]["from"][0]) == ["podSelector"]
    assert not [child for child in catalog.shared(context("volume")) if child["kind"] == "NetworkPolicy"]
