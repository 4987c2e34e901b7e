"""What waits for the engine is counted rightly, whatever becomes of it."""

import asyncio

import pytest

from modelyard_server.batching.jobs import Entry, Job
from modelyard_server.batching.waiting import Waiting
from modelyard_server.tasks.base import Item, Prepared


@pytest.fixture
def loop() -> asyncio.AbstractEventLoop:
    return asyncio.new_event_loop()


def job(loop: asyncio.AbstractEventLoop, items: int) -> Job:
    return Job([Item(str(n)) for n in range(items)], loop.create_future(), since=0.0, deadline=None)


def test_room_is_by_items_and_by_bytes_and_the_first_request_always_has_some(
    loop: asyncio.AbstractEventLoop,
) -> None:
    waiting = Waiting(max_items=3, max_bytes=100)
    assert waiting.has_room(50, 1000)
    waiting.add(job(loop, 2), 60)
    assert waiting.has_room(1, 40)
    assert not waiting.has_room(2, 40)
    assert not waiting.has_room(1, 41)


def test_raw_items_are_taken_oldest_first_and_a_long_request_is_cut(loop: asyncio.AbstractEventLoop) -> None:
    waiting = Waiting(10, 100)
    first, second = job(loop, 2), job(loop, 3)
    waiting.add(first, 1)
    waiting.add(second, 1)
    assert [(s.job, s.start, s.stop) for s in waiting.take_raw(3)] == [(first, 0, 2), (second, 0, 1)]
    assert [(s.job, s.start, s.stop) for s in waiting.take_raw(9)] == [(second, 1, 3)]
    assert waiting.take_raw(9) == []


def test_what_is_forgotten_frees_only_the_room_of_what_the_engine_has_not(
    loop: asyncio.AbstractEventLoop,
) -> None:
    waiting = Waiting(10, 100)
    gone, stays = job(loop, 3), job(loop, 1)
    waiting.add(gone, 1)
    waiting.add(stays, 1)
    waiting.begin(gone, 1)
    waiting.ready.append(Entry(gone, 1, Prepared(gone.items[1], None, 1, truncated=False)))
    assert waiting.forget(gone)
    assert waiting.items == 1
    assert waiting.ready == []
    assert [span.job for span in waiting.raw] == [stays]
    assert not waiting.forget(gone)


def test_what_did_not_fit_waits_on_before_all_others_unless_nobody_wants_it(
    loop: asyncio.AbstractEventLoop,
) -> None:
    waiting = Waiting(10, 100)
    first, gone, other = (job(loop, 1) for _ in range(3))
    for each in (first, gone, other):
        waiting.add(each, 1)
        waiting.take_raw(1)
    entries = {
        each: Entry(each, 0, Prepared(each.items[0], None, 1, truncated=False))
        for each in (first, gone, other)
    }
    waiting.ready.append(entries[other])
    for each in (first, gone):
        waiting.begin(each, 1)
    gone.future.cancel()
    waiting.put_back([entries[first], entries[gone]])
    assert waiting.ready == [entries[first], entries[other]]
    assert waiting.items == 2
