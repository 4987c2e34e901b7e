"""An operator's parts in this process, against the real API server, without the loops that drive them."""

import asyncio
import random
import secrets
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import aiohttp
import httpx
import pytest_asyncio

from modelyard_operator.analysis.measurer import Measurer
from modelyard_operator.analysis.sources.credentials import Credentials
from modelyard_operator.analysis.sources.pods import Pods
from modelyard_operator.analysis.sources.prometheus import PrometheusApi
from modelyard_operator.analysis.sources.webhooks import Webhooks
from modelyard_operator.kube.caches import Caches
from modelyard_operator.kube.client import Client, find_access
from modelyard_operator.kube.objects import Child, Key, Resource
from modelyard_operator.kube.queue import WorkQueue
from modelyard_operator.kube.writer import Writer
from modelyard_operator.notify.notifier import Notifier
from modelyard_operator.reconcile.admin import Admin
from modelyard_operator.reconcile.execute import Executor, Outcome
from modelyard_operator.reconcile.gather import Gathered, gather
from modelyard_operator.reconcile.memory import Memories
from modelyard_operator.reconcile.model import Plan
from modelyard_operator.reconcile.purger import Purger
from modelyard_operator.reconcile.recorder import Recorder
from modelyard_operator.reconcile.secrets import Secrets
from modelyard_operator.reconcile.tell import Teller
from modelyard_operator.resources.catalog import KINDS
from modelyard_operator.resources.context import Defaults
from tests.control_plane import ControlPlane
from tests.integration.resources import apply

NAME = "sentiment"
Raw = dict[str, Any]


@dataclass
class Parts:
    """An operator's parts without its loops; `clock` is moved by hand."""

    namespace: str
    caches: Caches
    writer: Writer
    queue: WorkQueue[Key]
    memories: Memories
    session: aiohttp.ClientSession
    now: float = 1000.0

    purger: Purger = field(init=False)
    measurer: Measurer = field(init=False)
    teller: Teller = field(init=False)
    """Of the executor that was made last."""

    def clock(self) -> float:
        return self.now

    def gather(self) -> Gathered:
        defaults = Defaults("server:1", "cache:1", "modelyard-system")
        gathered = gather(Key(self.namespace, NAME), self.caches, self.memories, defaults)
        assert gathered is not None
        return gathered

    def child(self, kind: str, name: str) -> Child | None:
        return self.caches.children[kind].of(Key(self.namespace, NAME)).get(name)

    def config_map(self, name: str = "one", owner: str | None = None, **data: str) -> Raw:
        uid = owner or self.gather().resource.uid
        reference = {"apiVersion": "modelyard.dev/v1alpha1", "kind": "ModelDeployment", "name": NAME}
        metadata = {
            "name": name,
            "labels": {"modelyard.dev/deployment": NAME},
            "ownerReferences": [reference | {"uid": uid, "controller": True}],
        }
        return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}

    async def execute(self, plan: Plan, port: int = 1) -> Outcome:
        return await self.executor(port).execute(self.gather(), plan)

    def executor(self, port: int = 1) -> Executor:
        self.recorder = Recorder(self.writer, "test", clock=self.clock, now=lambda: datetime.now(UTC))
        keys = Secrets(self.writer, clock=self.clock, token_hex=secrets.token_hex)
        jitter = random.Random(1)
        admin = Admin(self.writer, self.session, clock=self.clock, port=port)
        self.teller = Teller(admin, self.queue, random=jitter)
        self.purger = Purger(admin, self.queue, clock=self.clock, random=jitter)
        credentials = Credentials(self.writer, clock=self.clock)
        self.measurer = Measurer(
            Pods(self.session, port=port),
            PrometheusApi(self.session, credentials, port=port),
            Webhooks(self.session, credentials),
            self.queue.add,
            clock=self.clock,
            now=lambda: datetime.now(UTC),
        )
        self.failures: list[str] = []

        async def untold(_: Resource, words: str) -> None:
            self.failures.append(words)

        self.notifier = Notifier(
            self.writer, self.session, untold, now=lambda: datetime.now(UTC), random=jitter
        )
        kinds = {kind.kind: kind for kind in KINDS}
        return Executor(
            self.writer,
            kinds,
            self.recorder,
            keys,
            self.teller,
            purger=self.purger,
            measurer=self.measurer,
            notifier=self.notifier,
            clock=self.clock,
            random=jitter,
        )


@pytest_asyncio.fixture
async def parts(api: httpx.Client, api_server: ControlPlane, namespace: str) -> AsyncIterator[Parts]:
    apply(api, namespace, NAME)
    access = await find_access({"KUBECONFIG": str(api_server.kubeconfig())})
    async with Client.connect(access) as client, aiohttp.ClientSession() as session:
        queue: WorkQueue[Key] = WorkQueue(random.Random(1), time.monotonic)
        caches = Caches(
            client,
            KINDS,
            namespaces=(namespace,),
            changed=queue.add,
            clock=time.monotonic,
            random=random.Random(1),
        )
        watching = asyncio.create_task(caches.run())
        await caches.synced()
        kinds = {kind.kind: kind for kind in KINDS}
        writer = Writer(client, kinds, caches.children, caches.resources)
        yield Parts(namespace, caches, writer, queue, Memories(), session)
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)


async def until(condition: Callable[[], Any]) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - the caches tell only the queue
            await asyncio.sleep(0.01)
