"""One command on an empty API server, then the Job's own command with the Job's own rights."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from modelyard_operator.kube.objects import Manifest
from tests import other_kinds
from tests.control_plane import ControlPlane, wait_until
from tests.k8s.overlays import K8S, OVERLAYS, build, carried, find

pytestmark = pytest.mark.integration

JOB = "system:serviceaccount:models:modelyard-apply"
PROD = K8S / "overlays" / "prod"


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """An API server that has nothing, and a kubectl that knows nothing of it."""
    plane = ControlPlane(tmp_path_factory.mktemp("plane"), users=[JOB])
    try:
        plane.start()
        yield plane
    finally:
        plane.stop()


@pytest.fixture(scope="module")
def prod(plane: ControlPlane) -> list[Manifest]:
    applied = plane.kubectl("apply", "-k", str(PROD))
    assert applied.returncode == 0, applied.stderr
    assert applied.stderr == ""
    return build(PROD)


def run_job(
    plane: ControlPlane, manifests: list[Manifest], folder: Path
) -> "subprocess.CompletedProcess[str]":
    """What the pod of the Job would do: its arguments, its files, its user."""
    for name, text in carried(manifests).items():
        (folder / name).write_text(text)
    job = find(manifests, "Job", "modelyard-apply")
    arguments = job["spec"]["template"]["spec"]["containers"][0]["args"]
    kubeconfig = folder / "kubeconfig"
    kubeconfig.write_bytes(plane.kubeconfig(JOB).read_bytes())
    return subprocess.run(
        [
            sys.executable,
            "-m",
            "modelyard_operator.handlers.main",
            *(str(folder) if each == "/resources" else each for each in arguments),
            "-n",
            job["metadata"]["namespace"],
        ],
        env={**os.environ, "KUBECONFIG": str(kubeconfig)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_one_command_and_its_job_make_the_deployment(
    plane: ControlPlane, prod: list[Manifest], tmp_path: Path
) -> None:
    done = run_job(plane, prod, tmp_path)
    assert done.returncode == 0, done.stderr
    assert "ModelDeployment sentiment in models created" in done.stdout
    assert "Gateway modelyard left out: the cluster has no networking.istio.io/v1" in done.stdout
    again = run_job(plane, prod, tmp_path)
    assert "ModelDeployment sentiment in models unchanged" in again.stdout


def test_where_istio_is_the_gateway_is_made_too(
    plane: ControlPlane, prod: list[Manifest], tmp_path: Path
) -> None:
    other_kinds.ISTIO.install(plane)
    done = run_job(plane, prod, tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Gateway modelyard in models created" in done.stdout


@pytest.mark.usefixtures("prod")
def test_the_job_may_do_nothing_else(plane: ControlPlane) -> None:
    def can(verb: str, resource: str, namespace: str = "models") -> bool:
        told = plane.kubectl("auth", "can-i", verb, resource, "-n", namespace, user=JOB)
        return told.stdout.strip() == "yes"

    assert can("patch", "modeldeployments.modelyard.dev")
    assert not can("patch", "modeldeployments.modelyard.dev", "default")
    assert not can("delete", "modeldeployments.modelyard.dev")
    assert not can("list", "modeldeployments.modelyard.dev")
    assert not can("patch", "gateways.networking.istio.io/another")
    for resource in ("secrets", "configmaps", "pods", "deployments.apps", "customresourcedefinitions"):
        assert not can("get", resource), resource


@pytest.mark.parametrize("overlay", OVERLAYS, ids=lambda path: path.name)
@pytest.mark.usefixtures("prod")
def test_every_overlay_is_admitted_without_a_warning(plane: ControlPlane, overlay: Path) -> None:
    for namespace in ("models", "modelyard-system"):
        label = "pod-security.kubernetes.io/warn=restricted"
        assert plane.kubectl("label", "--overwrite", "ns", namespace, label).returncode == 0
    assert plane.kubectl("delete", "job", "-n", "models", "--all").returncode == 0
    admitted = plane.kubectl("apply", "--dry-run=server", "-k", str(overlay))
    assert admitted.returncode == 0, admitted.stderr
    assert "Warning" not in admitted.stderr
    for text in carried(build(overlay)).values():
        for each in yaml.safe_load_all(text):
            if each["apiVersion"].startswith("modelyard.dev/"):
                admit = ("apply", "--server-side", "--force-conflicts", "--dry-run=server", "-n", "models")
                told = plane.kubectl(*admit, "-f", "-", stdin=each)
                assert told.returncode == 0, told.stderr


def test_the_command_waits_for_the_kind_to_come(
    tmp_path_factory: pytest.TempPathFactory, tmp_path: Path
) -> None:
    plane = ControlPlane(tmp_path_factory.mktemp("empty"))
    log = tmp_path / "log"
    try:
        plane.start()
        kubeconfig = str(plane.kubeconfig())
        with log.open("wb") as output:
            command = subprocess.Popen(
                [
                    *(sys.executable, "-m", "modelyard_operator.handlers.main", "apply", "--wait-crd"),
                    *("--timeout", "60", str(PROD / "sentiment.yaml")),
                ],
                env={**os.environ, "KUBECONFIG": kubeconfig},
                stdout=output,
                stderr=output,
            )
        try:
            wait_until(lambda: "waits: the cluster has no ModelDeployment" in log.read_text(), "the wait", 60)
            applied = plane.kubectl("apply", "--server-side", "-f", str(K8S / "base" / "crd.yaml"))
            assert applied.returncode == 0, applied.stderr
            assert command.wait(60) == 0, log.read_text()
        finally:
            if command.poll() is None:
                command.kill()
                command.wait()
        assert "ModelDeployment sentiment in default created" in log.read_text()
    finally:
        plane.stop()
