import asyncio

import pytest

from modelyard_server.shadow.backlog import MAX_BYTES, MAX_REQUESTS, Backlog, Seen
from modelyard_server.shadow.dropped import Dropped, DroppedError
from modelyard_server.tasks.base import Answer


def seen(body: bytes = b"", answer: bytes = b"") -> Seen:
    return Seen("/predict", b"a", {}, "/predict", b"", body, None, None, [Answer(answer)], True, False)


def refused(backlog: Backlog, one: Seen) -> bool:
    with pytest.raises(DroppedError) as dropped:
        backlog.put(one)
    return dropped.value.reason is Dropped.FULL


async def test_requests_are_bounded_until_they_are_done() -> None:
    backlog = Backlog()
    for _ in range(MAX_REQUESTS):
        backlog.put(seen())
    assert refused(backlog, seen())
    _, size = await backlog.take()
    assert refused(backlog, seen())
    backlog.done(size)
    backlog.put(seen())


async def test_bytes_are_bounded() -> None:
    backlog = Backlog()
    backlog.put(seen(bytes(MAX_BYTES - 10), b"12345"))
    assert refused(backlog, seen(b"123456"))
    backlog.put(seen(b"12345"))


async def test_who_waits_for_one_gets_it() -> None:
    backlog = Backlog()
    taking = asyncio.create_task(backlog.take())
    await asyncio.sleep(0)
    backlog.put(seen(b"x"))
    assert (await taking)[0].body == b"x"
