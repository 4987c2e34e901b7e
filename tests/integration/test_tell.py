"""Pods are told, once, with the admin token, until they heard."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
import pytest_asyncio
from aiohttp import web

from modelyard_operator.kube.objects import Pod
from modelyard_operator.reconcile.model import Plan, Readiness, Tell
from tests.integration.parts import NAME, Parts, until
from tests.integration.resources import post, set_status

pytestmark = pytest.mark.integration


@dataclass
class Server:
    """A pod's admin route."""

    status: int = 200
    heard: list[tuple[str, Any]] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.Response:
        self.heard.append((request.headers["Authorization"], await request.json()))
        return web.json_response({"ready": True, "loadSeconds": 1.5, "warmSeconds": 0.25}, status=self.status)


@pytest_asyncio.fixture
async def server() -> AsyncIterator[tuple[Server, int]]:
    server = Server()
    app = web.Application()
    app.router.add_put("/admin/serving", server.answer)
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
    assert parts.gather().observed.readiness == {pod.uid: Readiness(1.5, 0.25)}
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
