"""Istio's sidecar injector: what istiod puts into pods, and the webhook by which the API server asks it to.

Source: manifests/charts/istio-control/istio-discovery in istio.io/istio, of its templates
istiod-injector-configmap.yaml and mutatingwebhook.yaml.
"""

import json
from typing import Any

import yaml

from devcluster import sources
from devcluster.api import Manifest
from devcluster.components.istiod import VERSION
from devcluster.config import Settings
from devcluster.endpoints import ISTIO_NAMESPACE
from devcluster.sources import Sources

_CHART = "manifests/charts/istio-control/istio-discovery"
_TEMPLATE = f"{_CHART}/files/injection-template.yaml"
_VALUES = f"{_CHART}/values.yaml"
CHART = Sources("istio", "istio.io/istio", (_TEMPLATE, _VALUES))
"""What Istio itself injects."""

IMAGE = f"localhost/modelyard-istio-proxy:{VERSION}"
"""pilot-agent and an upstream Envoy."""
NAME = "istio-sidecar-injector"
"""The name under which istiod looks for its configuration and its webhook."""

INJECT = "sidecar.istio.io/inject"
NAMESPACE_LABEL = "istio-injection"


def configuration(settings: Settings) -> Manifest:
    """The chart's values and template, as istiod reads them.

    Args:
        settings: Names the cache that has them; without them the map has no template.
    """
    values = yaml.safe_load(sources.cached(settings, CHART, _VALUES)) or {}
    chart: dict[str, Any] = values.get("_internal_defaults_do_not_set", {})
    shared = chart.get("global", {})
    proxy = {
        **shared.get("proxy", {}),
        "image": IMAGE,
        # So that namespaces may admit restricted pods only.
        "seccompProfile": {"type": "RuntimeDefault"},
        "resources": {
            "requests": {"cpu": "20m", "memory": "64Mi"},
            "limits": {"cpu": "1", "memory": "256Mi"},
        },
    }
    initial = {**shared.get("proxy_init", {}), "image": IMAGE}
    given = {
        "global": {**shared, "proxy": proxy, "proxy_init": initial},
        "revision": "",
        "sidecarInjectorWebhook": chart.get("sidecarInjectorWebhook", {}),
        # Istio's plugin of the pod network redirects pods' traffic: no container has rights to.
        "pilot": {"cni": {"enabled": True, "provider": "default"}, "env": {}},
        "gateways": chart.get("gateways", {}),
    }
    config = {
        "defaultTemplates": ["sidecar"],
        "policy": "enabled",
        "alwaysInjectSelector": [],
        "neverInjectSelector": [],
        "injectedAnnotations": {},
        "templates": {"sidecar": sources.cached(settings, CHART, _TEMPLATE)},
    }
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": NAME, "namespace": ISTIO_NAMESPACE, "labels": {"istio.io/rev": "default"}},
        "data": {"values": json.dumps(given), "config": yaml.safe_dump(config)},
    }


def webhook() -> Manifest:
    """Asks istiod about pods in namespaces with `istio-injection: enabled`, and those that ask for it."""

    def rule(key: str, operator: str, *values: str) -> dict[str, Any]:
        return {"key": key, "operator": operator, **({"values": [*values]} if values else {})}

    def hook(name: str, namespaces: dict[str, Any], pods: dict[str, Any]) -> dict[str, Any]:
        service = {"name": "istiod", "namespace": ISTIO_NAMESPACE, "path": "/inject", "port": 443}
        return {
            "name": f"{name}.sidecar-injector.istio.io",
            "clientConfig": {"service": service},
            "rules": [
                {"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"]}
            ],
            "failurePolicy": "Fail",
            "sideEffects": "None",
            "admissionReviewVersions": ["v1"],
            "namespaceSelector": {"matchExpressions": [namespaces]},
            "objectSelector": {"matchExpressions": [pods]},
        }

    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "MutatingWebhookConfiguration",
        "metadata": {"name": NAME, "labels": {"app": "sidecar-injector", "istio.io/rev": "default"}},
        "webhooks": [
            hook("namespace", rule(NAMESPACE_LABEL, "In", "enabled"), rule(INJECT, "NotIn", "false")),
            hook("object", rule(NAMESPACE_LABEL, "DoesNotExist"), rule(INJECT, "In", "true")),
        ],
    }
