"""Istio's sidecars: the injector's webhook, the image, the redirection of traffic, and the metrics."""

from collections.abc import Sequence

from devcluster.api import Api, Manifest
from devcluster.build import SIDECAR_TOOLS
from devcluster.components.istiod import STATS_PREFIX
from devcluster.config import Settings
from devcluster.endpoints import ISTIO_NAMESPACE
from devcluster.extras.base import Extra
from devcluster.extras.injection import NAME, webhook
from devcluster.extras.istio import ENVOY
from devcluster.manifests import binding, cluster_role
from devcluster.pki import Identity
from devcluster.redirection import PLUGIN_USER
from devcluster.sidecar import BOOTSTRAP, clear, prepare

_WEBHOOK_PATH = f"/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/{NAME}"
USER = Identity(PLUGIN_USER, f"devcluster:{PLUGIN_USER}")
_HCM = "envoy.filters.network.http_connection_manager"
_TYPES = "type.googleapis.com/envoy.extensions"

_OWN = {
    side: {
        f"{side}_workload": "%CEL(xds.node.metadata['WORKLOAD_NAME'])%",
        f"{side}_workload_namespace": "%CEL(xds.node.metadata['NAMESPACE'])%",
        f"{side}_canonical_service": "%CEL(xds.node.metadata['LABELS']['service.istio.io/canonical-name'])%",
    }
    for side in ("source", "destination")
}
_OF_ALL = {
    "request_protocol": "http",
    "response_code": "%RESPONSE_CODE%",
    "response_flags": "%RESPONSE_FLAGS%",
    "grpc_response_status": "%GRPC_STATUS_NUMBER%",
}


def _before(_: Settings) -> Sequence[Manifest]:
    """What the plugin of the pod network may do: see which pods have a sidecar."""
    rules = [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]
    return [cluster_role(USER.user, rules), binding(USER.user, USER.user, USER.user)]


def _after(_: Settings) -> Sequence[Manifest]:
    """The metrics, and the webhook last: what is injected from then on is complete."""
    return [standard_metrics(), webhook()]


def standard_metrics() -> Manifest:
    """Has the proxies count requests under the names and labels of Istio's standard metrics.

    In Istio's own Envoy a filter of Istio's does that, which an upstream Envoy lacks; this one has an access
    logger that counts (https://www.envoyproxy.io/docs/envoy/latest/api-v3/extensions/access_loggers/stats/v3/stats.proto).
    Labels of the other end are left out: the two ends do not tell each other who they are.
    https://istio.io/latest/docs/reference/config/metrics/
    """
    sides = {
        "SIDECAR_INBOUND": {"reporter": "destination", **_OWN["destination"]},
        "SIDECAR_OUTBOUND": {"reporter": "source", **_OWN["source"]},
    }
    patches = []
    for context, labels in sides.items():
        tags = [{"name": name, "value_format": told} for name, told in {**labels, **_OF_ALL}.items()]
        logger = {
            "@type": f"{_TYPES}.access_loggers.stats.v3.Config",
            "stats_scope": {"prefix": STATS_PREFIX},
            "counters": [{"stat": {"name": "istio_requests_total", "tags": tags}, "value_fixed": 1}],
            "histograms": [
                {
                    "stat": {"name": "istio_request_duration_milliseconds", "tags": tags},
                    "unit": "Milliseconds",
                    "value_format": "%DURATION%",
                }
            ],
        }
        manager = {
            "@type": f"{_TYPES}.filters.network.http_connection_manager.v3.HttpConnectionManager",
            "access_log": [{"name": "envoy.access_loggers.stats", "typed_config": logger}],
        }
        patches.append(
            {
                "applyTo": "NETWORK_FILTER",
                "match": {"context": context, "listener": {"filterChain": {"filter": {"name": _HCM}}}},
                "patch": {"operation": "MERGE", "value": {"name": _HCM, "typed_config": manager}},
            }
        )
    return {
        "apiVersion": "networking.istio.io/v1alpha3",
        "kind": "EnvoyFilter",
        "metadata": {"name": "standard-metrics", "namespace": ISTIO_NAMESPACE},
        "spec": {"configPatches": patches},
    }


def _check(api: Api) -> str | None:
    found = api.get(_WEBHOOK_PATH)
    if found is None:
        return f"the MutatingWebhookConfiguration {NAME} is not there"
    if not all(hook["clientConfig"].get("caBundle") for hook in found["webhooks"]):
        return "istiod has not taken over its mutating webhook yet"
    return None


SIDECARS_EXTRA = Extra(
    name="sidecars",
    summary="Istio's sidecars, in namespaces labelled istio-injection=enabled",
    components=lambda _: (),
    needs=("istio",),
    tools=SIDECAR_TOOLS,
    wheels=(ENVOY,),
    sources=(BOOTSTRAP,),
    user=USER,
    before=_before,
    prepare=prepare,
    after=_after,
    clear=clear,
    check=_check,
)
