"""k8s/base as kubectl builds it, and on a real API server."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from modelyard_cli.cluster import client
from modelyard_cli.cluster.loadtest import InCluster
from modelyard_cli.errors import CliError
from modelyard_cli.loadtest.plan import Plan
from modelyard_cli.loadtest.scenario import scenario
from modelyard_cli.loadtest.watch.pods import PodsWatch
from modelyard_operator.resources.catalog import KINDS
from tests.control_plane import ControlPlane, wait_until
from tests.ports import free_port
from tests.tools import kubectl

ROOT = Path(__file__).parents[2]
BASE = ROOT / "k8s" / "base"
OPERATOR = "system:serviceaccount:modelyard-system:modelyard-operator"
TESTER = "tester"
LOADTEST = "app.kubernetes.io/name=modelyard-loadtest"
ACCOUNT = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default"}}
"""Without a controller manager nobody makes it."""


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
    overlay = ROOT / "build" / f"test-{tmp_path.parent.name}-{tmp_path.name}"
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
    plane = ControlPlane(tmp_path_factory.mktemp("control-plane"), users=[OPERATOR, TESTER])
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
        assert can("watch", "modelyard.dev", "modelapprovals")
        assert not can("create", "modelyard.dev", "modelapprovals")
        assert not can("get", "admissionregistration.k8s.io", "validatingadmissionpolicies")
        assert not can("list", "", "secrets")
        assert not can("watch", "", "secrets")
        assert not can("delete", "", "pods")
        assert not can("create", "", "pods", "exec")
        assert not can("get", "", "nodes")
        assert not can("patch", "modelyard.dev", "modeldeployments")


@pytest.mark.integration
def test_the_operator_works_with_these_rights(installed: ControlPlane) -> None:
    """As the service account's user, whose status writes the admission policy takes."""
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
            "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": OPERATOR}],
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
    # A colon would part one path from the next in KUBECONFIG.
    kubeconfig = installed.folder / "operator.kubeconfig"
    kubeconfig.write_bytes(installed.kubeconfig(OPERATOR).read_bytes())
    environment = {
        **os.environ,
        "KUBECONFIG": str(kubeconfig),
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


def may(plane: ControlPlane, user: str, verb: str, resource: str) -> bool:
    return plane.kubectl("auth", "can-i", verb, resource, user=user).stdout.strip() == "yes"


@pytest.mark.integration
def test_a_load_test_needs_its_role_and_no_more(
    installed: ControlPlane, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each request of the command is allowed. No kubelet runs the Job: the pods are written by hand."""
    monkeypatch.setenv("KUBECONFIG", str(installed.kubeconfig(TESTER)))
    cluster = client.connect(None, "default")
    plan = Plan(scenario("sentiment", short=True), True, "http://sentiment.default.svc", token="hush")
    waits: list[str] = []

    def waited(words: str) -> None:
        waits.append(words)
        made = installed.kubectl("get", "jobs,secrets,configmaps", "-l", LOADTEST, "-o", "name").stdout
        assert len(made.split()) == 3, made
        job = made.splitlines()[0].partition("/")[2]
        pod("k6", "k6", {"batch.kubernetes.io/job-name": job})

    def pod(name: str, container: str, labels: dict[str, str]) -> None:
        spec = {"containers": [{"name": container, "image": "none"}], "automountServiceAccountToken": False}
        body = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": name, "namespace": "default", "labels": labels},
            "spec": {**spec, "serviceAccountName": "default"},
        }
        ended = {"name": container, "image": "none", "imageID": "", "ready": False, "restartCount": 0}
        status = {
            "phase": "Running",
            "conditions": [{"type": "Ready", "status": "True"}],
            "containerStatuses": [{**ended, "state": {"terminated": {"exitCode": 0}}}],
        }
        with installed.client() as api:
            made = api.post("/api/v1/namespaces/default/serviceaccounts", json=ACCOUNT)
            assert made.status_code in {201, 409}
            assert api.post("/api/v1/namespaces/default/pods", json=body).status_code == 201
            path = f"/api/v1/namespaces/default/pods/{name}/status"
            patch = {"Content-Type": "application/merge-patch+json"}
            assert api.patch(path, json={"status": status}, headers=patch).status_code == 200

    def run() -> list[str]:
        with InCluster(cluster, "sentiment", waited).lines(plan) as lines:
            return list(lines)

    with pytest.raises(CliError, match="403 Forbidden"):
        run()
    bound = ("create", "rolebinding", "loadtest", "--clusterrole=modelyard-loadtest", f"--user={TESTER}")
    assert installed.kubectl(*bound).returncode == 0
    wait_until(lambda: may(installed, TESTER, "create", "jobs"), "the right")
    assert run() == []
    assert waits == ["waiting for k6's pod"]
    assert installed.kubectl("get", "jobs", "-l", LOADTEST, "-o", "name").stdout == ""

    pod(
        "server", "server", {"modelyard.dev/deployment": "sentiment", "app.kubernetes.io/component": "server"}
    )
    watch = PodsWatch(cluster, "sentiment")
    watch.look()
    [sample] = watch.samples(0, float("inf"))
    assert sample.ready == 1
    assert watch.trouble
    assert "403" not in watch.trouble
    for verb, resource in (
        ("get", "secrets"),
        ("create", "pods"),
        ("create", "pods/exec"),
        ("patch", "jobs"),
    ):
        assert not may(installed, TESTER, verb, resource), (verb, resource)
