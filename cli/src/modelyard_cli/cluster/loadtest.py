"""k6 as a Job of the cluster."""

import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from modelyard_cli.cluster.client import Cluster, call
from modelyard_cli.cluster.rights import given_by
from modelyard_cli.errors import CliError
from modelyard_cli.loadtest.job import CONTAINER, IMAGE, k6_job, script_map, token_secret
from modelyard_cli.loadtest.k6 import CROSSED, check
from modelyard_cli.loadtest.plan import Plan

ROLE = "modelyard-loadtest"
"""The ClusterRole with what this needs."""
_POLL_SECONDS = 0.5


@dataclass(slots=True)
class InCluster:
    """Runs k6 beside the deployment, without this machine's network in between.

    Attributes:
        cluster: Where.
        name: The ModelDeployment.
        say: Tells what is waited for.
        image: Has k6 as its entrypoint.
        node_selector: Of the Job's pod.
        where: For the report.
    """

    cluster: Cluster
    name: str
    say: Callable[[str], None]
    image: str = IMAGE
    node_selector: dict[str, str] | None = None
    where: str = "a Job in the cluster"

    @contextmanager
    def lines(self, plan: Plan) -> Iterator[Iterator[str]]:
        """Run it; what it writes comes line by line. The Job goes when this ends.

        Raises:
            CliError: It failed; the message has the pod's own words, or the role that gives a right.
        """
        with given_by(ROLE, self.cluster), self._run(plan) as lines:
            yield lines

    @contextmanager
    def _run(self, plan: Plan) -> Iterator[Iterator[str]]:
        name = f"{self.name}-loadtest-{secrets.token_hex(3)}"
        where, batch, core = self.cluster.namespace, self.cluster.batch, self.cluster.core
        job = k6_job(name, plan, image=self.image, node_selector=self.node_selector)
        made = call(f"Job {name}", lambda: batch.create_namespaced_job(where, job))
        try:
            owner = self.cluster.plain(made)
            secret = token_secret(owner, plan)
            if secret is not None:
                call(f"Secret {name}", lambda: core.create_namespaced_secret(where, secret))
            body = script_map(owner, plan)
            call(f"ConfigMap {name}", lambda: core.create_namespaced_config_map(where, body))
            pod = self._started(name)
            stream = call(
                f"log of pod {pod}",
                lambda: core.read_namespaced_pod_log(
                    pod, where, container=CONTAINER, follow=True, _preload_content=False
                ),
            )
            words: list[str] = []
            yield _split(stream.stream(), words)
            check(self._status(name), "\n".join(words[-20:]))
        finally:
            call(
                f"Job {name}",
                lambda: batch.delete_namespaced_job(name, where, propagation_policy="Background"),
            )

    def _started(self, job: str) -> str:
        shown = ""
        while True:
            pod = self._pod(job)
            if pod is not None and pod["status"].get("phase") in {"Running", "Succeeded", "Failed"}:
                return str(pod["metadata"]["name"])
            waits = _waits_for(pod)
            if "ErrImageNeverPull" in waits or "InvalidImageName" in waits:
                raise CliError(f"Job {job}: {waits}; --k6-image names an image that the cluster has")
            if waits != shown:
                self.say(waits)
                shown = waits
            self._check_job(job)
            time.sleep(_POLL_SECONDS)

    def _status(self, job: str) -> int:
        """k6's exit status, which the kubelet tells a little after the log has ended."""
        end = time.monotonic() + 30
        while time.monotonic() < end:
            pod = self._pod(job)
            for each in ((pod or {}).get("status") or {}).get("containerStatuses") or []:
                ended = (each.get("state") or {}).get("terminated")
                if ended:
                    status = int(ended["exitCode"])
                    if status not in {0, CROSSED} and ended.get("message"):
                        raise CliError(f"k6 ended with {status}: {ended['message']}")
                    return status
            time.sleep(_POLL_SECONDS)
        raise CliError(f"Job {job}: its pod has not ended within 30 s of its log")

    def _check_job(self, job: str) -> None:
        found = call(
            f"Job {job}", lambda: self.cluster.batch.read_namespaced_job(job, self.cluster.namespace)
        )
        for condition in (self.cluster.plain(found).get("status") or {}).get("conditions") or []:
            if condition["type"] == "Failed" and condition["status"] == "True":
                raise CliError(f"Job {job} failed: {condition.get('message', condition.get('reason'))}")

    def _pod(self, job: str) -> dict[str, Any] | None:
        found = call(
            f"pods of Job {job}",
            lambda: self.cluster.core.list_namespaced_pod(
                self.cluster.namespace, label_selector=f"batch.kubernetes.io/job-name={job}"
            ),
        )
        items: list[dict[str, Any]] = self.cluster.plain(found)["items"]
        return items[0] if items else None


def _split(chunks: Iterator[bytes], words: list[str]) -> Iterator[str]:
    """The lines of a log; those that are no record are kept as k6's own words."""
    rest = b""
    for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        for each in whole:
            line = each.decode(errors="replace")
            if not line.startswith("{"):
                words.append(line)
            yield line
    if rest:
        yield rest.decode(errors="replace")


def _waits_for(pod: dict[str, Any] | None) -> str:
    if pod is None:
        return "waiting for k6's pod"
    for each in pod["status"].get("containerStatuses") or []:
        waiting = (each.get("state") or {}).get("waiting")
        if waiting and waiting.get("reason") != "ContainerCreating":
            return f"waiting: {waiting.get('reason')} {waiting.get('message', '')}".strip()
    for condition in pod["status"].get("conditions") or []:
        if condition["type"] == "PodScheduled" and condition["status"] != "True":
            return f"waiting: {condition.get('message', 'to be scheduled')}"
    return "waiting: k6's image is pulled"
