"""Many clients at once, and for long: nothing crashes, nothing leaks."""

import asyncio
import json
import resource
from collections import Counter
from pathlib import Path

import httpx
import psutil
import pytest

from tests.server.conftest import DEADLINE, Launch, RuntimeVolume, ServerProcess
from tests.server.wire import BODY, codes, request

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


def allow_files(count: int) -> None:
    """Let this process, and those it starts, open so many files; root may go beyond the hard limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < count:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (count, max(hard, count)))
        except ValueError as error:
            pytest.fail(f"{count:,} files are needed and {hard:,} may be open: raise `ulimit -Hn` ({error})")


async def connect_all(server: ServerProcess, count: int) -> list[Streams]:
    connections: list[Streams] = []
    for start in range(0, count, 500):
        some = range(start, min(start + 500, count))
        connections += await asyncio.gather(
            *(asyncio.open_connection("127.0.0.1", server.port) for _ in some)
        )
    return connections


async def ask(streams: Streams, message: bytes) -> int:
    reader, writer = streams
    writer.write(message)
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 2 * DEADLINE)
    [length] = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    await reader.readexactly(int(length.split(b":")[1]))
    return codes(head)[0]


def resident(server: ServerProcess) -> int:
    size: int = psutil.Process(server.process.pid).memory_info().rss
    return size


async def test_a_thousand_clients_at_once(sentiment: Path, launch: Launch) -> None:
    allow_files(2_000)
    server = launch(sentiment, MODELYARD_QUEUE_MAX_DEPTH="50")
    connections = await connect_all(server, 1000)
    for turn in range(3):
        # Each asks for something else, so no answer is shared.
        asked = [
            ask(each, request(json.dumps({"text": [f"good {turn} {index}"]}).encode()))
            for index, each in enumerate(connections)
        ]
        told = Counter(await asyncio.gather(*asked))
        assert set(told) <= {200, 503}, told
        assert told[200] > 0
    for _, writer in connections:
        writer.close()

    assert server.process.poll() is None
    assert httpx.post(f"{server.url}/predict", content=BODY).status_code == 200
    assert "Traceback" not in server.logged


async def test_idle_connections_cost_little(sentiment: Path, launch: Launch) -> None:
    allow_files(2_000)
    await hold_idle(launch(sentiment), 800)


@pytest.mark.soak
async def test_ten_thousand_idle_connections(sentiment: Path, launch: Launch) -> None:
    allow_files(12_000)
    await hold_idle(launch(sentiment), 10_000)


async def hold_idle(server: ServerProcess, count: int) -> None:
    warm = await connect_all(server, 100)
    await asyncio.gather(*(ask(each, request()) for each in warm))
    before = resident(server)
    connections = await connect_all(server, count)
    await asyncio.gather(*(ask(each, request()) for each in connections[:: count // 100]))
    each = (resident(server) - before) / count
    print(f"{count:,} idle connections: {each / 1000:.1f} kB each")

    assert each < 24_000
    assert httpx.post(f"{server.url}/predict", content=BODY).status_code == 200
    for _, writer in [*warm, *connections]:
        writer.close()


def test_memory_stays_over_a_thousand_requests(
    sentiment: Path, launch: Launch, runtime: RuntimeVolume
) -> None:
    asyncio.run(repeat(launch, sentiment, runtime, warm=500, then=1000, grown=8_000_000))


@pytest.mark.soak
def test_memory_stays_over_a_hundred_thousand_requests(
    sentiment: Path, launch: Launch, runtime: RuntimeVolume
) -> None:
    asyncio.run(repeat(launch, sentiment, runtime, warm=20_000, then=100_000, grown=8_000_000))


async def repeat(
    launch: Launch, sentiment: Path, runtime: RuntimeVolume, *, warm: int, then: int, grown: int
) -> None:
    """Right and wrong requests, cached and new ones, on connections that stay and on ones that go."""
    runtime.write({"ttlSeconds": 5, "mode": "external"})
    server = launch(
        sentiment,
        MODELYARD_RUNTIME_DIR=str(runtime.directory),
        MODELYARD_EDGE=json.dumps({"rateLimit": {"requestsPerSecond": 1e6}}),
    )
    kept = await connect_all(server, 8)

    async def client(streams: Streams, number: int, count: int) -> None:
        for turn in range(count // len(kept)):
            kind = turn % 5
            if kind == 4:
                [streams_once] = await connect_all(server, 1)
                assert await ask(streams_once, request(b'{"text": [1, null]}')) == 422
                streams_once[1].close()
                continue
            # Again and again, so that the cache is as full after the first requests as after the last.
            text = f"film {number} {turn % 100}" if kind == 1 else "good film"
            assert await ask(streams, request(json.dumps({"text": [text]}).encode())) == 200

    async def all_clients(count: int) -> None:
        await asyncio.gather(*(client(each, number, count) for number, each in enumerate(kept)))

    await all_clients(warm)
    before = resident(server)
    await all_clients(then)
    growth = resident(server) - before
    print(f"{then:,} requests: {growth / 1e6:+.1f} MB")
    for _, writer in kept:
        writer.close()

    assert growth < grown
    assert "Traceback" not in server.logged
