"""Pods are told and asked, once, with the admin token, until they heard."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
import pytest_asyncio
from aiohttp import web

from modelyard_operator.kube.objects import Pod
from modelyard_operator.reconcile.model import Plan, Purge, Purged, Readiness, Tell
from tests.integration.parts import NAME, Parts, until
from tests.integration.resources import post, set_status

pytestmark = pytest.mark.integration


@dataclass
class Server:
    """A pod's admin route."""

    status: int = 200
    detail: str = ""
    heard: list[tuple[str, Any]] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.Response:
        self.heard.append((request.headers["Authorization"], await request.json()))
        readiness = {"ready": True, "loadSeconds": 1.5, "warmSeconds": 0.25, "task": "tensor"}
        return web.json_response(readiness, status=self.status)

    async def purge(self, request: web.Request) -> web.Response:
        self.heard.append((request.headers["Authorization"], request.method))
        answer = {"purged": True} if self.status == 200 else {"detail": self.detail}
        return web.json_response(answer, status=self.status)


@pytest_asyncio.fixture
async def server() -> AsyncIterator[tuple[Server, int]]:
    server = Server()
    app = web.Application()
    app.router.add_put("/admin/serving", server.answer)
    app.router.add_post("/admin/cache/purge", server.purge)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield server, runner.addresses[0][1]
    await runner.cleanup()


async def real_pod(parts: Parts, api: httpx.Client) -> Pod:
    """A pod of the resource, whose address is this machine's."""
    labels = {"modelyard.dev/deployment": NAME, "app.kubernetes.io/component": "server"}
    spec = {"containers": [{"name": "server", "image": "server:1"}]}
    post(api, "Pod", parts.namespace, {"metadata": {"name": "pod", "labels": labels}, "spec": spec})
    status = {"phase": "Running", "podIP": "127.0.0.1", "podIPs": [{"ip": "127.0.0.1"}]}
    set_status(api, "Pod", parts.namespace, "pod", status)
    await until(lambda: [pod.ip for pod in parts.gather().observed.pods] == ["127.0.0.1"])
    return parts.gather().observed.pods[0]


async def test_pods_are_told_once(parts: Parts, api: httpx.Client, server: tuple[Server, int]) -> None:
    seen, port = server
    pod = await real_pod(parts, api)
    executor = parts.executor(port)

    async def tell(serving: bool) -> None:
        gathered = parts.gather()
        tells = (Tell(pod.uid, "127.0.0.1", serving),)
        await executor.execute(gathered, Plan(status=gathered.observed.status, tells=tells))
        await until(lambda: not parts.teller.pending)

    await tell(True)
    assert seen.heard == []  # there is no admin token yet
    keys = {"metadata": {"name": f"{NAME}-keys"}, "stringData": {"admin-token": "secret-token"}}
    post(api, "Secret", parts.namespace, keys)
    await until(lambda: not parts.gather().memory.unheard[pod.uid].pausing)
    await tell(True)
    await tell(True)
    assert seen.heard == [("Bearer secret-token", {"serving": True})]
    assert parts.gather().observed.readiness == {pod.uid: Readiness(1.5, 0.25, "tensor")}
    await tell(False)
    assert seen.heard[1:] == [("Bearer secret-token", {"serving": False})]


async def test_a_pod_that_did_not_hear_is_told_again(
    parts: Parts, api: httpx.Client, server: tuple[Server, int]
) -> None:
    seen, port = server
    seen.status = 503
    pod = await real_pod(parts, api)
    keys = {"metadata": {"name": f"{NAME}-keys"}, "stringData": {"admin-token": "secret-token"}}
    post(api, "Secret", parts.namespace, keys)
    executor = parts.executor(port)
    while parts.queue.depth:
        parts.queue.done((await parts.queue.get())[0])
    for heard in (1, 2):
        gathered = parts.gather()
        tells = (Tell(pod.uid, "127.0.0.1", True),)
        plan = Plan(status=gathered.observed.status, tells=tells)
        await executor.execute(gathered, plan)
        await until(lambda: not parts.teller.pending)
        await executor.execute(gathered, plan)  # too early, or it has heard
        assert not parts.teller.pending
        async with asyncio.timeout(20):
            key, _ = await parts.queue.get()  # by the back-off, then by the answer
        parts.queue.done(key)
        assert len(seen.heard) == heard
        seen.status = 200
    assert pod.uid in parts.gather().observed.readiness


async def test_a_pod_forgets_its_answers_once_a_nonce_and_is_asked_again_when_it_failed(
    parts: Parts, api: httpx.Client, server: tuple[Server, int]
) -> None:
    seen, port = server
    seen.status, seen.detail = 503, "Redis may still have some: it is away"
    pod = await real_pod(parts, api)
    keys = {"metadata": {"name": f"{NAME}-keys"}, "stringData": {"admin-token": "secret-token"}}
    post(api, "Secret", parts.namespace, keys)
    executor = parts.executor(port)

    async def purge(nonce: str) -> Purged:
        gathered = parts.gather()
        purges = (Purge(pod.uid, pod.name, "127.0.0.1", nonce),)
        await executor.execute(gathered, Plan(status=gathered.observed.status, purges=purges))
        await until(lambda: not parts.purger.pending)
        return parts.gather().observed.purged[pod.uid]

    words = "the pod answered 503: Redis may still have some: it is away"
    assert await purge("1") == Purged("1", is_done=False, failure=words)
    assert await purge("1") == Purged("1", is_done=False, failure=words)
    assert len(seen.heard) == 1, "it is not asked again before the pause is over"
    seen.status = 200
    parts.now += 1
    assert await purge("1") == Purged("1", is_done=True)
    assert await purge("1") == Purged("1", is_done=True)
    assert seen.heard == [("Bearer secret-token", "POST")] * 2
    assert await purge("2") == Purged("2", is_done=True)
    assert len(seen.heard) == 3


async def test_a_pod_that_cannot_be_reached_is_named_in_words(parts: Parts, api: httpx.Client) -> None:
    pod = await real_pod(parts, api)
    keys = {"metadata": {"name": f"{NAME}-keys"}, "stringData": {"admin-token": "secret-token"}}
    post(api, "Secret", parts.namespace, keys)
    gathered = parts.gather()
    purges = (Purge(pod.uid, pod.name, "127.0.0.1", "1"),)
    await parts.execute(Plan(status=gathered.observed.status, purges=purges), port=1)
    await until(lambda: not parts.purger.pending)
    answer = parts.gather().observed.purged[pod.uid]
    assert not answer.is_done
    assert "Cannot connect" in (answer.failure or "")
