"""A measurer of real pods, whose intervals end when a test says so."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp

from modelyard_operator.analysis.measure import Measure
from modelyard_operator.analysis.measurer import Measurer
from modelyard_operator.analysis.sources.pods import Pods
from modelyard_operator.analysis.sources.prometheus import PrometheusApi
from modelyard_operator.analysis.sources.webhooks import Webhooks
from modelyard_operator.analysis.verdict import Analysis
from modelyard_operator.analysis.window import PodRef
from modelyard_operator.kube.objects import Key
from tests.operator.analysis.cases import NEW, OLD, spec
from tests.operator.analysis.pods import NAME, NAMESPACE, FakePod, ref, running
from tests.operator.analysis.secrets import Vault

KEY = Key(NAMESPACE, NAME)
SINCE = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class Memory:
    analysis: Analysis | None = None


@dataclass
class Bench:
    """A measurer, and the queue that it adds to. Intervals end when the test says so."""

    session: aiohttp.ClientSession
    port: int
    memory: Memory = field(default_factory=Memory)
    changed: "asyncio.Queue[Key]" = field(default_factory=asyncio.Queue)
    turns: "asyncio.Queue[float]" = field(default_factory=asyncio.Queue)
    sleeping: "asyncio.Queue[float]" = field(default_factory=asyncio.Queue)
    skipped: float = 0.0
    jumped: float = 0.0
    """Of the wall clock alone."""
    measurer: Measurer = field(init=False)

    def __post_init__(self) -> None:
        credentials = Vault().credentials()
        self.measurer = Measurer(
            Pods(self.session, port=self.port),
            PrometheusApi(self.session, credentials, port=self.port),
            Webhooks(self.session, credentials),
            self.changed.put_nowait,
            clock=lambda: time.monotonic() + self.skipped,
            now=lambda: datetime.now(UTC) + timedelta(seconds=self.skipped + self.jumped),
            sleep=self._sleep,
        )

    async def _sleep(self, length: float) -> None:
        self.sleeping.put_nowait(length)
        self.skipped += await self.turns.get()

    async def ready(self) -> float:
        """The next look is due in so many seconds: all before it is done."""
        async with asyncio.timeout(10):
            return await self.sleeping.get()

    async def interval(self, *, renew: Measure | None = None) -> Analysis:
        """Time passes until the next verdict; it is asleep before."""
        if renew is not None:
            self.measurer.measure(KEY, self.memory, renew)
        length = await self.ready()
        while True:
            self.turns.put_nowait(length)
            done = asyncio.create_task(self.changed.get())
            asleep = asyncio.create_task(self.sleeping.get())
            await asyncio.wait({done, asleep}, return_when=asyncio.FIRST_COMPLETED, timeout=10)
            if done.done():
                if asleep.done():
                    self.sleeping.put_nowait(asleep.result())
                asleep.cancel()
                assert done.result() == KEY
                assert self.memory.analysis is not None
                return self.memory.analysis
            done.cancel()
            length = asleep.result()


@asynccontextmanager
async def bench(*refs: PodRef) -> AsyncIterator[tuple[Bench, list[FakePod]]]:
    async with running(*refs) as (pods, port), aiohttp.ClientSession() as session:
        made = Bench(session, port)
        try:
            yield made, pods
        finally:
            await made.measurer.close()


def measure(*refs: PodRef, **more: Any) -> Measure:
    more.setdefault("spec", spec(minRequests=20, maxErrorRate=0.01))
    return Measure(NEW, more.pop("stable", OLD), refs, more.pop("since", SINCE), **more)


BOTH = (ref(21), ref(22, OLD))
