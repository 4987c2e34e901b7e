import tracemalloc
from collections import OrderedDict

import orjson
from hypothesis import given
from hypothesis import strategies as st

from modelyard_server.cache.memory import ENTRY_OVERHEAD, MemoryCache
from modelyard_server.tasks.base import Answer


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_an_entry_ends_with_its_time() -> None:
    clock = Clock()
    cache = MemoryCache(10_000, clock)
    cache.put(b"k", Answer(b"a"), expires=1010.0)

    clock.now = 1009.9
    assert cache.get(b"k") == Answer(b"a")
    clock.now = 1010.0
    assert cache.get(b"k") is None
    assert cache.bytes == 0


def test_the_least_recently_used_makes_room() -> None:
    cache = MemoryCache(3 * (ENTRY_OVERHEAD + 2), Clock())
    for key in (b"a", b"b", b"c"):
        cache.put(key, Answer(b"x"), expires=2000.0)
    cache.get(b"a")
    cache.put(b"d", Answer(b"x"), expires=2000.0)

    assert cache.get(b"b") is None
    assert cache.get(b"a") == Answer(b"x")


def test_entries_take_the_room_that_is_counted() -> None:
    limit = 2_000_000
    cache = MemoryCache(limit, Clock())
    tracemalloc.start()
    try:
        for number in range(2 * limit // ENTRY_OVERHEAD):
            answer = Answer(orjson.dumps([{"label": "POSITIVE", "score": number}]))
            cache.put(number.to_bytes(16, "big"), answer, expires=2000.0)
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert limit / 2 < cache.bytes <= limit
    assert taken < 1.2 * limit


def test_what_is_larger_than_the_cache_is_not_kept() -> None:
    cache = MemoryCache(1000, Clock())
    cache.put(b"a", Answer(b"small"), expires=2000.0)
    cache.put(b"b", Answer(b"x" * 2000), expires=2000.0)

    assert cache.get(b"a") is not None
    assert cache.get(b"b") is None


@given(
    limit=st.integers(0, 3000),
    operations=st.lists(
        st.tuples(st.sampled_from("pg"), st.integers(0, 8), st.integers(0, 600), st.integers(1, 50))
    ),
)
def test_bytes_stay_within_the_bound_and_are_those_of_the_entries(
    limit: int, operations: list[tuple[str, int, int, int]]
) -> None:
    clock = Clock()
    cache = MemoryCache(limit, clock)
    model: OrderedDict[bytes, tuple[int, float]] = OrderedDict()
    for kind, number, size, step in operations:
        key = bytes([number])
        if kind == "p":
            cache.put(key, Answer(b"x" * size), clock.now + step)
            model.pop(key, None)
            if (cost := 1 + size + ENTRY_OVERHEAD) <= limit:
                model[key] = (cost, clock.now + step)
            while sum(cost for cost, _ in model.values()) > limit:
                model.popitem(last=False)
        else:
            clock.now += step
            found = cache.get(key)
            known = model.get(key)
            if known and known[1] <= clock.now:
                del model[key]
                known = None
            assert (found is None) == (known is None)
            if known:
                model.move_to_end(key)
        assert cache.bytes == sum(cost for cost, _ in model.values()) <= limit
        assert len(cache) == len(model)
