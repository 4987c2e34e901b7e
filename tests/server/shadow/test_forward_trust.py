"""Who may pass for a copy, and what a copy says of its client."""

import asyncio
import json
import time
from collections.abc import Callable
from pathlib import Path

import httpx

from modelyard_server.shadow.stamp import stamp
from tests.server.conftest import RuntimeVolume, Serve, ServerProcess
from tests.server.shadow.conftest import PAIR, TEXTS, answered, ask, reaches, stable, tell

EDGE = {"rateLimit": {"requestsPerSecond": 0.001, "burst": 2}}


async def test_copies_are_no_clients_of_the_candidate(
    serve: Serve, candidate: Callable[..., ServerProcess], sentiment: Path, runtime: RuntimeVolume
) -> None:
    """Neither its keys nor its rate limit stand in the way of copies, nor do copies use them up."""
    edge = {**EDGE, "auth": {"apiKeys": {}}}
    keys = runtime.directory.parent / "keys"
    keys.mkdir()
    (keys / "shop").write_text("a-key-of-the-shop-alone")
    other = candidate(sentiment, MODELYARD_EDGE=json.dumps(edge), MODELYARD_API_KEYS_DIR=str(keys))
    async with stable(serve, sentiment, runtime, other.url) as client:
        for number in range(6):
            await ask(client, TEXTS[number % 4])
        await reaches(6, client, "compared_total", 'against="candidate"')
        assert answered(other, 'code="200"') == 6
        own = httpx.post(
            f"{other.url}/predict",
            json={"text": ["good"]},
            headers={"X-API-Key": "a-key-of-the-shop-alone"},
        )
        assert own.status_code == 200


async def test_a_stranger_can_not_pass_for_a_copy(
    serve: Serve, sentiment: Path, runtime: RuntimeVolume
) -> None:
    edge = json.dumps({"auth": {"apiKeys": {}}})
    runtime.write()
    async with serve(sentiment, runtime_dir=runtime.directory, edge=edge) as client:
        for role in ("candidate", "stable", None):
            await tell(client, role)
            now = time.time()
            for mark in (
                b"1",
                b"letmein",
                stamp("guess", PAIR, b"a", now),
                stamp("letmein", PAIR, b"b", now),
                stamp("letmein", PAIR, b"a", now - 3600),
                stamp("letmein", "r1-r3", b"a", now),
            ):
                answer = await client.predict(
                    {"text": ["good"]}, headers={"X-Modelyard-Shadow": mark.decode(), "X-Request-Id": "a"}
                )
                assert answer.status_code == 401

        await tell(client, "candidate")
        mark = stamp("letmein", PAIR, b"a", time.time()).decode()
        headers = {"X-Modelyard-Shadow": mark, "X-Request-Id": "a"}
        assert (await client.predict({"text": ["good"]}, headers=headers)).status_code == 200


async def test_a_mark_that_does_not_hold_is_an_ordinary_request(
    serve: Serve, candidate: Callable[..., ServerProcess], sentiment: Path, runtime: RuntimeVolume
) -> None:
    other = candidate(sentiment)
    v2 = {"inputs": [{"name": "text", "datatype": "BYTES", "shape": [1], "data": ["good film"]}]}
    async with stable(serve, sentiment, runtime, other.url) as client:
        answer = await client.post(
            "/v2/models/sentiment/infer", json=v2, headers={"X-Modelyard-Shadow": "made-up"}
        )
        assert "outputs" in answer.json()
        # It is compared as any other.
        await reaches(1, client, "compared_total", 'against="candidate"')


async def test_a_copy_says_nothing_of_who_asked(
    serve: Serve, sentiment: Path, runtime: RuntimeVolume
) -> None:
    heads: list[bytes] = []

    async def note(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append((await reader.readuntil(b"\r\n\r\n")).lower())
        writer.write(b"HTTP/1.1 500 x\r\ncontent-length: 0\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(note, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with stable(serve, sentiment, runtime, f"http://127.0.0.1:{port}") as client:
        await ask(
            client,
            "good film",
            "named",
            Authorization="Bearer a-secret-of-the-client",
            Cookie="a-secret-too",
            **{"X-API-Key": "a-secret-as-well"},
        )
        await reaches(1, client, "dropped_total", 'reason="refused"')
    server.close()
    [head] = heads
    assert b"secret" not in head
    assert b"letmein" not in head
    assert b"x-request-id: named" in head
    assert b"x-modelyard-shadow: " in head
