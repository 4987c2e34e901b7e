"""k8s/base as kubectl builds it, and on a real API server."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from modelyard_operator.resources.catalog import KINDS
from tests.control_plane import ControlPlane, free_port, wait_until
from tests.tools import kubectl

ROOT = Path(__file__).parents[2]
BASE = ROOT / "k8s" / "base"
OPERATOR = "system:serviceaccount:modelyard-system:modelyard-operator"


def build(folder: Path) -> dict[tuple[str, str], dict[str, Any]]:
    built = subprocess.run([kubectl(), "kustomize", str(folder)], capture_output=True, text=True, check=True)
    documents = yaml.safe_load_all(built.stdout)
    return {(document["kind"], document["metadata"]["name"]): document for document in documents}


@pytest.fixture(scope="module")
def base() -> dict[tuple[str, str], dict[str, Any]]:
    return build(BASE)


def operator_pod(documents: dict[tuple[str, str], dict[str, Any]]) -> dict[str, Any]:
    pod: dict[str, Any] = documents["Deployment", "modelyard-operator"]["spec"]["template"]["spec"]
    return pod


def test_every_file_is_part_of_it() -> None:
    listed = yaml.safe_load((BASE / "kustomization.yaml").read_text())["resources"]
    assert sorted([*listed, "kustomization.yaml"]) == sorted(file.name for file in BASE.iterdir())


def test_the_operators_image_can_be_replaced(tmp_path: Path) -> None:
    overlay = ROOT / "build" / f"test-{tmp_path.name}"
    overlay.mkdir(parents=True)
    kustomization = {
        "resources": ["../../k8s/base"],
        "images": [{"name": "modelyard-operator", "newName": "example.org/mine", "newTag": "7"}],
    }
    file = overlay / "kustomization.yaml"
    try:
        file.write_text(yaml.safe_dump(kustomization))
        assert operator_pod(build(overlay))["containers"][0]["image"] == "example.org/mine:7"
    finally:
        file.unlink()
        overlay.rmdir()


def test_the_operator_reads_every_variable_that_it_is_given(base: dict[tuple[str, str], Any]) -> None:
    source = "\n".join(file.read_text() for file in (ROOT / "operator/src").rglob("*.py"))
    for variable in operator_pod(base)["containers"][0]["env"]:
        assert f'"{variable["name"]}"' in source, variable["name"]


def test_one_service_account_has_all_the_rights(base: dict[tuple[str, str], Any]) -> None:
    account = operator_pod(base)["serviceAccountName"]
    for kind in ("ClusterRoleBinding", "RoleBinding"):
        binding = base[kind, "modelyard-operator"]
        assert (binding["roleRef"]["kind"], binding["roleRef"]["name"]) in base
        assert [subject["name"] for subject in binding["subjects"]] == [account]
    assert ("ServiceAccount", account) in base


def test_users_of_the_clusters_own_roles_may_use_it(base: dict[tuple[str, str], Any]) -> None:
    assert "watch" in base["ClusterRole", "modelyard-view"]["rules"][0]["verbs"]
    assert "delete" in base["ClusterRole", "modelyard-edit"]["rules"][0]["verbs"]
    labels = base["ClusterRole", "modelyard-edit"]["metadata"]["labels"]
    assert "rbac.authorization.k8s.io/aggregate-to-view" not in labels


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """An API server that has k8s/base, applied as the README says."""
    plane = ControlPlane(tmp_path_factory.mktemp("control-plane"), users=["operator"])
    try:
        plane.start()
        applied = plane.kubectl("apply", "--server-side", "-k", str(BASE))
        assert applied.returncode == 0, applied.stderr
        assert "Warning" not in applied.stderr
        yield plane
    finally:
        plane.stop()


@pytest.mark.integration
def test_the_operators_pod_is_within_the_restricted_standard(installed: ControlPlane) -> None:
    """The namespace enforces it, which shows on pods alone: warn on the Deployment too."""
    label = "pod-security.kubernetes.io/warn=restricted"
    assert installed.kubectl("label", "ns", "modelyard-system", label).returncode == 0
    again = installed.kubectl("apply", "--server-side", "--dry-run=server", "-f", str(BASE / "operator.yaml"))
    assert again.returncode == 0
    assert again.stderr == ""


@pytest.mark.integration
def test_the_operator_may_do_its_work_and_no_more(installed: ControlPlane) -> None:
    with installed.client() as api:

        def can(verb: str, group: str, resource: str, sub: str = "", where: str = "anywhere") -> bool:
            attributes = {"verb": verb, "group": group, "resource": resource, "namespace": where}
            answer = api.post(
                "/apis/authorization.k8s.io/v1/subjectaccessreviews",
                json={"spec": {"user": OPERATOR, "resourceAttributes": attributes | {"subresource": sub}}},
            )
            return bool(answer.json()["status"]["allowed"])

        for kind in KINDS:
            for verb in kind.verbs:
                assert can(verb, kind.group, kind.plural), (verb, kind)
        assert can("update", "modelyard.dev", "modeldeployments", "status")
        assert can("patch", "apps", "deployments", "scale")
        assert can("update", "coordination.k8s.io", "leases", where="modelyard-system")
        assert can("create", "", "events")
        assert not can("update", "coordination.k8s.io", "leases")
        assert not can("list", "", "secrets")
        assert not can("watch", "", "secrets")
        assert not can("delete", "", "pods")
        assert not can("create", "", "pods", "exec")
        assert not can("get", "", "nodes")
        assert not can("patch", "modelyard.dev", "modeldeployments")


@pytest.mark.integration
def test_the_operator_works_with_these_rights(installed: ControlPlane) -> None:
    """As the user `operator`, who has what the service account has, until it waits for the resolve Job."""
    for kind in ("ClusterRoleBinding", "RoleBinding"):
        binding = {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": kind,
            "metadata": {"name": "test", "namespace": "modelyard-system"},
            "roleRef": {
                "apiGroup": "rbac.authorization.k8s.io",
                "kind": kind.removesuffix("Binding"),
                "name": "modelyard-operator",
            },
            "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "operator"}],
        }
        assert installed.kubectl("apply", "-f", "-", stdin=binding).returncode == 0
    deployment = {
        "apiVersion": "modelyard.dev/v1alpha1",
        "kind": "ModelDeployment",
        "metadata": {"name": "sentiment", "namespace": "default"},
        "spec": {"model": {"uri": "s3://models/sentiment"}, "cache": {"managed": {}}},
    }
    assert installed.kubectl("apply", "-f", "-", stdin=deployment).returncode == 0
    log = installed.folder / "operator.log"
    environment = {
        **os.environ,
        "KUBECONFIG": str(installed.kubeconfig("operator")),
        "MODELYARD_OPERATOR_NAMESPACE": "modelyard-system",
        "MODELYARD_SERVER_IMAGE": "modelyard-server:1",
        "MODELYARD_CACHE_IMAGE": "valkey:1",
        "MODELYARD_HEALTH_PORT": str(free_port()),
        "MODELYARD_METRICS_PORT": str(free_port()),
    }

    def made() -> set[str]:
        kinds = "jobs,deployments,services,configmaps,secrets,serviceaccounts,networkpolicies"
        listed = installed.kubectl("get", kinds, "-o", "name")
        return {name for name in listed.stdout.split() if "sentiment" in name}

    with log.open("wb") as output:
        operator = subprocess.Popen(
            [sys.executable, "-m", "modelyard_operator.handlers.main", "run"],
            env=environment,
            stdout=output,
            stderr=output,
        )
        try:
            wait_until(
                lambda: any(name.startswith("job") for name in made()), f"the resolve Job: see {log}", 60
            )
        finally:
            operator.terminate()
            operator.wait(30)
    assert {name.partition("/")[2] for name in made()} >= {
        "sentiment-cache",
        "sentiment-keys",
        "sentiment-runtime",
        "sentiment-server",
        "sentiment-resolve",
    }
    assert "orbidden" not in log.read_text()
