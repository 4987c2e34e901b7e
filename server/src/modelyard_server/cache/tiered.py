"""Memory in front of Redis."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence

from modelyard_server.cache.base import CacheMetrics, CacheUnreachableError
from modelyard_server.cache.memory import MemoryCache
from modelyard_server.cache.redis import RedisCache
from modelyard_server.tasks.base import Answer

# Writes that may be under way; with Redis slow, further ones are dropped rather than piled up.
_MAX_WRITES = 64


class TieredCache:
    """The cache of the data plane; see `cache.base.Cache`.

    Args:
        memory: The first level.
        redis: The second; None: there is none.
        ttl: Seconds that an answer is kept.
        clock: Seconds since the epoch.
        metrics: Hears of hits and misses, and how long Redis took.
    """

    def __init__(
        self,
        memory: MemoryCache,
        redis: RedisCache | None,
        *,
        ttl: int,
        clock: Callable[[], float],
        metrics: CacheMetrics,
    ) -> None:
        self._memory = memory
        self._redis = redis
        self._ttl = ttl
        self._clock = clock
        self._metrics = metrics
        self._writes: set[asyncio.Task[None]] = set()

    def get_local(self, keys: Sequence[bytes]) -> list[Answer | None]:
        """Look up the first level."""
        get = self._memory.get
        found = [get(key) for key in keys]
        misses = found.count(None)
        self._metrics.looked_up("memory", len(found) - misses, misses)
        return found

    async def get_remote(self, keys: Sequence[bytes]) -> list[Answer | None]:
        """Look up the second level, and keep what it had in the first."""
        if self._redis is None or not keys:
            return [None] * len(keys)
        began = time.perf_counter()
        entries = await self._redis.get(keys)
        self._metrics.stage("cache", time.perf_counter() - began)
        now = self._clock()
        found: list[Answer | None] = []
        for key, entry in zip(keys, entries, strict=True):
            if entry is None or entry[1] <= now:
                found.append(None)
                continue
            # A pod with another clock, or a longer TTL from before a change, does not stretch ours.
            self._memory.put(key, entry[0], min(entry[1], now + self._ttl))
            found.append(entry[0])
        misses = found.count(None)
        self._metrics.looked_up("redis", len(found) - misses, misses)
        return found

    def put(self, answers: Mapping[bytes, Answer]) -> None:
        """Keep answers in both levels; the second is written after the call."""
        expires = self._clock() + self._ttl
        for key, answer in answers.items():
            self._memory.put(key, answer, expires)
        if self._redis is None:
            return
        if len(self._writes) >= _MAX_WRITES:
            self._metrics.failed("dropped")
            return
        entries = {key: (answer, expires) for key, answer in answers.items()}
        task = asyncio.get_running_loop().create_task(self._redis.put(entries))
        self._writes.add(task)
        task.add_done_callback(self._writes.discard)

    async def swap(self, name: bytes, value: bytes, seconds: int) -> bytes | None:
        """See `Cache.swap`."""
        if self._redis is None:
            raise CacheUnreachableError("there is no Redis that pods share")
        return await self._redis.swap(name, value, seconds)

    async def purge(self) -> None:
        """See `Cache.purge`."""
        # A write that is under way would bring back what is being forgotten.
        await asyncio.gather(*self._writes, return_exceptions=True)
        self._memory.clear()
        if self._redis is not None:
            await self._redis.purge()

    async def close(self) -> None:
        """Give up pending writes and close the connections."""
        for task in list(self._writes):
            task.cancel()
        await asyncio.gather(*self._writes, return_exceptions=True)
        if self._redis is not None:
            await self._redis.close()
