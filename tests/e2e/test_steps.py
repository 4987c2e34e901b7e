"""Rollouts in steps, with real gateways moving the traffic."""

import asyncio
from collections import Counter
from functools import partial

import httpx
import pytest

from demo.targets.base import Ingress, Target
from tests.e2e.cluster import Namespace
from tests.e2e.gateways import at_weight, behind, command, open_for
from tests.e2e.load import Load, load
from tests.e2e.test_rollout import generation, promoted, switched

pytestmark = pytest.mark.e2e

MODES = ("istio", "gateway")


async def shares(way: Ingress, headers: dict[str, str], count: int) -> dict[str, float]:
    """Per cent of `count` requests that each revision answered."""
    found: Counter[str] = Counter()
    async with httpx.AsyncClient(headers=headers, timeout=30) as client:
        for start in range(0, count, 20):
            texts = [{"text": [f"number {n}"]} for n in range(start, min(start + 20, count))]
            asked = [client.post(f"{way.url}/predict", json=body) for body in texts]
            for answer in await asyncio.gather(*asked):
                assert answer.status_code == 200, answer.text
                found[answer.headers["x-modelyard-revision"]] += 1
    return {revision: 100 * number / count for revision, number in found.items()}


@pytest.mark.parametrize("mode", MODES)
async def test_weights_are_what_a_step_says_and_no_request_is_lost(
    mesh: Target, namespace: Namespace, mode: str
) -> None:
    way = mesh.ingress("sentiment", namespace.name, gateway_api=mode == "gateway")
    steps = ({"weight": 10, "for": "30m"}, {"weight": 50, "for": "1s"})
    namespace.apply(behind(way, 1, *steps, mode=mode))
    first = await promoted(namespace)
    assert namespace.mdep()["status"]["routing"]["mode"] == mode
    headers = await open_for(namespace, way)

    async with load(way.url, headers=headers, keep_alive=2, fresh=1) as seen:
        await namespace.until("the load is under way", lambda: seen.ok > 20)
        await asyncio.to_thread(namespace.apply, behind(way, 2, *steps, mode=mode))
        second = await at_weight(namespace, 10)
        # Envoy draws for each request: 2,000 of them are within 2 points in 997 of 1,000 runs.
        assert (await shares(way, headers, 2000))[second] == pytest.approx(10, abs=2)
        await command(namespace, "skip", second)
        assert await promoted(namespace, other_than=first) == second
        await everybody_hears(namespace, seen, second)
        await command(namespace, "rollback", first)
        await everybody_hears(namespace, seen, first)
    assert seen.failures == []
    assert set(seen.revisions) == {first, second}


async def everybody_hears(namespace: Namespace, seen: Load, revision: str) -> None:
    what = f"{revision} answers everyone"
    await namespace.until(what, switched(seen.revisions, revision), within=60)


async def test_another_mode_takes_over_without_a_lost_request(mesh: Target, namespace: Namespace) -> None:
    ways = {mode: mesh.ingress("sentiment", namespace.name, gateway_api=mode == "gateway") for mode in MODES}
    namespace.apply(behind(ways["istio"], 1, mode="istio"))
    stable = await promoted(namespace)
    async with load(await namespace.url(), keep_alive=2, fresh=1) as seen:
        await namespace.until("the load is under way", lambda: seen.ok > 20)
        for mode in (*MODES, "istio"):
            await asyncio.to_thread(namespace.apply, behind(ways[mode], 1, mode=mode))
            await namespace.until(f"{mode} has it", partial(has_mode, namespace, mode))
            headers = await open_for(namespace, ways[mode])
            assert await shares(ways[mode], headers, 100) == {stable: 100}
        await asyncio.to_thread(namespace.apply, generation(1, routing={"mode": "replicas"}))
        await namespace.until("the Service has it", partial(has_mode, namespace, "replicas"))
    assert seen.failures == []
    assert set(seen.revisions) == {stable}


def has_mode(namespace: Namespace, mode: str) -> bool:
    return bool(namespace.mdep()["status"]["routing"]["mode"] == mode)
