"""An operator with the rights that the chart gives for some namespaces, on a real API server."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.charts.rendering import text
from tests.control_plane import ControlPlane, wait_until
from tests.ports import free_port

pytestmark = pytest.mark.integration

OPERATOR = "system:serviceaccount:ml:acme-operator"


@contextmanager
def operating(plane: ControlPlane) -> Iterator[None]:
    kubeconfig = plane.folder / "operator.kubeconfig"
    kubeconfig.write_bytes(plane.kubeconfig(OPERATOR).read_bytes())
    environment = {
        **os.environ,
        "KUBECONFIG": str(kubeconfig),
        "MODELYARD_OPERATOR_NAMESPACE": "ml",
        "MODELYARD_WATCH_NAMESPACE": "ml,ml-a",
        "MODELYARD_LEASE_NAME": "acme-operator",
        "MODELYARD_SERVER_IMAGE": "modelyard-server:1",
        "MODELYARD_CACHE_IMAGE": "valkey:1",
        "MODELYARD_HEALTH_PORT": str(free_port()),
        "MODELYARD_METRICS_PORT": str(free_port()),
    }
    with (plane.folder / "operator.log").open("ab") as output:
        command = [sys.executable, "-m", "modelyard_operator.handlers.main", "run"]
        operator = subprocess.Popen(command, env=environment, stdout=output, stderr=output)
        try:
            yield
        finally:
            operator.terminate()
            operator.wait(30)


def test_named_namespaces_are_served_and_one_that_is_taken_away_stops_no_other(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    plane = ControlPlane(tmp_path_factory.mktemp("control-plane"), users=[OPERATOR])

    def make(name: str, namespace: str) -> None:
        resource = {
            "apiVersion": "modelyard.dev/v1alpha1",
            "kind": "ModelDeployment",
            "metadata": {"name": name, "namespace": namespace},
            "spec": {"model": {"uri": "s3://models/sentiment"}},
        }
        done = plane.kubectl("apply", "-f", "-", stdin=resource)
        assert done.returncode == 0, done.stderr

    def seen(name: str, namespace: str) -> bool:
        path = "jsonpath={.status.observedGeneration}"
        return plane.kubectl("get", "mdep", name, "-n", namespace, "-o", path).stdout == "1"

    def await_seen(name: str, namespace: str) -> None:
        what = f"{namespace}/{name} is looked at: see {plane.folder / 'operator.log'}"
        wait_until(lambda: seen(name, namespace), what, 60)

    try:
        plane.start()
        for name in ("ml", "ml-a", "ml-b"):
            plane.kubectl("create", "namespace", name)
        rendered = text("--no-hooks", release="acme", namespace="ml", watchNamespaces=["ml", "ml-a"])
        applied = plane.kubectl("apply", "--server-side", "-f", "-", stdin=rendered)
        assert applied.returncode == 0, applied.stderr
        wait_until(lambda: plane.kubectl("get", "mdep", "-A").returncode == 0, "the kind is served", 30)
        with operating(plane):
            for namespace in ("ml", "ml-a", "ml-b"):
                make("first", namespace)
            await_seen("first", "ml")
            await_seen("first", "ml-a")
            plane.kubectl("delete", "rolebinding", "acme-operator-ml", "-n", "ml-a")
        with operating(plane):
            make("second", "ml-a")
            make("second", "ml")
            await_seen("second", "ml")
            assert not seen("second", "ml-a")
            plane.kubectl("apply", "--server-side", "-f", "-", stdin=rendered)
            await_seen("second", "ml-a")
        assert not seen("first", "ml-b")
    finally:
        plane.stop()
