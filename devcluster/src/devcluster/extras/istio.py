"""Istio's routing: istiod, its definitions and its validating webhook, and Envoy as the ingress gateway."""

from collections.abc import Sequence
from typing import Any

from devcluster.api import Api, Manifest
from devcluster.build import ISTIOD
from devcluster.components.base import Component
from devcluster.components.envoy import IDENTITY, SELECTOR, envoy
from devcluster.components.istiod import HOST, WEBHOOK_PORT, XDS_PORT, istiod
from devcluster.config import Settings
from devcluster.crds import Source
from devcluster.endpoints import (
    ENVOY_ADMIN_URL,
    GATEWAY_API,
    HTTP_PORT,
    HTTP_URL,
    HTTPS_PORT,
    HTTPS_URL,
    INGRESS_SERVICE,
    ISTIO,
    ISTIO_NAMESPACE,
    LOOPBACK,
)
from devcluster.extras import injection
from devcluster.extras.base import Extra, namespace
from devcluster.extras.istio_rights import ingress_rights, rights
from devcluster.manifests import service
from devcluster.pki import Identity
from devcluster.wheels import Wheel

ENVOY = Wheel("envoy", "envoy", "envoy/_bin/envoy")
USER = Identity("istiod", "devcluster:istiod", hosts=(HOST,))
WEBHOOK = "istio-istio-system"
"""The name under which istiod looks for it, fills in its certificate and makes it fail closed."""

_WEBHOOK_PATH = f"/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/{WEBHOOK}"
_GROUPS = ("networking.istio.io", "security.istio.io", "telemetry.istio.io", "extensions.istio.io")
_API = "networking.istio.io/v1"

_INGRESS_PORTS = [
    ("http", ISTIO.port, ISTIO.port, "TCP"),
    ("http-gateway", GATEWAY_API.port, GATEWAY_API.port, "TCP"),
    ("http-80", 80, HTTP_PORT, "TCP"),
    ("https-443", 443, HTTPS_PORT, "TCP"),
]
"""Name, port of the Service, port of Envoy, protocol."""
_ISTIOD_PORTS = [
    ("https-webhook", 443, WEBHOOK_PORT, "TCP"),
    ("https-dns", XDS_PORT, XDS_PORT, "TCP"),
]
""""https-dns" is what Istio's own chart names the port at which proxies ask."""


def _components(settings: Settings) -> Sequence[Component]:
    return istiod(settings), envoy(settings)


def _before(settings: Settings) -> Sequence[Manifest]:
    """Rights, and Services to the two daemons."""
    ingress = service(settings, ISTIO_NAMESPACE, INGRESS_SERVICE, _INGRESS_PORTS)
    # No pod has this label: istiod alone reads it, to find the Envoy that serves a gateway at this Service.
    ingress[0]["spec"]["selector"] = SELECTOR
    return [
        namespace(ISTIO_NAMESPACE),
        *rights(USER.user),
        *ingress_rights(),
        *service(settings, ISTIO_NAMESPACE, "istiod", _ISTIOD_PORTS),
        injection.configuration(settings),
        *ingress,
    ]


def _after(settings: Settings) -> Sequence[Manifest]:
    """The gateway, with listeners on this machine alone, and the webhook last."""
    name = {"name": ISTIO.gateway, "namespace": ISTIO.namespace}
    server = {"port": {"number": ISTIO.port, "name": "http", "protocol": "HTTP"}, "hosts": ["*"]}
    spec = {"selector": SELECTOR, "servers": [server]}
    return [
        _listeners(settings),
        {"apiVersion": _API, "kind": "Gateway", "metadata": name, "spec": spec},
        _webhook(),
    ]


def _listeners(settings: Settings) -> Manifest:
    """Binds whatever Envoy is told to listen on to this machine's own addresses.

    Gateway objects listen on all addresses unless they say otherwise, and those of the Gateway API cannot.
    """

    def patch(match: dict[str, Any], value: dict[str, Any]) -> dict[str, Any]:
        return {
            "applyTo": "LISTENER",
            "match": {"context": "GATEWAY", **match},
            "patch": {"operation": "MERGE", "value": value},
        }

    def address(host: str, **port: int) -> dict[str, Any]:
        return {"address": {"socket_address": {"address": host, **port}}}

    patches = [patch({}, address(LOOPBACK))]
    for _, _, port, _ in _INGRESS_PORTS:
        # For pods too, by the Service.
        second = {"additional_addresses": [address(settings.node_ip, port_value=port)]}
        patches.append(patch({"listener": {"portNumber": port}}, second))
    return {
        "apiVersion": "networking.istio.io/v1alpha3",
        "kind": "EnvoyFilter",
        "metadata": {"name": "own-addresses", "namespace": ISTIO_NAMESPACE},
        "spec": {"workloadSelector": {"labels": SELECTOR}, "configPatches": patches},
    }


def _webhook() -> Manifest:
    """Refuses bad objects of Istio's kinds."""
    rule = {
        "operations": ["CREATE", "UPDATE"],
        "apiGroups": list(_GROUPS),
        "apiVersions": ["*"],
        "resources": ["*"],
    }
    reference = {"service": {"name": "istiod", "namespace": ISTIO_NAMESPACE, "path": "/validate"}}
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": WEBHOOK, "labels": {"app": "istiod", "istio.io/rev": "default"}},
        "webhooks": [
            {
                "name": "rev.validation.istio.io",
                "clientConfig": reference,
                "rules": [rule],
                # istiod turns it to Fail as soon as it answers.
                "failurePolicy": "Ignore",
                "sideEffects": "None",
                "admissionReviewVersions": ["v1"],
            }
        ],
    }


def webhook_problem(configuration: dict[str, Any] | None) -> str | None:
    """Why Istio's objects are not validated; None if they are."""
    if configuration is None:
        return f"the ValidatingWebhookConfiguration {WEBHOOK} is not there"
    if any(hook["failurePolicy"] != "Fail" for hook in configuration["webhooks"]):
        return "istiod has not taken over its validating webhook yet"
    return None


def _check(api: Api) -> str | None:
    return webhook_problem(api.get(_WEBHOOK_PATH)) or api.probe(ISTIO.url, any_status=True)


def _leftovers(api: Api) -> Sequence[str]:
    """The authority's certificate, which istiod puts into every namespace."""
    found = (api.get("/api/v1/configmaps?labelSelector=istio.io%2Fconfig%3Dtrue") or {}).get("items", [])
    places = [(item["metadata"]["namespace"], item["metadata"]["name"]) for item in found]
    return [f"/api/v1/namespaces/{place}/configmaps/{name}" for place, name in places]


ISTIO_EXTRA = Extra(
    name="istio",
    summary="istiod, its validating webhook, and Envoy as the ingress gateway",
    components=_components,
    tools=(ISTIOD,),
    wheels=(ENVOY,),
    sources=(injection.CHART,),
    user=USER,
    peers=(IDENTITY,),
    crds=Source("istio", "istio.io/istio", "manifests/charts/base/files/crd-all.gen.yaml"),
    # Without its objects Envoy would listen on all addresses for the Gateway API.
    lasting=("envoyfilters.networking.istio.io",),
    before=_before,
    after=_after,
    leftovers=_leftovers,
    check=_check,
    urls={
        "Istio Gateway": ISTIO.url,
        "any Gateway's port 80": HTTP_URL,
        "any Gateway's port 443": HTTPS_URL,
        "Envoy's pages": ENVOY_ADMIN_URL,
    },
)
