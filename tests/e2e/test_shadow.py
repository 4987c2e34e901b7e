"""A candidate that answers otherwise is found by its answers, before anybody gets one."""

import asyncio
from pathlib import Path

import httpx
import pytest

from demo.rollout import NEXT, WORSE, variants
from demo.targets.base import Target
from tests.e2e.cluster import Namespace, Resource, condition
from tests.e2e.load import load
from tests.e2e.test_rollout import generation, promoted

pytestmark = pytest.mark.e2e

ROLLOUT = {
    "deadline": "3m",
    "steps": [{"shadow": {"percent": 100, "for": "8s"}}],
    "analysis": {
        "interval": "4s",
        "minRequests": 20,
        "maxDisagreement": 0.05,
        "failureLimit": 1,
        "compare": {"latency": False, "maxMoreErrors": 0.2},
    },
}


@pytest.fixture
def models(target: Target, namespace: Namespace, tmp_path: Path) -> None:
    """The example's model as a newer version, and with its labels swapped."""
    namespace.apply(target.store(variants(tmp_path)))


def serving(model: str) -> Resource:
    resource = generation(1, routing={"mode": "replicas"}, rollout=ROLLOUT)
    resource["spec"]["model"]["uri"] = f"s3://models/{model}"
    return resource


@pytest.mark.usefixtures("models")
async def test_without_a_mesh_copies_of_requests_tell_a_worse_candidate_from_an_equal_one(
    namespace: Namespace,
) -> None:
    namespace.apply(serving("sentiment"))
    first = await promoted(namespace)
    async with load(await namespace.url(), keep_alive=3, fresh=1) as seen:
        await namespace.until("the load is under way", lambda: seen.ok > 20)
        await asyncio.to_thread(namespace.apply, serving(NEXT))
        second = await promoted(namespace, other_than=first)

        await asyncio.to_thread(namespace.apply, serving(WORSE))
        stalled = await namespace.until(
            "the worse one is given up",
            lambda: (c := condition(namespace.mdep(), "Stalled"))["status"] == "True" and c,
            within=180,
        )
    assert "maxDisagreement" in stalled["message"]
    assert await promoted(namespace) == second
    assert seen.failures == []
    assert set(seen.revisions) == {first, second}, "the worse one answered nobody"

    pods = namespace.ready_pods(f"modelyard.dev/revision={second}")
    pages = [httpx.get(f"http://{pod['status']['podIP']}:8080/metrics", timeout=10).text for pod in pods]
    lines = "".join(pages).splitlines()
    flips = [line for line in lines if line.startswith("modelyard_shadow_flips_total")]
    assert any('from_label="NEGATIVE"' in line and 'to_label="POSITIVE"' in line for line in flips), flips
