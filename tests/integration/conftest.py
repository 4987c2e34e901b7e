"""A real API server for the session, an operator process for each test that asks for one."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests.control_plane import ControlPlane
from tests.integration.controllers import Controllers
from tests.integration.operator_process import OperatorProcess
from tests.integration.parts import parts

__all__ = ["parts"]

OPERATOR = "system:serviceaccount:modelyard-system:modelyard-operator"
RESTRICTED = "restricted-operator"
BASE = Path(__file__).parents[2] / "k8s" / "base"


@pytest.fixture(scope="session")
def api_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """etcd and kube-apiserver of the session's own, with the CRD and the operator's rights in it."""
    plane = ControlPlane(tmp_path_factory.mktemp("control-plane"), users=[OPERATOR, RESTRICTED])
    try:
        plane.start()
        for file in ("namespace", "crd", "rbac", "role_bindings"):
            done = plane.kubectl("apply", "--server-side", "-f", str(BASE / f"{file}.yaml"))
            assert done.returncode == 0, done.stderr
        yield plane
    finally:
        plane.stop()


@pytest.fixture
def api(api_server: ControlPlane) -> Iterator[httpx.Client]:
    """Requests as the administrator."""
    with api_server.client() as client:
        yield client


@pytest.fixture
def namespace(api: httpx.Client, request: pytest.FixtureRequest) -> str:
    """A namespace of this try's own; no controller takes it down, so it is left to the session's end."""
    name = re.sub("[^a-z0-9]+", "-", request.node.name.lower().removeprefix("test_")).strip("-")[:60]
    # pytest-rerunfailures counts the tries.
    name = f"{name}-{request.node.execution_count}"
    api.post("/api/v1/namespaces", json={"metadata": {"name": name}}).raise_for_status()
    return name


@pytest.fixture
def controllers(api_server: ControlPlane, namespace: str) -> Iterator[Controllers]:
    """What a cluster's controllers and kubelets would do in the namespace."""
    with Controllers(api_server, namespace) as running:
        yield running


Start = Callable[..., OperatorProcess]


@pytest.fixture
def start_operator(api_server: ControlPlane, namespace: str, tmp_path: Path) -> Iterator[Start]:
    """Starts operators for the test's namespace; ends them all."""
    started: list[OperatorProcess] = []

    def start(user: str = OPERATOR, **environ: str) -> OperatorProcess:
        settings = {"MODELYARD_WATCH_NAMESPACE": namespace} | environ
        # A colon would part one path from the next in KUBECONFIG.
        kubeconfig = tmp_path / "kubeconfig"
        kubeconfig.write_bytes(api_server.kubeconfig(user).read_bytes())
        process = OperatorProcess(kubeconfig, tmp_path / f"operator-{len(started)}.log", settings)
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()


@pytest.fixture
def operator(start_operator: Start, controllers: Controllers) -> OperatorProcess:
    """One operator that is ready, in a namespace with controllers."""
    process = start_operator()
    process.wait_ready()
    return process
