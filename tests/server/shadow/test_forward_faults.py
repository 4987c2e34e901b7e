"""Candidates that do not answer, or not as one: clients notice nothing."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.ports import free_port
from tests.server.cache.test_live import counted, metrics
from tests.server.conftest import RuntimeVolume, Serve, ServerProcess
from tests.server.shadow.conftest import ask, reaches, stable, tell, total


async def test_a_candidate_that_is_not_there(serve: Serve, sentiment: Path, runtime: RuntimeVolume) -> None:
    async with stable(serve, sentiment, runtime, f"http://127.0.0.1:{free_port()}") as client:
        for _ in range(5):
            await ask(client, "good film")
        await reaches(5, client, "dropped_total", 'reason="unreachable"')
        assert counted(await metrics(client), "modelyard_requests_total", 'code="200"') == 5


async def test_a_candidate_that_refuses(
    serve: Serve, candidate: Callable[..., ServerProcess], sentiment: Path, runtime: RuntimeVolume
) -> None:
    # Told nothing, it takes copies for what they look like: requests without credentials.
    other = candidate(sentiment, part=False, MODELYARD_EDGE=json.dumps({"auth": {"apiKeys": {}}}))
    async with stable(serve, sentiment, runtime, other.url) as client:
        await ask(client, "good film")
        await reaches(1, client, "dropped_total", 'reason="refused"')


async def test_a_candidate_that_never_answers_holds_nothing_up(
    serve: Serve, sentiment: Path, runtime: RuntimeVolume
) -> None:
    held: list[asyncio.StreamWriter] = []

    async def swallow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        held.append(writer)
        await reader.read()

    server = await asyncio.start_server(swallow, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with stable(serve, sentiment, runtime, f"http://127.0.0.1:{port}") as client:
        # Far more than may be on their way: what finds no room is dropped, and every client has its answer.
        for _ in range(300):
            await ask(client, "good film")
        assert await total(client, "dropped_total", 'reason="full"') > 0
        assert len(held) <= 8
        assert counted(await metrics(client), "modelyard_requests_total", 'code="200"') == 300
        await tell(client, None, pair=None)
    for writer in held:
        writer.close()
    server.close()


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"HTTP/1.1 500 x\r\ncontent-length: 0\r\n\r\n", "refused"),
        (b"HTTP/1.1 302 x\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n", "refused"),
        (b"HTTP/1.1 200 x\r\ncontent-length: 2\r\n\r\n{}", "unreadable"),
        (b'HTTP/1.1 200 x\r\ncontent-length: 17\r\n\r\n{"predictions":1}', "unreadable"),
        (b"no HTTP at all\r\n\r\n", "unreadable"),
        (b"HTTP/1.1 200 x\r\n\r\n" + b"[" * 5_000_000, "large"),
    ],
)
async def test_a_candidate_that_is_none(
    serve: Serve, sentiment: Path, runtime: RuntimeVolume, answer: bytes, reason: str
) -> None:
    async def give(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        try:
            await writer.drain()
        except ConnectionError:
            return
        writer.close()

    server = await asyncio.start_server(give, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with stable(serve, sentiment, runtime, f"http://127.0.0.1:{port}") as client:
        await ask(client, "good film")
        await reaches(1, client, "dropped_total", f'reason="{reason}"')
    server.close()
