"""Is the operator alive, is it ready: judged, and answered over HTTP."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

from aiohttp import web
from prometheus_client import REGISTRY, Metric, disable_created_metrics
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector

from modelyard_operator.handlers.kopf_watch import KopfWatch
from modelyard_operator.kube.caches import Caches
from modelyard_operator.kube.objects import Key
from modelyard_operator.kube.queue import WorkQueue

WATCH_SECONDS = 180.0
"""A watch that neither heard nor tried anything for so long hangs."""
WORK_SECONDS = 120.0
"""A resource that is in work for so long hangs."""
WAIT_SECONDS = 600.0
"""A leader whose queue keeps a resource waiting for so long does not move."""


@dataclass(frozen=True, slots=True)
class Health:
    """Judges the parts of one operator."""

    caches: Caches
    watch: KopfWatch
    queue: WorkQueue[Key]
    leading: Callable[[], bool]

    def troubles(self) -> list[str]:
        """Why a restart would help; empty: alive.

        An API server that refuses or is away is no such reason: informers that keep trying are alive.
        """
        found = [
            f"the watch of {informer.kind.plural} has been silent for {informer.idle_for:.0f} s"
            for informer in self.caches.informers
            if informer.idle_for > WATCH_SECONDS + informer.planned_silence
        ]
        if self.watch.silent_for > WATCH_SECONDS + 60:
            found.append(f"kopf has been silent for {self.watch.silent_for:.0f} s")
        if self.queue.longest_running > WORK_SECONDS:
            found.append(f"a resource has been in work for {self.queue.longest_running:.0f} s")
        if self.leading() and self.queue.longest_waiting > WAIT_SECONDS:
            found.append(f"a resource has been waiting for {self.queue.longest_waiting:.0f} s")
        return found

    def unready(self) -> list[str]:
        """What is still missing; empty: ready. Standbys are ready too: their caches are warm."""
        return [
            f"{informer.kind.plural} were not listed yet"
            for informer in self.caches.informers
            if not informer.synced.is_set()
        ]


def _probe(found: Callable[[], list[str]]) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def answer(_: web.Request) -> web.Response:
        words = found()
        return web.json_response({"ok": not words, "because": words}, status=503 if words else 200)

    return answer


class _Collected(Collector):
    """Metrics as they were at one moment."""

    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = tuple(families)

    def collect(self) -> Iterable[Metric]:
        return self._families


async def _metrics(_: web.Request) -> web.Response:
    # What metrics tell of belongs to the event loop; their text, long with many resources, is made beside it.
    text = await asyncio.to_thread(generate_latest, _Collected(REGISTRY.collect()))
    return web.Response(body=text, headers={"Content-Type": CONTENT_TYPE_LATEST})


async def serve_health(health: Health, port: int) -> web.AppRunner:
    """Serve /healthz and /readyz; the caller cleans the runner up.

    Raises:
        OSError: the port is taken.
    """
    app = web.Application()
    app.router.add_get("/healthz", _probe(health.troubles))
    app.router.add_get("/readyz", _probe(health.unready))
    return await _serve(app, port)


async def serve_metrics(port: int) -> web.AppRunner:
    """Serve /metrics; the caller cleans the runner up.

    Raises:
        OSError: the port is taken.
    """
    disable_created_metrics()  # type: ignore[no-untyped-call]  # the library leaves it untyped
    app = web.Application()
    app.router.add_get("/metrics", _metrics)
    return await _serve(app, port)


async def _serve(app: web.Application, port: int) -> web.AppRunner:
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, port=port).start()
    return runner
