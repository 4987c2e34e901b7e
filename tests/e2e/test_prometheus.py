"""Prometheus as the source of an analysis: what it cannot tell holds a rollout, in words."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from aiohttp import web

from demo.shell import stream
from demo.targets.base import Target
from demo.targets.embedded import DEVCLUSTER
from devcluster.config import Settings
from devcluster.endpoints import PROMETHEUS_SERVICE_URL, PROMETHEUS_URL
from tests.e2e.cluster import Namespace, Resource
from tests.e2e.load import load
from tests.e2e.test_rollout import generation, promoted

pytestmark = pytest.mark.e2e

ADDRESS = Settings.from_environment().node_ip
"""Of this machine, where pods reach it."""
TOKEN = "only for those who know it"
ANSWERED = 'sum(modelyard_requests_total{namespace="$namespace",revision="$candidate"})'


@pytest.fixture
def prometheus(target: Target) -> Target:
    """The cluster with a Prometheus that scrapes the pods."""
    if target.name != "embedded":
        pytest.skip(f"{target.name} brings no Prometheus; run with CLUSTER=embedded")
    stream([DEVCLUSTER, "up", "--with", "prometheus"])
    return target


@asynccontextmanager
async def guarded(port: int = 0) -> AsyncIterator[int]:
    """A way to the cluster's Prometheus for those who have the token; its port."""
    async with httpx.AsyncClient(base_url=PROMETHEUS_URL) as inner:

        async def answer(request: web.Request) -> web.Response:
            if request.headers.get("Authorization") != f"Bearer {TOKEN}":
                return web.Response(status=401, text="who are you?")
            found = await inner.post(
                request.path,
                content=await request.read(),
                headers={"Content-Type": request.headers["Content-Type"]},
            )
            return web.Response(status=found.status_code, body=found.content, content_type="application/json")

        app = web.Application()
        app.router.add_post("/api/v1/query", answer)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, ADDRESS, port, reuse_address=True).start()
        try:
            yield runner.addresses[0][1]
        finally:
            await runner.cleanup()


def held(n: int, promql: str, address: str, secret: str | None = None, *, least: int = 2) -> Resource:
    """The n-th revision, held against one query, with `least` pods or more."""
    prometheus: dict[str, Any] = {"address": address}
    if secret is not None:
        prometheus["secretRef"] = {"name": secret}
    analysis = {
        "interval": "2s",
        "minRequests": 5,
        "compare": {"latency": False, "errors": False},
        "prometheus": prometheus,
        "queries": [{"name": "answered", "promql": promql, "min": 5}],
    }
    rollout = {"deadline": "3m", "steps": [{"weight": 50, "for": "1s"}], "analysis": analysis}
    scaling = {"minReplicas": least, "maxReplicas": 3}
    return generation(n, routing={"mode": "replicas"}, rollout=rollout, scaling=scaling)


def credentials(name: str, token: str) -> Resource:
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": {"token": token}}


async def test_what_prometheus_cannot_tell_holds_and_what_it_tells_promotes(
    prometheus: Target, namespace: Namespace
) -> None:
    namespace.apply(credentials("known", TOKEN), credentials("unknown", "a guess"))
    namespace.apply(held(1, ANSWERED, PROMETHEUS_SERVICE_URL, least=1))
    first = await promoted(namespace)
    async with load(await namespace.url(), keep_alive=2, fresh=2) as seen:
        async with guarded() as port:
            address = f"http://{ADDRESS}:{port}"

            def change(promql: str, secret: str, least: int = 2) -> Callable[[], None]:
                return lambda: namespace.apply(held(2, promql, address, secret, least=least))

            await holds(namespace, change(ANSWERED, "unknown", 1), "it answered 401: does it take what")
            second = namespace.mdep()["status"]["candidateRevision"]
            # The Service splits by numbers of pods: one side is pinned, and follows the other's autoscaler,
            # which may have found reason for more pods than the least.
            pinned = [(size, size) for size in (1, 2, 3)]
            ranges = autoscaled(namespace)
            assert (ranges[first], ranges[second] in pinned) == ((1, 3), True)
            await asyncio.to_thread(change(ANSWERED, "unknown"))

            def follows() -> bool:
                ranges = autoscaled(namespace)
                return ranges[first] == (2, 3) and ranges[second] in pinned[1:]

            await namespace.until("it is pinned anew", follows)
        # It has gone: neither what it said before nor silence promotes.
        await holds(namespace, lambda: None, f"Prometheus {address}: Cannot connect to host")
        assert "is analysis.prometheus.address right, and is it up?" in message(namespace)
        async with guarded(port):
            for promql, words in (
                ("sum(", "queries[0] answered: it answered 400: invalid parameter"),
                ('up{job="nobody"}', "queries[0] answered: no series"),
                ("vector(0) / 0", "queries[0] answered: the value is NaN"),
                ("up", "series, not one number: put sum(…) or max(…) around it"),
            ):
                await holds(namespace, change(promql, "known"), words)
        await asyncio.to_thread(namespace.apply, held(2, ANSWERED, PROMETHEUS_SERVICE_URL))
        assert await promoted(namespace, other_than=first) == second
    assert seen.failures == []
    assert set(seen.revisions) == {first, second}
    history = namespace.mdep()["status"]["rollout"]["history"]
    assert any(name.startswith("queries[0]") for entry in history for name in entry["numbers"]), history
    assert autoscaled(namespace)[second] == (2, 3), "it scales by itself again"


def message(namespace: Namespace) -> str:
    found: str = namespace.mdep()["status"]["rollout"].get("message", "")
    return found


async def holds(namespace: Namespace, change: Callable[[], None], words: str) -> None:
    """After the change the words are said, and the candidate stays where it is over more analyses."""
    await asyncio.to_thread(change)
    await namespace.until(f"it says {words!r}", lambda: words in message(namespace), within=90)

    def rollout() -> Resource:
        found: Resource = namespace.mdep()["status"]["rollout"]
        return found

    before = rollout()["analysedAt"]

    def says_it_again() -> Resource | None:
        now = rollout()
        return now if now["analysedAt"] != before and words in now.get("message", "") else None

    after = await namespace.until("another analysis says the same", says_it_again, within=30)
    assert (after["phase"], after["weight"]) == ("Observing", 50)


def autoscaled(namespace: Namespace) -> dict[str, tuple[int, int]]:
    """Between how many pods each revision's autoscaler moves."""
    return {
        hpa["metadata"]["labels"]["modelyard.dev/revision"]: (
            hpa["spec"]["minReplicas"],
            hpa["spec"]["maxReplicas"],
        )
        for hpa in namespace.list("hpa", "modelyard.dev/deployment=sentiment")
    }
