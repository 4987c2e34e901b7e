"""Pods are told their part in a comparison beside whether they serve, and no more often."""

from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
import pytest_asyncio
from aiohttp import web

from modelyard_operator.kube.objects import Pod
from modelyard_operator.reconcile.model import Plan, Tell
from modelyard_operator.reconcile.part import Forward, Part, Role
from tests.integration.parts import NAME, Parts, until
from tests.integration.resources import post
from tests.integration.test_tell import real_pod

pytestmark = pytest.mark.integration

PART = Part(Role.STABLE, "r1", "r2", Forward("http://m-r2.ns.svc:80", 25))
BODY = {
    "role": "stable",
    "pair": "r1-r2",
    "sampling": 1.0,
    "forward": {"url": "http://m-r2.ns.svc:80", "percent": 25},
}
NONE = {"role": None}


@dataclass
class Server:
    """A pod's admin routes."""

    status: int = 200
    port: int = 0
    parts: list[Any] = field(default_factory=list)

    async def serving(self, request: web.Request) -> web.Response:
        return web.json_response({"ready": True})

    async def part(self, request: web.Request) -> web.Response:
        self.parts.append(await request.json())
        return web.json_response(self.parts[-1], status=self.status)


@pytest_asyncio.fixture
async def server() -> Any:
    server = Server()
    app = web.Application()
    app.router.add_put("/admin/serving", server.serving)
    app.router.add_put("/admin/shadow", server.part)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    server.port = runner.addresses[0][1]
    yield server
    await runner.cleanup()


async def keyed_pod(parts: Parts, api: httpx.Client) -> Pod:
    keys = {"metadata": {"name": f"{NAME}-keys"}, "stringData": {"admin-token": "secret-token"}}
    post(api, "Secret", parts.namespace, keys)
    return await real_pod(parts, api)


async def tell(parts: Parts, server: Server, pod: Pod, part: Part | None) -> None:
    gathered = parts.gather()
    tells = (Tell(pod.uid, "127.0.0.1", True, part),)
    executor = parts.executor(server.port)
    await executor.execute(gathered, Plan(status=gathered.observed.status, tells=tells))
    await until(lambda: not parts.teller.pending)


async def test_a_pod_hears_its_part_once(parts: Parts, api: httpx.Client, server: Server) -> None:
    pod = await keyed_pod(parts, api)
    await tell(parts, server, pod, None)
    # Nobody knows what an operator before this one told it.
    assert server.parts == [NONE]
    for _ in range(2):
        await tell(parts, server, pod, PART)
    assert server.parts == [NONE, BODY]
    for _ in range(2):
        await tell(parts, server, pod, None)
    assert server.parts == [NONE, BODY, NONE]
    assert parts.gather().memory.told[pod.uid].part is None


async def test_a_server_that_knows_no_parts_has_none(parts: Parts, api: httpx.Client, server: Server) -> None:
    server.status = 404
    pod = await keyed_pod(parts, api)
    await tell(parts, server, pod, None)
    assert pod.uid in parts.gather().memory.told
    await tell(parts, server, pod, PART)
    assert parts.gather().memory.told[pod.uid].part is None
    assert parts.gather().memory.unheard[pod.uid].told.part == PART


async def test_a_server_that_fails_is_told_again(parts: Parts, api: httpx.Client, server: Server) -> None:
    server.status = 503
    pod = await keyed_pod(parts, api)
    await tell(parts, server, pod, None)
    assert pod.uid not in parts.gather().memory.told
    assert parts.gather().memory.unheard[pod.uid].failures == 1
