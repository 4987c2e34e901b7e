"""Modelyard in a cluster: CRD, operator, artifact store."""

import json
from pathlib import Path
from typing import Any

from demo.built import Images
from demo.kubectl import Kubectl
from demo.shell import ROOT
from demo.targets.base import Target

NAMESPACE = "modelyard-system"
OPTIONAL = {"cache": "MODELYARD_CACHE_IMAGE", "server-openvino": "MODELYARD_SERVER_IMAGE_OPENVINO"}
"""Part -> the operator's variable that names its image, for parts that are not always built."""
MODELS = tuple(sorted(ROOT.glob("examples/*/model")))


def install(target: Target, images: Images) -> None:
    """Apply k8s/base with `images`, the CRD first, and wait until the operator is ready."""
    kubectl = target.kubectl
    kubectl("apply", "--server-side", "--force-conflicts", "-f", ROOT / "k8s/base/crd.yaml")
    _await_crd(kubectl)
    overlay = write_overlay(ROOT / "build/overlay", images)
    kubectl("apply", "--server-side", "--force-conflicts", "-k", overlay)
    kubectl("rollout", "status", "deployment/modelyard-operator", "-n", NAMESPACE, "--timeout=180s")


def _await_crd(kubectl: Kubectl) -> None:
    crd = "crd/modeldeployments.modelyard.dev"
    # For a moment a new CRD has no conditions at all, and kubectl takes that for an error.
    kubectl("wait", "--for=jsonpath={.status.acceptedNames.kind}=ModelDeployment", crd, "--timeout=30s")
    kubectl("wait", "--for=condition=Established", crd, "--timeout=60s")


def write_overlay(folder: Path, images: Images) -> Path:
    """A kustomization of k8s/base that runs `images`."""
    folder.mkdir(parents=True, exist_ok=True)
    operator, _, tag = images["operator"].reference.rpartition(":")
    environment = {
        "MODELYARD_SERVER_IMAGE": images["server"].reference,
        "MODELYARD_SERVER_IMAGE_OPENVINO": "",
        **{name: images[part].reference for part, name in OPTIONAL.items() if part in images},
    }
    patch = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "modelyard-operator", "namespace": NAMESPACE},
        "spec": {
            "template": {
                "spec": {
                    "containers": [
                        {
                            "name": "operator",
                            "env": [{"name": name, "value": value} for name, value in environment.items()],
                        }
                    ]
                }
            }
        },
    }
    kustomization = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": ["../../k8s/base"],
        "images": [{"name": "modelyard-operator", "newName": operator, "newTag": tag}],
        "patches": [{"patch": json.dumps(patch)}],
    }
    (folder / "kustomization.yaml").write_text(json.dumps(kustomization, indent=1))
    return folder


def offer_models(target: Target, namespace: str) -> None:
    """Put the example models into the store, and the Secret that reads them into `namespace`."""
    secret = target.store(MODELS)
    target.kubectl.apply(secret, namespace=namespace)


def ready(kubectl: Kubectl, name: str, namespace: str, timeout: int = 300) -> dict[str, Any]:
    """Wait until a ModelDeployment is Ready, and return it.

    Raises:
        CommandError: it is not by `timeout` seconds.
    """
    kubectl("wait", "--for=condition=Ready", f"mdep/{name}", "-n", namespace, f"--timeout={timeout}s")
    resource: dict[str, Any] = kubectl.get("mdep", name, namespace=namespace)
    return resource
