"""The chart with its defaults is k8s/base."""

import subprocess
from typing import Any

import pytest

from tests.charts.rendering import ROOT, Objects, objects, render
from tests.tools import kubectl

ADDED_LABELS = {
    "app.kubernetes.io/instance",
    "app.kubernetes.io/managed-by",
    "app.kubernetes.io/version",
    "helm.sh/chart",
}
ADDED_ANNOTATIONS = {"helm.sh/resource-policy"}
NOT_IN_THE_CHART = {("Namespace", "", "modelyard-system")}
"""A release is put into a namespace; it does not own it."""
NOT_IN_BASE = {("Lease", "modelyard-system", "modelyard-operator")}
"""It goes with the namespace that base has."""


@pytest.fixture(scope="module")
def base() -> Objects:
    command = [kubectl(), "kustomize", str(ROOT / "k8s/base")]
    return objects(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


@pytest.fixture(scope="module")
def chart() -> Objects:
    return render()


def plain(each: dict[str, Any]) -> dict[str, Any]:
    """An object without what the chart adds to every one."""
    metadata = dict(each["metadata"])
    for key, added in (("labels", ADDED_LABELS), ("annotations", ADDED_ANNOTATIONS)):
        kept = {name: value for name, value in metadata.pop(key, {}).items() if name not in added}
        if kept:
            metadata[key] = kept
    return {**each, "metadata": metadata}


def test_both_have_the_same_objects(base: Objects, chart: Objects) -> None:
    assert set(base) - NOT_IN_THE_CHART == set(chart) - NOT_IN_BASE
    assert set(base) >= NOT_IN_THE_CHART
    assert set(chart) >= NOT_IN_BASE


def test_each_says_the_same_in_both(base: Objects, chart: Objects) -> None:
    for key in set(base) & set(chart):
        assert plain(chart[key]) == plain(base[key]), key


def test_every_object_of_the_chart_says_which_release_it_is_of(chart: Objects) -> None:
    for key, each in chart.items():
        assert set(each["metadata"]["labels"]) >= ADDED_LABELS, key


def test_nothing_that_cannot_change_or_that_starts_pods_again_names_the_release(chart: Objects) -> None:
    deployment = chart["Deployment", "modelyard-system", "modelyard-operator"]["spec"]
    assert deployment["selector"]["matchLabels"] == {"app.kubernetes.io/name": "modelyard-operator"}
    assert ADDED_LABELS.isdisjoint(deployment["template"]["metadata"]["labels"])
