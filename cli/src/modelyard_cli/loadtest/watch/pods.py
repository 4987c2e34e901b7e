"""A deployment as the API server shows it: its autoscaler, its pods, and their metrics through its proxy."""

import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

import urllib3
from kubernetes import client

from modelyard_cli.cluster.client import Cluster, call
from modelyard_cli.errors import CliError
from modelyard_cli.loadtest.watch.counts import Counts, rates, read
from modelyard_cli.loadtest.watch.sample import Sample

_PORT: Final = 8080
_PATIENCE: Final = 4.0
"""Seconds for an answer: a busy pod is slow."""


@dataclass(slots=True)
class PodsWatch:
    """Looks at a deployment by the rights of the kubeconfig.

    Needs `get` and `list` of pods and horizontalpodautoscalers, and `get` of `pods/proxy` for what the
    servers count.

    Attributes:
        cluster: Where.
        name: The ModelDeployment.
        clock: Seconds since 1970.
        source: See `Watch`.
        trouble: Why something could not be seen at the last look; empty: everything was.
    """

    cluster: Cluster
    name: str
    clock: Callable[[], float] = time.time
    source: str = "the API server and the pods' own metrics"
    trouble: str = ""
    _seen: list[Sample] = field(default_factory=list)
    _before: Mapping[str, Counts] = field(default_factory=dict)

    def look(self) -> None:
        """Look at all of it once; what can't be seen is left out."""
        self.trouble = ""
        selector = f"modelyard.dev/deployment={self.name},app.kubernetes.io/component=server"
        pods = self._list("pods", self.cluster.core.list_namespaced_pod, selector)
        scalers = self._list(
            "horizontalpodautoscalers",
            client.AutoscalingV2Api(self.cluster.api).list_namespaced_horizontal_pod_autoscaler,
            f"modelyard.dev/deployment={self.name}",
        )
        ready = None if pods is None else [pod["metadata"]["name"] for pod in pods if is_ready(pod)]
        counts = self._counts(ready or [])
        between = rates(self._before, counts)
        self._before = counts
        self._seen.append(
            Sample(
                at=self.clock(),
                ready=None if ready is None else len(ready),
                desired=desired(scalers or []),
                cpu=between.cpu,
                memory=sum(each.memory for each in counts.values()) if counts else None,
                in_flight=sum(each.in_flight for each in counts.values()) if counts else None,
                hits=between.hits,
            )
        )

    def samples(self, began: float, ended: float) -> list[Sample]:
        """What was seen between two moments."""
        return [sample for sample in self._seen if began <= sample.at <= ended]

    def _list(self, what: str, request: Callable[..., Any], selector: str) -> list[dict[str, Any]] | None:
        try:
            found = call(
                what,
                lambda: request(self.cluster.namespace, label_selector=selector, _request_timeout=_PATIENCE),
            )
        except CliError as error:
            self.trouble = error.message
            return None
        items: list[dict[str, Any]] = self.cluster.plain(found)["items"]
        return items

    def _counts(self, pods: list[str]) -> dict[str, Counts]:
        if not pods:
            return {}
        with ThreadPoolExecutor(len(pods)) as threads:
            found = zip(pods, threads.map(self._read, pods), strict=True)
            return {pod: counts for pod, counts in found if counts is not None}

    def _read(self, pod: str) -> Counts | None:
        with suppress(OSError, urllib3.exceptions.HTTPError):
            try:
                answer = self.cluster.core.connect_get_namespaced_pod_proxy_with_path(
                    f"{pod}:{_PORT}",
                    self.cluster.namespace,
                    "metrics",
                    _preload_content=False,
                    _request_timeout=_PATIENCE,
                )
            except client.ApiException as error:
                self.trouble = f"metrics of pod {pod}: {error.status} {error.reason}"
                return None
            return read(answer.data.decode(), self.clock())
        return None


def is_ready(pod: Mapping[str, Any]) -> bool:
    """Whether a pod takes traffic."""
    conditions = (pod.get("status") or {}).get("conditions") or []
    leaving = pod["metadata"].get("deletionTimestamp")
    return not leaving and any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)


def desired(scalers: list[dict[str, Any]]) -> int | None:
    """How many pods the autoscalers of all revisions want together; None while none has decided."""
    return sum((scaler.get("status") or {}).get("desiredReplicas") or 0 for scaler in scalers) or None
