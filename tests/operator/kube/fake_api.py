"""An API server that misbehaves on demand: what a real one cannot be made to do."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import aiohttp
import orjson
from aiohttp import web

from modelyard_operator.kube.client import Access, Client
from tests.operator.kube.objects import Raw

Answer = Callable[[web.Request], "Any"]


class FakeApi:
    """Answers lists and watches from two scripts, in order; the last of each is repeated."""

    def __init__(self) -> None:
        self.lists: deque[tuple[int, Any]] = deque()
        self.watches: deque[tuple[int, list[Any]]] = deque()
        self.requests: list[dict[str, str]] = []
        self.watching = asyncio.Event()
        """A watch has sent all that its script has, and is held open."""

    def list(self, *items: Raw, version: int, more: str = "") -> None:
        """Script a list (or a page of one)."""
        metadata = {"resourceVersion": str(version), "continue": more}
        self.lists.append((200, {"metadata": metadata, "items": list(items)}))

    def refuse_list(self, status: int, reason: str) -> None:
        self.lists.append((status, status_of(status, reason)))

    def watch(self, *events: Any) -> None:
        """Script a watch: its events, then `END` closes it; else it stays open."""
        self.watches.append((200, list(events)))

    def refuse_watch(self, status: int, reason: str) -> None:
        self.watches.append((status, [status_of(status, reason)]))

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(dict(request.query))
        if "watch" not in request.query:
            status, body = self.lists.popleft() if len(self.lists) > 1 else self.lists[0]
            return web.json_response(body, status=status)
        status, events = self.watches.popleft() if self.watches else (200, [])
        if status != 200:
            return web.json_response(events[0], status=status)
        response = web.StreamResponse()
        await response.prepare(request)
        for event in events:
            if event is END:
                return response
            await response.write(orjson.dumps(event) + b"\n")
        self.watching.set()
        await asyncio.Event().wait()
        return response


END = object()


def status_of(status: int, reason: str) -> dict[str, Any]:
    return {"kind": "Status", "code": status, "reason": reason, "message": f"{reason} it is"}


def event(kind: str, raw: Raw) -> dict[str, Any]:
    return {"type": kind, "object": raw}


@asynccontextmanager
async def connect(api: FakeApi) -> AsyncIterator[Client]:
    """The API server on a free port, and a client of it."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", api.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    configuration = SimpleNamespace(host=f"http://127.0.0.1:{port}", auth_settings=_nobody)
    try:
        async with aiohttp.ClientSession() as session:
            yield Client(Access(configuration), session)
    finally:
        await runner.cleanup()


async def _nobody() -> dict[str, Any]:
    return {}
