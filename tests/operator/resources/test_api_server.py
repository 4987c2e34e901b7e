"""Every child on a real API server: taken, within the restricted Pod Security Standard, kept as sent."""

from dataclasses import replace

import pytest

from modelyard_operator.kube.objects import Manifest
from tests import other_kinds
from tests.control_plane import ControlPlane
from tests.operator.resources.cases import CASES, children, context

pytestmark = pytest.mark.integration

NAMESPACE = "children"


@pytest.fixture(scope="module", autouse=True)
def namespace(control_plane: ControlPlane) -> None:
    labels = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "warn", "audit")}
    manifest = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE, "labels": labels}}
    created = control_plane.kubectl("apply", "-f", "-", stdin=manifest)
    assert created.returncode == 0, created.stderr
    for kinds in (other_kinds.KEDA, other_kinds.HTTP_ADD_ON, other_kinds.MONITORS):
        kinds.install(control_plane)


@pytest.mark.parametrize("case", CASES)
def test_children_are_taken_and_kept(control_plane: ControlPlane, case: str) -> None:
    ctx = replace(context(case), namespace=NAMESPACE, uid="6c84fb90-12c4-11e1-840d-7b25c5ee775a")
    for wanted in children(ctx).values():
        with control_plane.client() as api:
            answer = api.patch(
                path(wanted),
                params={"fieldManager": "modelyard", "fieldValidation": "Strict"},
                headers={"Content-Type": "application/apply-patch+yaml"},
                json=wanted,
            )
        assert answer.status_code == 201, answer.json()["message"]
        assert "warning" not in answer.headers, answer.headers["warning"]
        assert missing(wanted, answer.json(), wanted["kind"]) == []


def path(manifest: Manifest) -> str:
    version = manifest["apiVersion"]
    root = "/api" if "/" not in version else "/apis"
    name = manifest["metadata"]["name"]
    plural = {"NetworkPolicy": "networkpolicies"}.get(manifest["kind"], manifest["kind"].lower() + "s")
    return f"{root}/{version}/namespaces/{NAMESPACE}/{plural}/{name}"


def missing(wanted: object, live: object, where: str) -> list[str]:
    """The paths at which `live` is not what was sent; what it has beyond that is fine."""
    if isinstance(wanted, dict):
        if not isinstance(live, dict):
            return [where]
        return [each for key in wanted for each in missing(wanted[key], live.get(key), f"{where}.{key}")]
    if isinstance(wanted, list):
        if not isinstance(live, list) or len(live) != len(wanted):
            return [where]
        return [each for i in range(len(wanted)) for each in missing(wanted[i], live[i], f"{where}[{i}]")]
    return [] if wanted == live else [f"{where}: {wanted!r} became {live!r}"]
