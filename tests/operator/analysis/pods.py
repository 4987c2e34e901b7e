"""Pods with the real server's metrics, each at an address of its own on this machine."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from prometheus_client import generate_latest

from modelyard_operator.analysis.window import PodRef
from modelyard_server.metrics import Metrics
from modelyard_server.shadow.compare import Difference
from modelyard_server.shadow.counts import Counts
from modelyard_server.shadow.part import Role
from tests.operator.analysis.cases import NEW, OLD

NAME, NAMESPACE = "sentiment", "shop"
PAIR = f"{OLD}-{NEW}"


@dataclass
class FakePod:
    """The metrics of a server, without the server."""

    ref: PodRef
    metrics: Metrics = field(init=False)
    shadow: Counts = field(init=False)
    status: int = 200
    hangs: bool = False
    asked: int = 0
    served: int = 0

    def __post_init__(self) -> None:
        self.metrics = Metrics(NAME, self.ref.revision)
        self.shadow = Counts(self.metrics.registry, self.metrics.identity)
        self.shadow.begin(PAIR)

    def serve(self, requests: int, seconds: float = 0.03, code: int = 200, cached: bool = False) -> None:
        self.served += requests
        for _ in range(requests):
            self.metrics.answered("/predict", code, seconds, 1, int(cached))

    def compare(self, same: int, different: int = 0, against: Role = Role.CANDIDATE) -> None:
        differences = [Difference(disagreed=n < different, shifts={}) for n in range(same + different)]
        self.shadow.compared(against, differences)

    async def answer(self, _: web.Request) -> web.Response:
        self.asked += 1
        if self.hangs:
            await asyncio.Event().wait()
        return web.Response(body=generate_latest(self.metrics.registry), status=self.status)


def ref(number: int, revision: str = NEW) -> PodRef:
    return PodRef(f"uid-{number}", f"pod-{number}", f"127.0.1.{number}", revision)


@asynccontextmanager
async def running(*refs: PodRef) -> AsyncIterator[tuple[list[FakePod], int]]:
    """Pods, and the one port that all of them have."""
    pods, runners, port = [FakePod(each) for each in refs], [], 0
    try:
        for pod in pods:
            runner, port = await served({"/metrics": ("GET", pod.answer)}, pod.ref.ip, port)
            runners.append(runner)
        yield pods, port
    finally:
        for runner in runners:
            await runner.cleanup()


async def served(
    routes: dict[str, tuple[str, Callable[[web.Request], Any]]],
    host: str = "127.0.0.1",
    port: int = 0,
    **site: Any,
) -> tuple[web.AppRunner, int]:
    app = web.Application()
    for path, (method, handler) in routes.items():
        app.router.add_route(method, path, handler)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, host, port, **site).start()
    return runner, runner.addresses[0][1]
