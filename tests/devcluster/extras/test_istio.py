from typing import Any

import yaml

from devcluster.components.envoy import SELECTOR
from devcluster.config import Settings
from devcluster.endpoints import GATEWAY_API, HTTP_PORT, HTTPS_PORT, ISTIO
from devcluster.extras.istio import ISTIO_EXTRA, webhook_problem
from devcluster.extras.istio_rights import CLUSTER_RULES


def test_the_webhook_is_made_last_and_so_is_the_first_to_go(settings: Settings) -> None:
    # It fails closed: with istiod gone before it, no object of Istio's could be changed any more.
    last = ISTIO_EXTRA.after(settings)[-1]
    assert last["kind"] == "ValidatingWebhookConfiguration"


def test_what_binds_the_listeners_outlasts_the_fault(settings: Settings) -> None:
    kinds = {item["kind"]: item["apiVersion"].split("/")[0] for item in ISTIO_EXTRA.after(settings)}
    assert ISTIO_EXTRA.lasting == (f"envoyfilters.{kinds['EnvoyFilter']}",)


def test_every_listener_is_bound_to_this_machine(settings: Settings) -> None:
    bound = next(item for item in ISTIO_EXTRA.after(settings) if item["kind"] == "EnvoyFilter")
    everything, *known = bound["spec"]["configPatches"]
    assert "listener" not in everything["match"]
    assert everything["patch"]["value"]["address"]["socket_address"] == {"address": "127.0.0.1"}
    places = [
        patch["patch"]["value"]["additional_addresses"][0]["address"]["socket_address"] for patch in known
    ]
    ports = [ISTIO.port, GATEWAY_API.port, HTTP_PORT, HTTPS_PORT]
    assert places == [{"address": settings.node_ip, "port_value": port} for port in ports]
    assert [patch["match"]["listener"]["portNumber"] for patch in known] == ports


def envoys(settings: Settings) -> dict[str, Any]:
    """What Envoy knows from the start."""
    _, envoy = ISTIO_EXTRA.components(settings)
    known: dict[str, Any] = yaml.safe_load(
        next(text for path, text in envoy.files.items() if path.name == "envoy.yaml")
    )
    return known


def test_envoy_is_the_one_that_gateways_and_the_service_choose(settings: Settings) -> None:
    bootstrap = envoys(settings)
    assert bootstrap["node"]["metadata"]["LABELS"] == SELECTOR
    gateway = next(item for item in ISTIO_EXTRA.after(settings) if item["kind"] == "Gateway")
    assert gateway["spec"]["selector"] == SELECTOR
    service = next(
        item
        for item in ISTIO_EXTRA.before(settings)
        if item["kind"] == "Service" and item["metadata"]["name"] == "ingressgateway"
    )
    assert service["spec"]["selector"] == SELECTOR
    ports = {port["port"]: port["targetPort"] for port in service["spec"]["ports"]}
    assert ports == {
        ISTIO.port: ISTIO.port,
        GATEWAY_API.port: GATEWAY_API.port,
        80: HTTP_PORT,
        443: HTTPS_PORT,
    }


def test_istiod_knows_envoy_as_an_account_that_may_have_certificates(settings: Settings) -> None:
    # Without this istiod sends routes and listeners, and no keys.
    (cluster,) = envoys(settings)["static_resources"]["clusters"]
    context = cluster["transport_socket"]["typed_config"]["common_tls_context"]
    (own,) = context["tls_certificates"]
    (peer,) = ISTIO_EXTRA.peers
    assert own["certificate_chain"]["filename"] == str(settings.pki_dir / f"{peer.name}.crt")
    account, namespace = "ingressgateway", "istio-system"
    assert peer.uri == f"spiffe://cluster.local/ns/{namespace}/sa/{account}"
    assert envoys(settings)["node"]["metadata"]["SERVICE_ACCOUNT"] == account
    before = ISTIO_EXTRA.before(settings)
    (bound,) = (
        item
        for item in before
        if item["kind"] == "RoleBinding"
        and item["subjects"] == [{"kind": "ServiceAccount", "name": account, "namespace": namespace}]
    )
    role = next(
        item
        for item in before
        if item["kind"] == "Role" and item["metadata"]["name"] == bound["roleRef"]["name"]
    )
    assert role["rules"] == [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["get", "list", "watch"]}]


def test_keys_are_sent_over_tls_alone(settings: Settings) -> None:
    istiod, _ = ISTIO_EXTRA.components(settings)
    (cluster,) = envoys(settings)["static_resources"]["clusters"]
    context = cluster["transport_socket"]["typed_config"]["common_tls_context"]["validation_context"]
    assert context["trusted_ca"] == {"filename": str(settings.pki_dir / "ca.crt")}
    (name,) = context["match_typed_subject_alt_names"]
    assert ISTIO_EXTRA.user is not None
    assert name["matcher"]["exact"] in ISTIO_EXTRA.user.hosts
    assert "--grpcAddr=" in istiod.argv


def test_the_mesh_asks_nothing_of_envoy_that_it_lacks(settings: Settings) -> None:
    istiod, _ = ISTIO_EXTRA.components(settings)
    (mesh,) = (yaml.safe_load(text) for text in istiod.files.values())
    assert mesh["enableAutoMtls"] is False
    assert mesh["defaultProviders"] == {"metrics": []}
    assert istiod.env["PILOT_ENABLE_METADATA_EXCHANGE"] == "false"
    assert istiod.env["PILOT_ENABLE_ALPN_FILTER"] == "false"


def test_the_webhook_counts_once_it_fails_closed() -> None:
    def configuration(policy: str) -> dict[str, object]:
        return {"webhooks": [{"failurePolicy": policy}]}

    assert webhook_problem(configuration("Fail")) is None
    assert "not taken over" in str(webhook_problem(configuration("Ignore")))
    assert "not there" in str(webhook_problem(None))


def test_istiod_may_not_write_what_users_make() -> None:
    kinds = {"virtualservices", "httproutes", "gateways", "secrets", "services", "pods", "*"}
    for rule in CLUSTER_RULES:
        if kinds & set(rule["resources"]):
            assert set(rule["verbs"]) <= {"get", "list", "watch"}, rule
