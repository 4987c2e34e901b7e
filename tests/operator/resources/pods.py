"""The pods among the children of a ModelDeployment."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from modelyard_operator.kube.objects import Manifest
from modelyard_operator.resources import catalog
from tests.operator.resources.cases import children, context, source


def pod_specs(case: str) -> Iterator[Manifest]:
    yield from pod_templates(children(context(case)))


def pod_templates(built: dict[str, Manifest]) -> Iterator[Manifest]:
    for child in built.values():
        if child["kind"] in ("Deployment", "Job"):
            yield child["spec"]["template"]["spec"]


def containers(case: str) -> Iterator[Manifest]:
    for spec in pod_specs(case):
        yield from (*spec.get("initContainers", ()), *spec["containers"])


def env(container: Manifest) -> dict[str, Any]:
    return {entry["name"]: entry.get("value", entry.get("valueFrom", "")) for entry in container["env"]}


def server_pod(spec: dict[str, Any], **kwargs: Any) -> Manifest:
    ctx = context("x", spec)
    pod: Manifest = catalog.birth(ctx, replace(source(ctx), **kwargs)).deployment["spec"]["template"]["spec"]
    return pod
