"""The mesh's kinds are taken away in the middle of a rollout, and come back."""

import asyncio
from collections.abc import Iterator

import httpx
import pytest

from demo.shell import run
from demo.targets.base import Target
from demo.targets.embedded import DEVCLUSTER
from tests.e2e.cluster import Namespace, condition
from tests.e2e.gateways import at_weight, behind, command, open_for
from tests.e2e.load import load
from tests.e2e.test_rollout import promoted

pytestmark = pytest.mark.e2e

STEPS = ({"weight": 50, "for": "30m"},)


@pytest.fixture
def kinds(mesh: Target) -> Iterator[Target]:
    """The mesh, with its kinds when the test ends."""
    yield mesh
    run([DEVCLUSTER, "crds", "restore", "istio"])


async def test_without_its_kinds_stable_serves_and_with_them_the_rollout_goes_on(
    kinds: Target, namespace: Namespace
) -> None:
    way = kinds.ingress("sentiment", namespace.name)
    namespace.apply(behind(way, 1, *STEPS, mode="istio"))
    stable = await promoted(namespace)
    headers = await open_for(namespace, way)
    async with load(await namespace.url(), keep_alive=2, fresh=1) as seen:
        await asyncio.to_thread(namespace.apply, behind(way, 2, *STEPS, mode="istio"))
        candidate = await at_weight(namespace, 50)

        await asyncio.to_thread(run, [DEVCLUSTER, "crds", "remove", "istio"])
        words = (await namespace.says("RouteReady", "False", "ModeUnavailable"))["message"]
        assert "spec.routing.mode" in words
        assert "install Istio" in words
        found = namespace.mdep()
        status = found["status"]
        assert "spec.routing.mode" in status["rollout"]["message"]
        assert (status["stableRevision"], status["candidateRevision"]) == (stable, candidate)
        assert condition(found, "Ready")["status"] == "True"
        assert set(seen.revisions) == {stable}
        selector = namespace.get("service", "sentiment")["spec"]["selector"]
        assert selector["modelyard.dev/revision"] == stable

        await asyncio.to_thread(run, [DEVCLUSTER, "crds", "restore", "istio"])
        await namespace.says("RouteReady", "True", "Routed")
        assert await at_weight(namespace, 50) == candidate
        await command(namespace, "skip", candidate)
        assert await promoted(namespace, other_than=stable) == candidate
        await open_for(namespace, way)
        answer = httpx.post(f"{way.url}/predict", headers=headers, json={"text": ["fine"]}, timeout=30)
        assert answer.headers["x-modelyard-revision"] == candidate
    assert seen.failures == []
