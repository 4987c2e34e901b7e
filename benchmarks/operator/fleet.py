"""A control plane whose nodes are kwok's, and an operator process beside it."""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
from prometheus_client.parser import text_string_to_metric_families

from devcluster.build import TOOLS, Builder
from devcluster.config import Settings
from devcluster.ui import Ui
from modelyard_operator.labels import DEPLOYMENT
from tests.control_plane import ControlPlane, free_port

STAGES = Path(__file__).parent / "stages.yaml"
BASE = Path(__file__).parents[2] / "k8s/base"
NODES = 4
PODS_A_NODE = 1000
CONTROLLERS = "deployment-controller,replicaset-controller,job-controller,garbage-collector-controller"


def until(check: Callable[[], bool], what: str, seconds: float) -> float:
    """Wait for `check`; the seconds that it took.

    Raises:
        TimeoutError: it did not come true in `seconds`.
    """
    begin = time.monotonic()
    while not check():
        if time.monotonic() - begin > seconds:
            raise TimeoutError(f"{what}: not within {seconds:.0f} s")
        time.sleep(0.1)
    return time.monotonic() - begin


class Operator:
    """One operator process, with its own measurements."""

    def __init__(self, kubeconfig: Path, log: Path) -> None:
        self._kubeconfig = kubeconfig
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None
        self._health, self._metrics = free_port(), free_port()

    def start(self) -> None:
        """Start; `settled` waits for it."""
        environment = {
            **os.environ,
            "MODELYARD_KUBECONFIG": str(self._kubeconfig),
            "MODELYARD_SERVER_IMAGE": "modelyard-server:bench",
            "MODELYARD_CACHE_IMAGE": "valkey:bench",
            "MODELYARD_OPERATOR_NAMESPACE": "modelyard-system",
            "MODELYARD_HEALTH_PORT": str(self._health),
            "MODELYARD_METRICS_PORT": str(self._metrics),
            "MODELYARD_LOG_LEVEL": "warning",
        }
        command = [str(Path(sys.executable).parent / "modelyard-operator"), "run"]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)

    def stop(self) -> None:
        """End it, as a kubelet would."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(30)

    def metric(self, name: str) -> float:
        """The sum of a metric's samples; 0 before the process answers."""
        try:
            text = httpx.get(f"http://127.0.0.1:{self._metrics}/metrics", timeout=10).text
        except httpx.HTTPError:
            return 0.0
        families = text_string_to_metric_families(text)
        return sum(s.value for family in families for s in family.samples if s.name == name)

    def memory(self) -> tuple[float, float]:
        """Resident memory in MiB: now, and at its highest."""
        if self._process is None:
            raise RuntimeError("the operator is not running")
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        fields = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
        now, peak = (int(fields[name].split()[0]) / 1024 for name in ("VmRSS", "VmHWM"))
        return now, peak


class Fleet:
    """The control plane, kwok, and the API as the benchmark uses it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.plane = ControlPlane(folder)
        self._processes: list[subprocess.Popen[bytes]] = []

    @contextlib.contextmanager
    def running(self) -> Iterator["Fleet"]:
        """Started on entry, ended on exit."""
        names = ("kube-controller-manager", "kube-scheduler", "kwok")
        tools = Builder(Settings.from_environment(), Ui()).ensure([TOOLS[name] for name in names])
        self.plane.start()
        kubeconfig = f"--kubeconfig={self.plane.kubeconfig()}"
        fast = ("--kube-api-qps=1000", "--kube-api-burst=2000", "--leader-elect=false", "--secure-port=0")
        try:
            self._spawn(
                str(tools["kube-controller-manager"]),
                kubeconfig,
                *(fast[:3]),
                f"--secure-port={free_port()}",
                f"--controllers={CONTROLLERS}",
                "--concurrent-deployment-syncs=20",
                "--concurrent-replicaset-syncs=20",
                "--concurrent-job-syncs=20",
            )
            self._spawn(str(tools["kube-scheduler"]), kubeconfig, *(fast[:3]), f"--secure-port={free_port()}")
            self._spawn(str(tools["kwok"]), kubeconfig, "--manage-all-nodes=true", f"--config={STAGES}")
            for n in range(NODES):
                self._node(f"kwok-{n}")
            yield self
        finally:
            for process in reversed(self._processes):
                process.terminate()
            for process in self._processes:
                process.wait(30)
            self.plane.stop()

    def _spawn(self, *command: str) -> None:
        with (self.folder / f"{Path(command[0]).name}.log").open("ab") as log:
            self._processes.append(subprocess.Popen(command, stdout=log, stderr=log, cwd=self.folder))

    def _node(self, name: str) -> None:
        amount = {"cpu": "100k", "memory": "100Ti", "pods": str(PODS_A_NODE)}
        node = {
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {"name": name, "labels": {"kubernetes.io/hostname": name}},
            "status": {"capacity": amount, "allocatable": amount},
        }
        with self.plane.client() as api:
            api.post("/api/v1/nodes", json=node).raise_for_status()
            # No node lifecycle controller runs that would take the taint of a new node away.
            patch = {"spec": {"taints": None}}
            headers = {"Content-Type": "application/merge-patch+json"}
            api.patch(f"/api/v1/nodes/{name}", json=patch, headers=headers).raise_for_status()

    def install(self) -> None:
        """The CRD and the namespace of the operator's Lease.

        Raises:
            RuntimeError: kubectl said no.
        """
        for name in ("namespace.yaml", "crd.yaml"):
            done = self.plane.kubectl("apply", "--server-side", "-f", str(BASE / name))
            if done.returncode:
                raise RuntimeError(done.stderr)
        self.plane.kubectl("wait", "--for=condition=Established", "crd/modeldeployments.modelyard.dev")

    def resources(self, api: httpx.Client) -> list[dict[str, Any]]:
        """Every ModelDeployment."""
        items: list[dict[str, Any]] = api.get(f"{COLLECTION}?resourceVersion=0").json()["items"]
        return items


COLLECTION = "/apis/modelyard.dev/v1alpha1/namespaces/default/modeldeployments"


def resource(n: int) -> dict[str, Any]:
    """The n-th ModelDeployment of the fleet."""
    return {
        "apiVersion": "modelyard.dev/v1alpha1",
        "kind": "ModelDeployment",
        "metadata": {"name": f"fleet-{n:04d}", "labels": {DEPLOYMENT: f"fleet-{n:04d}"}},
        "spec": {
            "model": {"uri": "s3://models/fleet"},
            "scaling": {"minReplicas": 1, "maxReplicas": 3},
        },
    }
