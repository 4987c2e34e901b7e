"""The long form of the promise that a change of revision loses no request."""

import asyncio

import pytest

from tests.e2e.cluster import Namespace
from tests.e2e.load import load
from tests.e2e.test_rollout import generation, promoted

pytestmark = [pytest.mark.e2e, pytest.mark.soak, pytest.mark.timeout(3 * 3600)]

ROLLOUTS = 100
REQUESTS = 100_000
KEPT = 2


async def test_a_hundred_rollouts_and_a_hundred_thousand_requests(namespace: Namespace) -> None:
    brief = {"rollbackWindow": "20s", "keepRevisions": KEPT, "deadline": "3m"}
    namespace.apply(generation(0, rollout=brief))
    stable = await promoted(namespace)
    async with load(await namespace.url(), keep_alive=4, fresh=2, limit=10 * REQUESTS) as seen:
        for n in range(1, ROLLOUTS + 1):
            await asyncio.to_thread(namespace.apply, generation(n, rollout=brief))
            stable = await promoted(namespace, other_than=stable)
            assert seen.failures == [], f"rollout {n}"
        await namespace.until("enough was asked", lambda: seen.sent >= REQUESTS, within=7200, every=5)
    assert seen.failures == []
    resource = namespace.mdep()
    assert len(resource["status"]["revisions"]) <= 10
    deployments = namespace.list("deploy", "app.kubernetes.io/component=server")
    assert len(deployments) <= 1 + 1 + KEPT
