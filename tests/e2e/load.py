"""A bounded load on one URL, from long-lived keep-alive clients and from new connections."""

import asyncio
import itertools
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx

LIMIT = 40_000
"""Requests that one load sends at the most, unless a test says otherwise."""


@dataclass
class Load:
    """What a load saw."""

    ok: int = 0
    failures: list[str] = field(default_factory=list)
    revisions: Counter[str] = field(default_factory=Counter)

    @property
    def sent(self) -> int:
        return self.ok + len(self.failures)


@asynccontextmanager
async def load(
    url: str,
    *,
    keep_alive: int = 4,
    fresh: int = 2,
    pause: float = 0.02,
    limit: int = LIMIT,
    headers: Mapping[str, str] | None = None,
) -> AsyncIterator[Load]:
    """Send `POST /predict` from `keep_alive` clients with one connection each, and from `fresh` ones that
    connect anew every time, `pause` seconds apart, until the context ends or `limit` requests were sent."""
    seen = Load()
    stop = asyncio.Event()
    numbers = itertools.count()

    async def send(client: httpx.AsyncClient) -> None:
        n = next(numbers)
        try:
            answer = await client.post(f"{url}/predict", json={"text": [f"text number {n}"]})
        except httpx.HTTPError as error:
            seen.failures.append(repr(error))
            return
        if answer.status_code == 200 and len(answer.json()["predictions"]) == 1:
            seen.ok += 1
            seen.revisions[answer.headers["x-modelyard-revision"]] += 1
        else:
            seen.failures.append(f"{answer.status_code} {answer.text[:200]}")

    async def keep() -> None:
        limits = httpx.Limits(max_connections=1, max_keepalive_connections=1, keepalive_expiry=600)
        async with httpx.AsyncClient(timeout=30, limits=limits, headers=headers) as client:
            while not stop.is_set() and seen.sent < limit:
                await send(client)
                await asyncio.sleep(pause)

    async def connect() -> None:
        while not stop.is_set() and seen.sent < limit:
            async with httpx.AsyncClient(timeout=30, headers=headers) as client:
                await send(client)
            await asyncio.sleep(pause * 4)

    async with asyncio.TaskGroup() as group:
        for _ in range(keep_alive):
            group.create_task(keep())
        for _ in range(fresh):
            group.create_task(connect())
        try:
            yield seen
        finally:
            stop.set()
