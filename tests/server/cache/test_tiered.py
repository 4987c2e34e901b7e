from collections.abc import Mapping, Sequence
from typing import Any

from modelyard_server.cache.memory import MemoryCache
from modelyard_server.cache.redis import RedisCache
from modelyard_server.cache.tiered import TieredCache
from modelyard_server.tasks.base import Answer


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


class Lookups:
    def __init__(self) -> None:
        self.seen: list[tuple[str, int, int]] = []

    def looked_up(self, level: str, hits: int, misses: int) -> None:
        self.seen.append((level, hits, misses))

    def stage(self, stage: str, seconds: float) -> None:
        assert stage == "cache"
        assert seconds >= 0

    def exchanged(self, sent: int, received: int) -> None:
        raise AssertionError(sent, received)

    def failed(self, operation: str) -> None:
        raise AssertionError(operation)

    def breaker(self, is_open: bool) -> None:
        raise AssertionError(is_open)


class Shelf(RedisCache):
    """What another pod wrote."""

    def __init__(self, entries: Mapping[bytes, tuple[Answer, float]]) -> None:
        self.entries = dict(entries)

    async def get(self, keys: Sequence[bytes]) -> list[Any]:
        return [self.entries.get(key) for key in keys]

    async def put(self, entries: Mapping[bytes, tuple[Answer, float]]) -> None:
        self.entries |= entries


def tiered(shelf: Shelf, clock: Clock, lookups: Lookups) -> TieredCache:
    return TieredCache(MemoryCache(10_000, clock), shelf, ttl=60, clock=clock, metrics=lookups)


async def test_the_first_level_keeps_nothing_longer_than_redis() -> None:
    clock, lookups = Clock(), Lookups()
    cache = tiered(Shelf({b"k": (Answer(b"a"), 1010.0)}), clock, lookups)

    assert cache.get_local([b"k"]) == [None]
    assert await cache.get_remote([b"k"]) == [Answer(b"a")]
    clock.now = 1009.0
    assert cache.get_local([b"k"]) == [Answer(b"a")]
    clock.now = 1010.0
    assert cache.get_local([b"k"]) == [None]
    assert lookups.seen == [("memory", 0, 1), ("redis", 1, 0), ("memory", 1, 0), ("memory", 0, 1)]


async def test_a_shorter_time_to_live_holds_for_entries_from_before() -> None:
    clock = Clock()
    cache = tiered(Shelf({b"k": (Answer(b"a"), 9999.0)}), clock, Lookups())
    await cache.get_remote([b"k"])
    clock.now = 1060.0

    assert cache.get_local([b"k"]) == [None]


async def test_an_entry_past_its_time_is_a_miss() -> None:
    """A pod whose clock is ahead would otherwise take what it must not keep."""
    cache = tiered(Shelf({b"k": (Answer(b"a"), 999.0)}), Clock(), Lookups())

    assert await cache.get_remote([b"k"]) == [None]


async def test_what_is_put_is_in_both_levels_at_the_end() -> None:
    shelf = Shelf({})
    cache = tiered(shelf, Clock(), Lookups())
    cache.put({b"k": Answer(b"a", truncated=True)})

    assert cache.get_local([b"k"]) == [Answer(b"a", truncated=True)]
    for task in list(cache._writes):
        await task
    assert shelf.entries == {b"k": (Answer(b"a", truncated=True), 1060.0)}
