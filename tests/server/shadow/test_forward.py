"""Stable pods send copies themselves, as where nothing in front mirrors requests."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import httpx
import numpy as np
import pytest

from modelyard_server.tasks.v2_binary import write_raw
from tests.ports import free_port
from tests.server.cache.test_live import counted
from tests.server.conftest import Launch, RuntimeVolume, Serve, ServerProcess
from tests.server.rpc.conftest import listening, texts
from tests.server.shadow.conftest import ADMIN, PAIR, TEXTS, answered, ask, flip, reaches, stable, total


async def test_a_candidate_that_flips_labels_is_seen(
    serve: Serve,
    candidate: Callable[..., ServerProcess],
    sentiment: Path,
    flipped: Path,
    runtime: RuntimeVolume,
) -> None:
    other = candidate(flipped)
    async with stable(serve, sentiment, runtime, other.url) as client:
        for number in range(8):
            await ask(client, TEXTS[number % 4])
        await reaches(8, client, "compared_total", 'against="candidate"')

        assert await total(client, "disagreed_total", 'against="candidate"') == 8
        assert await total(client, "flips_total", *flip("NEGATIVE", "POSITIVE")) == 4
        # On a busy machine stable is compared with itself less often; no copy is left out.
        assert await total(client, "dropped_total") == await total(client, "dropped_total", 'reason="busy"')
        assert answered(other, 'code="200"') == 8


async def test_equal_models_agree(
    serve: Serve, candidate: Callable[..., ServerProcess], sentiment: Path, runtime: RuntimeVolume
) -> None:
    async with stable(serve, sentiment, runtime, candidate(sentiment).url) as client:
        for text in TEXTS:
            await ask(client, text)
        await reaches(4, client, "compared_total", 'against="candidate"')
        assert await total(client, "disagreed_total") == 0
        assert await total(client, "shift_sum") == 0


async def test_every_protocol_of_http_is_copied(
    serve: Serve,
    candidate: Callable[..., ServerProcess],
    sentiment: Path,
    flipped: Path,
    runtime: RuntimeVolume,
) -> None:
    v2 = {"inputs": [{"name": "text", "datatype": "BYTES", "shape": [1], "data": ["good film"]}]}
    other = candidate(flipped)
    async with stable(serve, sentiment, runtime, other.url) as client:
        for path, body in (
            ("/predict?top_k=1", {"text": ["good film"]}),
            ("/v2/models/sentiment/infer", v2),
            ("/v2/models/sentiment/versions/r1/infer", v2),
            ("/v1/models/sentiment:predict", {"instances": ["good film"]}),
            ("/invocations", {"text": ["good film"]}),
        ):
            answer = await client.post(path, json=body)
            assert answer.status_code == 200, answer.text
        await reaches(5, client, "disagreed_total", 'against="candidate"')
        assert await total(client, "flips_total", *flip("POSITIVE", "NEGATIVE")) == 5


@pytest.mark.parametrize("raw", [False, True])
async def test_calls_by_grpc_are_copied(
    serve: Serve,
    candidate: Callable[..., ServerProcess],
    sentiment: Path,
    flipped: Path,
    runtime: RuntimeVolume,
    raw: bool,
) -> None:
    call = texts("good film", "bad film")
    if raw:
        call.inputs[0].ClearField("contents")
        call.raw_input_contents.append(write_raw(np.array([b"good film", b"bad film"], dtype=object)))
    other = candidate(flipped)
    port = {"host": "127.0.0.1", "grpc_port": free_port()}
    async with stable(serve, sentiment, runtime, other.url, **port) as client, listening(client) as caller:
        await caller.infer(call)
        await reaches(2, client, "disagreed_total", 'against="candidate"')
        assert await total(client, "flips_total", *flip("NEGATIVE", "POSITIVE")) == 1
        assert await total(client, "flips_total", *flip("POSITIVE", "NEGATIVE")) == 1
        assert answered(other, 'code="200"') == 1


async def test_only_a_share_is_copied(
    serve: Serve, candidate: Callable[..., ServerProcess], sentiment: Path, runtime: RuntimeVolume
) -> None:
    other = candidate(sentiment)
    async with stable(serve, sentiment, runtime, other.url, percent=25) as client:
        for number in range(120):
            await ask(client, "good film", f"request-{number}")
        copied = 0.0
        while copied == 0 or copied != await total(client, "compared_total", 'against="candidate"'):
            copied = await total(client, "compared_total", 'against="candidate"')
            await asyncio.sleep(0.1)
        assert 10 <= copied <= 50
        assert answered(other) == copied


async def test_copies_are_never_copied_again(
    serve: Serve, sentiment: Path, runtime: RuntimeVolume, launch: Launch
) -> None:
    """A pair of pods that send copies to each other, by whatever mistake."""
    runtime.write()
    other = launch(sentiment, MODELYARD_RUNTIME_DIR=str(runtime.directory))
    forward = {"url": other.url, "percent": 100}
    body = {"role": "stable", "pair": PAIR, "sampling": 1.0, "forward": forward}
    assert httpx.put(f"{other.url}/admin/shadow", json=body, headers=ADMIN).status_code == 200
    async with stable(serve, sentiment, runtime, other.url) as client:
        await ask(client, "good film")
        await reaches(1, client, "compared_total", 'against="candidate"')
        assert answered(other) == 1
        assert counted(httpx.get(f"{other.url}/metrics").text, "modelyard_shadow_compared_total") == 0
