"""What facts of a cluster mean for its user."""

from dataclasses import replace
from typing import Any

import pytest

from modelyard_cli.doctor.checks import CHECKS, judge
from modelyard_cli.doctor.facts import Facts
from modelyard_cli.doctor.finding import Finding, Level


def deployment(label: str, value: str, image: str, namespace: str = "x", **status: int) -> dict[str, Any]:
    return {
        "metadata": {"name": value, "namespace": namespace, "labels": {label: value}},
        "spec": {"replicas": 1, "template": {"spec": {"containers": [{"image": image}]}}},
        "status": status,
    }


def named(name: str, **annotations: str) -> dict[str, Any]:
    return {"metadata": {"name": name, "annotations": annotations}}


OPERATOR = deployment(
    "app.kubernetes.io/name", "modelyard-operator", "r.io:5000/op:1.2@sha256:0", readyReplicas=1
)
WHOLE = Facts(
    version="v1.34.4+k3s1",
    groups={
        "modelyard.dev": ("v1alpha1",),
        "networking.istio.io": ("v1", "v1beta1"),
        "gateway.networking.k8s.io": ("v1",),
        "monitoring.coreos.com": ("v1",),
        "keda.sh": ("v1alpha1",),
        "kyverno.io": ("v1",),
        "metrics.k8s.io": ("v1beta1",),
    },
    lists={
        "crds": [
            named("modeldeployments.modelyard.dev"),
            named("modelapprovals.modelyard.dev"),
            named(
                "httproutes.gateway.networking.k8s.io",
                **{"gateway.networking.k8s.io/bundle-version": "v1.6.0"},
            ),
        ],
        "deployments": [
            OPERATOR,
            deployment("app", "istiod", "istio/pilot:1.27.0"),
            deployment("k8s-app", "metrics-server", "m/metrics-server:v0.9.0"),
        ],
        "storage_classes": [
            named("slow"),
            named("standard", **{"storageclass.kubernetes.io/is-default-class": "true"}),
        ],
        "policies": [named("modelyard-approver"), named("others")],
        "gateway_classes": [named("istio")],
    },
    node_metrics=True,
    external_metrics=True,
    may_create=True,
    pod_security="restricted",
)
BARE = Facts(version="v1.34.4", groups={}, lists={"deployments": [], "policies": [], "storage_classes": []})


def by_name(facts: Facts) -> dict[str, Finding]:
    return {each.name: each for each in judge(facts)}


def test_a_whole_cluster_is_told_with_versions() -> None:
    found = by_name(WHOLE)
    assert len(found) == len(CHECKS)
    assert {each.level for each in found.values()} == {Level.OK}
    assert found["Modelyard's operator"].found == "1.2, 1 of 1 pods ready in x"
    assert found["Istio"].found == "1.27.0"
    assert found["Gateway API"].found == "v1.6.0, classes istio"
    assert found["Metrics API"].found == "v0.9.0"
    assert found["Default StorageClass"].found == "standard"
    assert "Kyverno" in found["Admission policies"].found
    assert "without the HTTP add-on" in found["KEDA"].found
    assert "`toZero` needs the add-on, too" in found["KEDA"].means
    more = replace(WHOLE, groups=WHOLE.groups | {"http.keda.sh": ("v1beta1",)})
    assert "`inFlight` and `toZero` can be asked for" in by_name(more)["KEDA"].means


def test_a_bare_cluster_is_told_what_to_do() -> None:
    levels = {name: each.level for name, each in by_name(BARE).items()}
    assert levels == {
        "Kubernetes": Level.OK,
        "Modelyard's CRDs": Level.PROBLEM,
        "Modelyard's operator": Level.PROBLEM,
        "Your rights": Level.WARNING,
        "Admission policies": Level.WARNING,
        "Metrics API": Level.WARNING,
        "Istio": Level.ABSENT,
        "Gateway API": Level.ABSENT,
        "Prometheus operator": Level.ABSENT,
        "KEDA": Level.ABSENT,
        "Default StorageClass": Level.ABSENT,
    }


@pytest.mark.parametrize(
    ("facts", "name", "level", "says"),
    [
        (Facts("v1.29.9", {}), "Kubernetes", Level.PROBLEM, "1.30 or newer"),
        (Facts("v1.34.4", {}), "Modelyard's operator", Level.WARNING, "ask whoever may"),
        (
            Facts(
                "v1.34.4",
                {"modelyard.dev": ("v1alpha1",)},
                {"crds": [named("modeldeployments.modelyard.dev")]},
            ),
            "Modelyard's CRDs",
            Level.PROBLEM,
            "modelapprovals.modelyard.dev is missing",
        ),
        (
            Facts("v1.34.4", {}, {"deployments": [{**OPERATOR, "status": {}}]}),
            "Modelyard's operator",
            Level.PROBLEM,
            "kubectl describe pod -n x",
        ),
        (
            Facts("v1.34.4", {}, {"deployments": [OPERATOR, OPERATOR]}),
            "Modelyard's operator",
            Level.WARNING,
            "there are 2 of them",
        ),
        (Facts("v1.34.4", {"networking.istio.io": ("v1beta1",)}), "Istio", Level.WARNING, "1.22 or newer"),
        (
            Facts("v1.34.4", {"gateway.networking.k8s.io": ("v1",)}, {"gateway_classes": []}),
            "Gateway API",
            Level.WARNING,
            "nobody serves",
        ),
        (
            Facts("v1.34.4", {"metrics.k8s.io": ("v1beta1",)}),
            "Metrics API",
            Level.WARNING,
            "stay at minReplicas",
        ),
        (
            Facts("v1.34.4", {"keda.sh": ("v1alpha1",)}),
            "KEDA",
            Level.WARNING,
            "look at KEDA's operator and its metrics adapter",
        ),
    ],
)
def test_what_is_half_there_is_explained(facts: Facts, name: str, level: Level, says: str) -> None:
    found = by_name(facts)[name]
    assert (found.level, says in found.means) == (level, True), found
