"""The overlays of k8s as kubectl builds them."""

import functools
import subprocess
from pathlib import Path
from typing import Any

import yaml

from tests.tools import kubectl

K8S = Path(__file__).parents[2] / "k8s"
OVERLAYS = sorted(folder for folder in (K8S / "overlays").iterdir() if folder.is_dir())

Manifest = dict[str, Any]


@functools.cache
def text(folder: Path) -> str:
    built = subprocess.run([kubectl(), "kustomize", str(folder)], capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    return built.stdout


def build(folder: Path) -> list[Manifest]:
    """What is applied, anew for each caller."""
    return [each for each in yaml.load_all(text(folder), Loader=yaml.CSafeLoader) if each]


def find(manifests: list[Manifest], kind: str, name: str) -> Manifest:
    [found] = [each for each in manifests if (each["kind"], each["metadata"]["name"]) == (kind, name)]
    return found


def carried(manifests: list[Manifest]) -> dict[str, str]:
    """The files of the ConfigMap that the Job applies."""
    [found] = [
        each["data"]
        for each in manifests
        if each["kind"] == "ConfigMap" and each["metadata"]["name"].startswith("modelyard-resources-")
    ]
    return dict(found)


def pod_specs(manifests: list[Manifest]) -> list[Manifest]:
    return [each["spec"]["template"]["spec"] for each in manifests if each["kind"] in {"Deployment", "Job"}]


def images(manifests: list[Manifest]) -> set[str]:
    """Of the pods, and of those that the operator will make."""
    containers = [container for spec in pod_specs(manifests) for container in spec["containers"]]
    variables = [each for container in containers for each in container.get("env", [])]
    return {container["image"] for container in containers} | {
        each["value"] for each in variables if "_IMAGE" in each["name"] and "POLICY" not in each["name"]
    }
