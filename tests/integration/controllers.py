"""Stands in for a cluster's controllers and kubelets: the API server here has none.

It makes pods for Jobs and Deployments and sets the statuses that the operator reads. Pods have addresses
where nobody listens; what a told pod answers is tested elsewhere.
"""

import json
import threading
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self

import httpx

from modelyard_operator.labels import DEPLOYMENT
from tests.control_plane import ControlPlane

Raw = dict[str, Any]
DIGEST = "sha256:" + "a" * 64


def stamp() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Controllers:
    def __init__(self, plane: ControlPlane, namespace: str) -> None:
        self._plane = plane
        self._namespace = namespace
        self._ended = threading.Event()
        self.error: str | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.pods_get_ready = True
        """False: server pods stay unready."""

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join(30)
        assert self.error is None, self.error

    def _run(self) -> None:
        with self._plane.client() as api:
            while not self._ended.wait(0.1):
                try:
                    self._step(api)
                except httpx.TransportError:
                    continue  # the API server is away
                except httpx.HTTPStatusError as error:
                    if error.response.status_code not in (404, 409):
                        self.error = error.response.text
                        raise

    def _list(self, api: httpx.Client, path: str) -> list[Raw]:
        found = api.get(path, params={"labelSelector": DEPLOYMENT}).json()["items"]
        return [each for each in found if "deletionTimestamp" not in each["metadata"]]

    def _step(self, api: httpx.Client) -> None:
        core = f"/api/v1/namespaces/{self._namespace}"
        pods = self._list(api, f"{core}/pods")
        for job in self._list(api, f"/apis/batch/v1/namespaces/{self._namespace}/jobs"):
            if not any(_owner(pod) == job["metadata"]["uid"] for pod in pods):
                self._resolve(api, core, job)
        for deployment in self._list(api, f"/apis/apps/v1/namespaces/{self._namespace}/deployments"):
            self._roll(api, core, deployment, pods)

    def _resolve(self, api: httpx.Client, core: str, job: Raw) -> None:
        env = {e["name"]: e.get("value") for e in job["spec"]["template"]["spec"]["containers"][0]["env"]}
        uri = env["MODELYARD_MODEL_URI"]
        report = {
            "ok": True,
            "pinned": f"{uri}@manifest:{'0' * 64}",
            "digest": DIGEST,
            "bytes": 1000,
            "task": "text-classification",
            "seconds": 0.1,
        }
        terminated = {
            "exitCode": 0,
            "reason": "Completed",
            "message": json.dumps(report),
            "startedAt": stamp(),
            "finishedAt": stamp(),
        }
        name = f"{job['metadata']['name']}-x"
        pod = _pod(name, job, "batch/v1", "Job")
        api.post(f"{core}/pods", json=pod).raise_for_status()
        statuses = [_container(c, {"terminated": terminated}) for c in pod["spec"]["containers"]]
        status = {"phase": "Succeeded", "containerStatuses": statuses}
        _merge(api, f"{core}/pods/{name}/status", {"status": status})
        now = stamp()
        conditions = [
            {"type": kind, "status": "True", "lastTransitionTime": now, "lastProbeTime": now}
            for kind in ("SuccessCriteriaMet", "Complete")
        ]
        status = {"startTime": now, "completionTime": now, "succeeded": 1, "conditions": conditions}
        path = f"/apis/batch/v1/namespaces/{self._namespace}/jobs/{job['metadata']['name']}/status"
        _merge(api, path, {"status": status | {"uncountedTerminatedPods": {}}})

    def _roll(self, api: httpx.Client, core: str, deployment: Raw, pods: list[Raw]) -> None:
        metadata, wanted = deployment["metadata"], deployment["spec"].get("replicas", 1)
        own = [pod for pod in pods if _owner(pod) == metadata["uid"]]
        for number in range(len(own), wanted):
            name = f"{metadata['name']}-{number}"
            pod = _pod(name, deployment, "apps/v1", "Deployment")
            if api.post(f"{core}/pods", json=pod).status_code == 201:
                self._set_pod(api, core, pod, number)
        for pod in own[wanted:]:
            api.request("DELETE", f"{core}/pods/{pod['metadata']['name']}", json={"gracePeriodSeconds": 0})
        for number, pod in enumerate(own[:wanted]):
            if _ready(pod) != self.pods_get_ready:
                self._set_pod(api, core, pod, number)
        ready = sum(_ready(pod) for pod in own[:wanted])
        status = {
            "observedGeneration": metadata["generation"],
            "replicas": len(own[:wanted]),
            "readyReplicas": ready,
            "updatedReplicas": len(own[:wanted]),
            "availableReplicas": ready,
        }
        live = deployment.get("status", {})
        if any(live.get(key, 0) != value for key, value in status.items()):
            path = f"/apis/apps/v1/namespaces/{self._namespace}/deployments/{metadata['name']}/status"
            _merge(api, path, {"status": status})

    def _set_pod(self, api: httpx.Client, core: str, pod: Raw, number: int) -> None:
        now, ready = stamp(), self.pods_get_ready
        conditions = [
            {"type": "PodScheduled", "status": "True", "lastTransitionTime": now},
            {"type": "Ready", "status": str(ready), "lastTransitionTime": now},
        ]
        done = {"exitCode": 0, "reason": "Completed", "startedAt": now, "finishedAt": now}
        done["message"] = json.dumps({"ok": True, "digest": DIGEST, "bytes": 1000, "seconds": 0.1})
        spec = pod["spec"]
        status = {
            "phase": "Running",
            "podIP": f"127.66.0.{number + 1}",
            "podIPs": [{"ip": f"127.66.0.{number + 1}"}],
            "conditions": conditions,
            "containerStatuses": [
                _container(c, {"running": {"startedAt": now}}, ready) for c in spec["containers"]
            ],
            "initContainerStatuses": [
                _container(c, {"terminated": done}, True) for c in spec.get("initContainers", [])
            ],
        }
        _merge(api, f"{core}/pods/{pod['metadata']['name']}/status", {"status": status})


def _owner(raw: Raw) -> str | None:
    return next((o["uid"] for o in raw["metadata"].get("ownerReferences", [])), None)


def _ready(pod: Raw) -> bool:
    conditions = pod.get("status", {}).get("conditions", [])
    return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)


def _pod(name: str, owner: Raw, api_version: str, kind: str) -> Raw:
    template = owner["spec"]["template"]
    reference = {"apiVersion": api_version, "kind": kind, "controller": True}
    reference |= {key: owner["metadata"][key] for key in ("name", "uid")}
    metadata = {"name": name, "labels": template["metadata"]["labels"], "ownerReferences": [reference]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"]}


def _container(container: Raw, state: Raw, ready: bool = False) -> Raw:
    fixed = {"restartCount": 0, "image": container["image"], "imageID": "test", "lastState": {}}
    return {"name": container["name"], "ready": ready, "state": state, **fixed}


def _merge(api: httpx.Client, path: str, patch: Raw) -> None:
    headers = {"Content-Type": "application/merge-patch+json"}
    api.patch(path, content=json.dumps(patch), headers=headers).raise_for_status()
