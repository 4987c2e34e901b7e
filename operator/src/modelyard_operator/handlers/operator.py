"""One operator process: its parts, their start and their end."""

import asyncio
import gc
import os
import secrets
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from random import Random, SystemRandom
from typing import Any

import aiohttp
import structlog
from prometheus_client import REGISTRY

from modelyard_operator.analysis.measurer import Measurer
from modelyard_operator.analysis.sources.address import guarded_session
from modelyard_operator.analysis.sources.credentials import Credentials
from modelyard_operator.analysis.sources.pods import Pods
from modelyard_operator.analysis.sources.prometheus import PrometheusApi
from modelyard_operator.analysis.sources.webhooks import Webhooks
from modelyard_operator.approval.reader import GuardReader
from modelyard_operator.handlers.deployment_metrics import DeploymentCollector
from modelyard_operator.handlers.health import Health, serve_health, serve_metrics
from modelyard_operator.handlers.kopf_watch import KopfWatch
from modelyard_operator.handlers.metrics import ResourceCollector
from modelyard_operator.handlers.reconciler import Reconciler
from modelyard_operator.handlers.settings import Settings
from modelyard_operator.kube.caches import Caches
from modelyard_operator.kube.client import Access, Client
from modelyard_operator.kube.informer import Timing
from modelyard_operator.kube.lease import Lease
from modelyard_operator.kube.objects import Child, Key, Resource
from modelyard_operator.kube.queue import WorkQueue
from modelyard_operator.kube.writer import Writer
from modelyard_operator.notify.notifier import Notifier
from modelyard_operator.reconcile.admin import Admin
from modelyard_operator.reconcile.execute import Executor
from modelyard_operator.reconcile.model import Event
from modelyard_operator.reconcile.plan import plan
from modelyard_operator.reconcile.purger import Purger
from modelyard_operator.reconcile.recorder import Recorder
from modelyard_operator.reconcile.secrets import Secrets
from modelyard_operator.reconcile.tell import Teller
from modelyard_operator.resources.catalog import KINDS

log = structlog.get_logger(__name__)

EXIT_LOST = 75
"""The process ends with this when it loses the Lease: its successor may be at work already."""
GRACE_SECONDS = 20.0
"""How long a pass may go on after SIGTERM."""
COLLECT_AFTER = 20_000
"""Objects that are made before those in cycles are looked for. A pass makes thousands, and counting
references frees nearly all: at the default of 700, the looking takes a tenth of the time of each plan."""


def identity() -> str:
    """Of this process among all candidates: the pod's name and a random part."""
    return f"{socket.gethostname()}_{secrets.token_hex(4)}"


def die(reason: str) -> None:
    """End the process at once, from any thread: no write of ours may follow a lost Lease."""
    log.error("the lease was lost; this process ends", reason=reason)
    sys.stdout.flush()
    os._exit(EXIT_LOST)


class Operator:
    """The parts of one operator, wired."""

    def __init__(
        self,
        settings: Settings,
        access: Access,
        client: Client,
        pods: aiohttp.ClientSession,
        outside: aiohttp.ClientSession,
        *,
        random: Random | None = None,
        lost: Callable[[str], None] = die,
    ) -> None:
        """Wire them; nothing runs yet.

        Args:
            settings: of this process.
            access: where the API server is.
            client: the connection for all but the Lease and kopf.
            pods: a session for requests to pods.
            outside: one for requests to addresses that users name.
            random: jitter.
            lost: what to do when the Lease is lost.
        """
        clock, random = time.monotonic, random or SystemRandom()
        self._settings = settings
        self._identity = identity()
        self.queue: WorkQueue[Key] = WorkQueue(random, clock)
        kinds = {kind.kind: kind for kind in KINDS}
        self.caches = Caches(
            client,
            KINDS,
            namespaces=settings.watch_namespaces,
            changed=self.queue.add,
            clock=clock,
            random=random,
            # How late a CRD that was put back is noticed.
            own_timing=Timing(last_retry=3.0),
        )
        self.watch = KopfWatch(access, settings.watch_namespaces, self.caches.own, clock=clock)
        writer = Writer(client, kinds, self.caches.children, self.caches.resources)
        admin = Admin(writer, pods, clock=clock)
        self._teller = Teller(admin, self.queue, random=random)
        self._purger = Purger(admin, self.queue, clock=clock, random=random)
        credentials = Credentials(writer, clock=clock)
        self._measurer = Measurer(
            Pods(pods),
            PrometheusApi(outside, credentials),
            Webhooks(outside, credentials),
            self.queue.add,
            clock=clock,
            now=_now,
        )
        recorder = self._recorder = Recorder(
            writer, self._identity, clock=clock, now=_now, pressed=lambda: self.queue.is_late
        )

        async def untold(resource: Resource, words: str) -> None:
            recorder.record(resource, Event("NotificationFailed", words, warning=True))

        self._notifier = Notifier(writer, outside, untold, now=_now, random=random)
        executor = Executor(
            writer,
            kinds,
            recorder,
            Secrets(writer, clock=clock, token_hex=secrets.token_hex),
            self._teller,
            purger=self._purger,
            measurer=self._measurer,
            notifier=self._notifier,
            clock=clock,
            random=random,
        )
        self._guards = GuardReader(client, self.queue, clock=clock)
        self._reconciler = Reconciler(
            self.queue,
            self.caches,
            executor,
            settings.defaults,
            plan,
            guards=self._guards,
            clock=clock,
            now=_now,
        )
        self._loop = asyncio.get_running_loop()
        self._leading = asyncio.Event()
        self._lease = Lease(
            access,
            settings.defaults.operator_namespace,
            settings.lease_name,
            self._identity,
            acquired=self._acquired,
            lost=lost,
            clock=clock,
        )
        self.health = Health(self.caches, self.watch, self.queue, self._leading.is_set)

    async def run(self, stop: asyncio.Event) -> None:
        """Watch and, while leading, work; until `stop` is set.

        Raises:
            OSError: a port is taken.
        """
        collectors = (
            ResourceCollector(self._resources),
            DeploymentCollector(self._resources, self._children),
        )
        async with AsyncExitStack() as stack:
            for runner in (
                await serve_health(self.health, self._settings.health_port),
                await serve_metrics(self._settings.metrics_port),
            ):
                stack.push_async_callback(runner.cleanup)
            for collector in collectors:
                REGISTRY.register(collector)
                stack.callback(REGISTRY.unregister, collector)
            watching = [
                asyncio.create_task(self.caches.run(), name="informers"),
                asyncio.create_task(self.watch.run(), name="kopf"),
            ]
            stack.push_async_callback(_cancel, watching)
            working = asyncio.create_task(self._work(), name="work")
            stopping = asyncio.create_task(stop.wait(), name="stop")
            if self._settings.leader_election:
                self._lease.start()
            else:
                self._leading.set()
            done, _ = await asyncio.wait({*watching, working, stopping}, return_when=asyncio.FIRST_COMPLETED)
            log.info("ending", because=[task.get_name() for task in done])
            self._reconciler.stop()
            if self._leading.is_set() and self.caches.ready:
                await asyncio.wait({working}, timeout=GRACE_SECONDS)
            await _cancel([working, stopping])
            await self._teller.close()
            await self._purger.close()
            await self._measurer.close()
            await self._guards.close()
            await self._notifier.close()
            await self._recorder.close()
            # Only now that nothing of ours is written any more may the next one begin.
            await asyncio.to_thread(self._lease.stop)
            for task in done:
                task.result()

    def _resources(self) -> list[Resource]:
        found = self.caches.resources
        return [resource for owner in found.owners() for resource in found.of(owner).values()]

    def _children(self, resource: Resource) -> list[Child]:
        stores = self.caches.children.values()
        return [each for store in stores for each in store.of(resource.key).values()]

    def _acquired(self) -> None:
        self._loop.call_soon_threadsafe(self._leading.set)

    async def _work(self) -> None:
        await self.caches.synced()
        log.info("caches are synced", unavailable=sorted(self.caches.unavailable()))
        await self._leading.wait()
        await self._reconciler.run(self._settings.workers)


async def run_operator(settings: Settings, access: Access) -> None:
    """One operator in this process, until SIGTERM or SIGINT."""
    gc.set_threshold(COLLECT_AFTER)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    log.info(
        "starting",
        server=access.server,
        namespaces=settings.watch_namespaces or "all",
        server_image=settings.defaults.server_image,
    )
    async with (
        Client.connect(access) as client,
        aiohttp.ClientSession() as pods,
        guarded_session() as outside,
    ):
        await Operator(settings, access, client, pods, outside).run(stop)


def _now() -> datetime:
    return datetime.now(UTC)


async def _cancel(tasks: Iterable["asyncio.Task[Any]"]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
