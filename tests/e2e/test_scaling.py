"""Autoscaling under real CPU load."""

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.e2e.cluster import Namespace, sentiment
from tests.e2e.load import load

pytestmark = pytest.mark.e2e


async def test_scales_out_and_in_and_keep_alive_clients_reach_the_new_pods(namespace: Namespace) -> None:
    small = {"requests": {"cpu": "50m", "memory": "200Mi"}, "limits": {"cpu": "200m", "memory": "768Mi"}}
    namespace.apply(
        sentiment(
            server={"resources": small, "maxConnectionAgeSeconds": 5, "drainSeconds": 5},
            scaling={
                "minReplicas": 1,
                "maxReplicas": 3,
                "cpuUtilization": 60,
                "behavior": {"scaleDown": {"stabilizationWindowSeconds": 10}},
            },
        )
    )
    resource = await namespace.ready()
    revision = resource["status"]["stableRevision"]

    def ready_pods() -> int:
        return int(namespace.get("deploy", f"sentiment-{revision}")["status"].get("readyReplicas", 0))

    def all_answered(revision: str) -> bool:
        pods = namespace.ready_pods(f"modelyard.dev/revision={revision}")
        return len(pods) == 3 and all(answered(pod["status"]["podIP"]) > 20 for pod in pods)

    async with load(await namespace.url(), keep_alive=6, fresh=0, pause=0) as seen:
        await namespace.until("three pods are ready", lambda: ready_pods() == 3, within=240)
        await namespace.until(
            "keep-alive clients reach all of them", lambda: all_answered(revision), within=60
        )
    assert seen.failures == []
    await namespace.until("one pod is left", lambda: ready_pods() == 1, within=240)


def answered(pod_ip: str) -> float:
    """Predictions that a pod has answered, by its own count."""
    families = text_string_to_metric_families(httpx.get(f"http://{pod_ip}:8080/metrics", timeout=10).text)
    return sum(
        sample.value
        for family in families
        for sample in family.samples
        if sample.name == "modelyard_requests_total" and sample.labels["route"] == "/predict"
    )
