"""Every route on a real API server: taken, and kept to the letter."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest

from modelyard_operator.kube.routes import GATEWAY_API, ROUTE_KINDS
from modelyard_operator.routing.base import Router, Split
from modelyard_operator.routing.gateway import Gateway
from tests import other_kinds
from tests.control_plane import ControlPlane
from tests.operator.routing.test_golden import CASES, EDGE, HOSTS
from tests.operator.routing.worlds import CTX, NEW, OLD, routing, traffic

pytestmark = pytest.mark.integration

NAMESPACE = "routes"
PLURALS = {kind.kind: kind.plural for kind in ROUTE_KINDS}
UID = "6c84fb90-12c4-11e1-840d-7b25c5ee775a"


@pytest.fixture(scope="module")
def api(control_plane: ControlPlane) -> Iterator[httpx.Client]:
    for kinds in (other_kinds.ISTIO, other_kinds.GATEWAY_API):
        kinds.install(control_plane)
    with control_plane.client() as client:
        client.post("/api/v1/namespaces", json={"metadata": {"name": NAMESPACE}}).raise_for_status()
        yield client


def apply(api: httpx.Client, manifest: dict[str, Any]) -> httpx.Response:
    path = f"/apis/{manifest['apiVersion']}/namespaces/{NAMESPACE}/{PLURALS[manifest['kind']]}"
    return api.patch(
        f"{path}/{manifest['metadata']['name']}",
        params={"fieldManager": "modelyard", "fieldValidation": "Strict", "force": "true"},
        headers={"Content-Type": "application/apply-patch+yaml"},
        json=manifest,
    )


def routes(router: Router, split: Split, *ports: dict[str, Any]) -> list[dict[str, Any]]:
    ctx = replace(CTX, namespace=NAMESPACE, uid=UID)
    return list(router.route(ctx, traffic(split, OLD, *ports)).manifests[1:])


@pytest.mark.parametrize("case", CASES)
def test_routes_are_taken_and_kept_to_the_letter(api: httpx.Client, case: str) -> None:
    """So what else is found in them is a foreign edit."""
    router, wanted = CASES[case]
    ctx = replace(CTX, namespace=NAMESPACE, uid=UID)
    for manifest in router.route(ctx, wanted).manifests[1:]:
        answer = apply(api, manifest)
        assert answer.status_code in (200, 201), answer.json()["message"]
        assert "warning" not in answer.headers, answer.headers["warning"]
        assert answer.json()["spec"] == manifest["spec"]


def test_an_edit_inside_a_rule_is_put_back_whole(api: httpx.Client) -> None:
    """What a stranger adds to a rule goes with the next apply: rules are replaced, not merged."""
    *_, route = routes(Gateway(routing(mode="gateway", hosts=HOSTS, gateway=EDGE)), Split({OLD: 90, NEW: 10}))
    assert apply(api, route).status_code in (200, 201)
    path = f"/apis/{GATEWAY_API}/v1/namespaces/{NAMESPACE}/httproutes/sentiment"
    rule = route["spec"]["rules"][0]
    edited = rule | {"timeouts": {"request": "1ms"}}
    merged = api.patch(
        path,
        json={"spec": {"rules": [edited]}},
        headers={"Content-Type": "application/merge-patch+json"},
        params={"fieldManager": "stranger"},
    )
    assert merged.json()["spec"]["rules"] == [edited]
    assert apply(api, route).json()["spec"] == route["spec"]
