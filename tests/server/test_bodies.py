"""Bodies: whole, bounded each, and bounded together while they are on their way."""

import asyncio
from collections.abc import Iterable

import pytest
from starlette.types import Message, Receive

from modelyard_server.bodies import BodyReader, ClientGoneError
from modelyard_server.errors import ProblemError


def sent(*messages: Message) -> Receive:
    queue = iter(messages)

    async def receive() -> Message:
        return next(queue)

    return receive


def parts(chunks: Iterable[bytes]) -> Receive:
    listed = list(chunks)
    return sent(
        *(
            {"type": "http.request", "body": chunk, "more_body": index < len(listed) - 1}
            for index, chunk in enumerate(listed)
        )
    )


class Slow:
    """A client that has sent a part of its body and is in no hurry with the rest."""

    def __init__(self, first: bytes) -> None:
        self.first: bytes | None = first
        self.rest: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    async def __call__(self) -> Message:
        if self.first is not None:
            part, self.first = self.first, None
            return {"type": "http.request", "body": part, "more_body": True}
        return {"type": "http.request", "body": await self.rest}


@pytest.mark.parametrize("chunks", [[b""], [b"abc"], [b"a", b"bc"], [b"", b"abc", b""]])
async def test_a_body_comes_whole(chunks: list[bytes]) -> None:
    reader = BodyReader(limit=3, room=3)

    assert await reader.read(parts(chunks)) == b"".join(chunks)
    assert reader.held == 0


@pytest.mark.parametrize("chunks", [[b"abcd"], [b"ab", b"cd"], [b"abcd", b"efgh", b""]])
async def test_a_larger_one_is_refused(chunks: list[bytes]) -> None:
    reader = BodyReader(limit=3, room=30)

    with pytest.raises(ProblemError) as refused:
        await reader.read(parts(chunks))
    assert refused.value.status == 413
    assert reader.held == 0


async def test_a_client_that_goes_away_leaves_nothing_behind() -> None:
    reader = BodyReader(limit=3, room=30)

    with pytest.raises(ClientGoneError):
        await reader.read(
            sent({"type": "http.request", "body": b"a", "more_body": True}, {"type": "http.disconnect"})
        )
    assert reader.held == 0


async def test_slow_clients_together_may_send_so_much_and_no_more() -> None:
    reader = BodyReader(limit=10, room=20)
    slow = [Slow(b"x" * 9), Slow(b"x" * 9)]
    reading = [asyncio.create_task(reader.read(client)) for client in slow]
    while reader.held < 18:  # noqa: ASYNC110 - the tasks need no more than turns
        await asyncio.sleep(0)

    with pytest.raises(ProblemError) as refused:
        await reader.read(Slow(b"x" * 9))
    assert (refused.value.status, refused.value.retry_after) == (503, 1)
    assert await reader.read(parts([b"small"])) == b"small"

    slow[0].rest.set_result(b"y")
    assert await reading[0] == b"x" * 9 + b"y"
    third = asyncio.create_task(reader.read(Slow(b"x" * 9)))
    await asyncio.sleep(0)
    assert reader.held == 18
    for task in (*reading, third):
        task.cancel()
    await asyncio.gather(*reading, third, return_exceptions=True)
    assert reader.held == 0
