"""The chart before other judges: Helm's own, and the schemas of Kubernetes 1.31 to 1.34."""

import subprocess

import pytest

from tests import kubernetes_schemas
from tests.charts.rendering import CHART, text
from tests.tools import helm

MONITORED = {
    "monitoring": {kind: {"enabled": True} for kind in ("serviceMonitor", "rules", "dashboards")},
    "watchNamespaces": ["team-a"],
    "replicas": 2,
    "admissionPolicies": {"changedBy": True},
}


def test_helm_finds_nothing() -> None:
    done = subprocess.run(
        [helm(), "lint", "--strict", str(CHART)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
    assert "WARNING" not in done.stdout


@pytest.mark.parametrize("version", kubernetes_schemas.PINNED)
def test_every_object_is_one_of_kubernetes(version: str) -> None:
    for values in ({}, MONITORED):
        documents = text("--kube-version", version, **values)
        found = kubernetes_schemas.check(documents, version, "-skip", "ServiceMonitor,PrometheusRule")
        assert found == ""


def test_an_unknown_field_and_a_wrong_type_would_be_found() -> None:
    documents = text()
    for good, bad in (
        ("maxUnavailable: 1", "maxUnavailabel: 1"),
        ("containerPort: 8081", 'containerPort: "8081"'),
        ("maxUnavailable: 1", "maxUnavailable: {}"),
    ):
        assert good in documents
        assert "modelyard-operator" in kubernetes_schemas.check(documents.replace(good, bad), "1.34.4")


def test_an_older_kubernetes_is_refused() -> None:
    with pytest.raises(Exception, match=r"incompatible with Kubernetes v1\.29"):
        text("--kube-version", "1.29.0")
