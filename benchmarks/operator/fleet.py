"""A control plane whose nodes are kwok's, and the ModelDeployments on it."""

import contextlib
import shutil
import subprocess
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx

from benchmarks.operator.process import TAIL, end
from devcluster.build import TOOLS, Builder
from devcluster.config import Settings
from devcluster.ui import Ui
from modelyard_operator.labels import DEPLOYMENT
from modelyard_operator.resources.catalog import KINDS
from tests.control_plane import ControlPlane
from tests.ports import free_port

STAGES = Path(__file__).parent / "stages.yaml"
BASE = Path(__file__).parents[2] / "k8s/base"
NODES = 4
PODS_A_NODE = 1000
CONTROLLERS = "deployment-controller,replicaset-controller,job-controller,garbage-collector-controller"
COLLECTION = "/apis/modelyard.dev/v1alpha1/namespaces/default/modeldeployments"
ONLY_METADATA = {"Accept": "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"}


class Fleet:
    """The control plane, kwok, and the API as the benchmark uses it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.plane = ControlPlane(folder)
        self.kubeconfig = folder / "components.kubeconfig"
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    @contextlib.contextmanager
    def running(self) -> Iterator["Fleet"]:
        """Started on entry, ended on exit, however that comes."""
        names = ("kube-controller-manager", "kube-scheduler", "kwok")
        tools = Builder(Settings.from_environment(), Ui()).ensure([TOOLS[name] for name in names])
        try:
            self.plane.start()
            # A copy: kubectl below has the original written anew, and its readers may find it empty.
            shutil.copy(self.plane.kubeconfig(), self.kubeconfig)
            kubeconfig = f"--kubeconfig={self.kubeconfig}"
            fast = ("--kube-api-qps=1000", "--kube-api-burst=2000", "--leader-elect=false")
            self._spawn(
                str(tools["kube-controller-manager"]),
                kubeconfig,
                *fast,
                f"--secure-port={free_port()}",
                f"--controllers={CONTROLLERS}",
                "--concurrent-deployment-syncs=20",
                "--concurrent-replicaset-syncs=20",
                "--concurrent-job-syncs=20",
            )
            self._spawn(str(tools["kube-scheduler"]), kubeconfig, *fast, f"--secure-port={free_port()}")
            self._spawn(str(tools["kwok"]), kubeconfig, "--manage-all-nodes=true", f"--config={STAGES}")
            for n in range(NODES):
                self._node(f"kwok-{n}")
            yield self
        finally:
            end(reversed(self._processes.values()))
            self.plane.stop()

    def _spawn(self, *command: str) -> None:
        name = Path(command[0]).name
        with self._log(name).open("ab") as log:
            self._processes[name] = subprocess.Popen(command, stdout=log, stderr=log, cwd=self.folder)

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

    def check(self) -> None:
        """Everything that was started runs.

        Raises:
            RuntimeError: one has ended; with the end of its log.
        """
        for name, process in self._processes.items():
            if process.poll() is not None:
                tail = self._log(name).read_text(errors="replace")[-TAIL:]
                raise RuntimeError(f"{name} ended with {process.returncode}:\n{tail}")

    def _log(self, name: str) -> Path:
        return self.folder / f"{name}.log"


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


def resources(api: httpx.Client) -> list[dict[str, Any]]:
    """Every ModelDeployment, from the API server's cache."""
    answer = api.get(f"{COLLECTION}?resourceVersion=0").raise_for_status()
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def ready_after(item: dict[str, Any]) -> float | None:
    """Seconds from a resource's creation until it was Ready, to the second; None: it is not."""
    for condition in item.get("status", {}).get("conditions", []):
        if condition["type"] == "Ready" and condition["status"] == "True":
            since, made = condition["lastTransitionTime"], item["metadata"]["creationTimestamp"]
            return (datetime.fromisoformat(since) - datetime.fromisoformat(made)).total_seconds()
    return None


def versions(api: httpx.Client) -> dict[tuple[str, str], str]:
    """The resourceVersion of every ModelDeployment and every child, as the API server has them now."""
    paths = [COLLECTION]
    for kind in KINDS:
        root = f"/apis/{kind.api_version}" if "/" in kind.api_version else f"/api/{kind.api_version}"
        paths.append(f"{root}/namespaces/default/{kind.plural}?labelSelector={DEPLOYMENT}")
    paths.append(f"/api/v1/namespaces/default/secrets?labelSelector={DEPLOYMENT}")
    paths.append("/api/v1/namespaces/default/events")
    found: dict[tuple[str, str], str] = {}
    for path in paths:
        # A list of metadata alone has null for no items.
        for item in api.get(path, headers=ONLY_METADATA).raise_for_status().json()["items"] or ():
            found[path, item["metadata"]["name"]] = item["metadata"]["resourceVersion"]
    return found
