"""Stable and candidate meet through Redis, as when a mesh mirrors requests."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

from modelyard_server.shadow.join import SECONDS
from modelyard_server.shadow.sampling import draw
from tests.server.cache.test_live import client_of, counted, metrics
from tests.server.conftest import Client, RedisServer, RuntimeVolume, Serve, eventually
from tests.server.shadow.conftest import PAIR, TEXTS, ask, flip, reaches, tell, total


class Both:
    """A stable and a candidate pod that get the same requests."""

    def __init__(self, stable: Client, candidate: Client) -> None:
        self.stable = stable
        self.candidate = candidate
        self.pods = [stable, candidate]

    async def mirrored(self, text: str, name: str) -> None:
        """A request to stable and then, once stable has left its digest, to the candidate."""
        for pod in self.pods:
            await self.asked(pod, text, name)

    async def asked(self, pod: Client, text: str, name: str) -> None:
        await ask(pod, text, name)
        await eventually(lambda: not pod.service.shadow.waiting, "it is compared")

    async def tell(self, sampling: float = 1.0) -> None:
        await tell(self.stable, "stable", sampling=sampling)
        await tell(self.candidate, "candidate", sampling=sampling)


Start = Callable[..., AbstractAsyncContextManager[Both]]


@pytest.fixture
def both(serve: Serve, redis_server: RedisServer, runtime: RuntimeVolume) -> Start:
    @asynccontextmanager
    async def start(stable: Path, candidate: Path, sampling: float = 1.0) -> AsyncIterator[Both]:
        runtime.write(redis_server.managed)
        volume = {"runtime_dir": runtime.directory}
        async with (
            serve(stable, **volume) as one,
            serve(candidate, revision="r2", **volume) as other,
        ):
            pods = Both(one, other)
            await pods.tell(sampling)
            yield pods

    return start


async def test_a_candidate_that_flips_labels_is_seen(both: Start, sentiment: Path, flipped: Path) -> None:
    async with both(sentiment, flipped) as pods:
        for number in range(6):
            await pods.mirrored(TEXTS[number % 4], f"request-{number}")
        await reaches(6, pods.pods, "compared_total", 'against="candidate"')

        assert await total(pods.pods, "disagreed_total", 'against="candidate"', f'pair="{PAIR}"') == 6
        flipping = flip("POSITIVE", "NEGATIVE")
        assert await total(pods.pods, "flips_total", *flipping) == 3
        assert await total(pods.pods, "flips_total") == 6
        assert await total(pods.pods, "shift_count", 'against="candidate"', 'measure="score"') == 6
        # Each pair of answers is compared once, by whichever came second.
        assert await total(pods.stable, "compared_total", 'against="candidate"') == 0


async def test_equal_models_agree_whoever_comes_first(both: Start, sentiment: Path) -> None:
    async with both(sentiment, sentiment) as pods:
        await pods.mirrored("good film", "a")
        await pods.asked(pods.candidate, "bad film", "b")
        await pods.asked(pods.stable, "bad film", "b")
        await reaches(2, pods.pods, "compared_total", 'against="candidate"')
        await reaches(1, pods.stable, "compared_total", 'against="candidate"')

        assert await total(pods.pods, "disagreed_total") == 0
        assert await total(pods.pods, "flips_total") == 0
        assert await total(pods.pods, "shift_sum") == 0


async def test_the_order_does_not_turn_the_flip_round(both: Start, sentiment: Path, flipped: Path) -> None:
    async with both(sentiment, flipped) as pods:
        await pods.asked(pods.candidate, "good film", "a")
        await pods.asked(pods.stable, "good film", "a")
        await reaches(1, pods.stable, "compared_total", 'against="candidate"')
        flipping = flip("POSITIVE", "NEGATIVE")
        assert await total(pods.stable, "flips_total", *flipping) == 1


async def test_some_of_the_stable_answers_are_compared_with_stable_ones(both: Start, sentiment: Path) -> None:
    async with both(sentiment, sentiment) as pods:
        for number in range(120):
            await pods.asked(pods.stable, TEXTS[number % 4], f"request-{number}")
        again = await total(pods.stable, "compared_total", 'against="stable"')
        assert 1 <= again <= 40
        assert await total(pods.stable, "disagreed_total", 'against="stable"') == 0


async def test_both_sides_choose_the_same_share(both: Start, sentiment: Path) -> None:
    async with both(sentiment, sentiment, sampling=0.3) as pods:
        for number in range(100):
            await pods.mirrored(TEXTS[number % 4], f"request-{number}")
        compared = await total(pods.pods, "compared_total", 'against="candidate"')
        # A Redis that takes long on a busy machine is left alone.
        lost = await total(pods.pods, "dropped_total", 'reason="redis"')
        chosen = sum(draw(PAIR, b"request-%d" % number).first < 0.3 for number in range(100))
        assert chosen > 10
        assert chosen - lost <= compared <= chosen


async def test_a_client_that_gives_every_request_one_name(both: Start, sentiment: Path) -> None:
    async with both(sentiment, sentiment) as pods:
        for text in TEXTS:
            await pods.asked(pods.stable, text, "always")
        for text in reversed(TEXTS):
            await pods.asked(pods.candidate, text, "always")
        await reaches(4, pods.pods, "compared_total", 'against="candidate"')
        assert await total(pods.pods, "disagreed_total", 'against="candidate"') == 0


async def test_a_request_without_a_name_is_counted(both: Start, sentiment: Path) -> None:
    async with both(sentiment, sentiment) as pods:
        await ask(pods.stable, "good film")
        assert await total(pods.stable, "dropped_total", 'reason="unnamed"') == 1


async def test_a_request_that_is_refused_is_not_compared(both: Start, sentiment: Path) -> None:
    async with both(sentiment, sentiment) as pods:
        answer = await pods.stable.predict({"text": 1}, headers={"X-Request-Id": "a"})
        assert answer.status_code == 422
        assert pods.stable.service.shadow.waiting == 0


async def test_nothing_that_was_asked_is_in_redis(
    both: Start, sentiment: Path, redis_server: RedisServer
) -> None:
    async with both(sentiment, sentiment) as pods:
        await ask(pods.stable, "awesome awesome film", "ada@example.org")
        redis = client_of(redis_server)

        async def found() -> list[bytes]:
            return [name async for name in redis.scan_iter(match=b"modelyard:default/sentiment:shadow:*")]

        while not await found():
            pass
        [name] = await found()
        value = await redis.get(name)
        assert isinstance(value, bytes)
        assert name.startswith(f"modelyard:default/sentiment:shadow:{PAIR}:".encode())
        assert b"POSITIVE" in value
        names = [one async for one in redis.scan_iter()]
        for kept in (*names, *[await redis.get(one) for one in names]):
            assert b"awesome" not in kept
            assert b"ada@example.org" not in kept
        assert 0 < await redis.ttl(name) <= SECONDS
        await redis.aclose()


async def test_redis_down_answers_go_on(both: Start, sentiment: Path, redis_server: RedisServer) -> None:
    async with both(sentiment, sentiment) as pods:
        redis_server.kill()
        for number in range(5):
            await ask(pods.stable, "good film", f"request-{number}")
        await reaches(5, pods.stable, "dropped_total", 'reason="redis"')
        assert counted(await metrics(pods.stable), "modelyard_requests_total", 'code="200"') == 5

        redis_server.start()
        number = 5
        while not await total(pods.pods, "compared_total", 'against="candidate"'):
            number += 1
            await pods.mirrored("good film", f"request-{number}")
            await asyncio.sleep(0.005)


async def test_without_redis_it_says_so(serve: Serve, sentiment: Path, runtime: RuntimeVolume) -> None:
    runtime.write()
    async with serve(sentiment, runtime_dir=runtime.directory) as client:
        await tell(client, "stable")
        await ask(client, "good film", "a")
        await reaches(1, client, "dropped_total", 'reason="redis"')


async def test_v2_and_kserve_v1_are_compared_too(both: Start, sentiment: Path, flipped: Path) -> None:
    v2 = {"inputs": [{"name": "text", "datatype": "BYTES", "shape": [2], "data": ["good film", "bad"]}]}
    async with both(sentiment, flipped) as pods:
        for client in pods.pods:
            for path, body in (
                ("/v2/models/sentiment/infer", v2),
                ("/v1/models/sentiment:predict", {"instances": ["good film"]}),
            ):
                answer = await client.post(path, json=body, headers={"X-Request-Id": "a"})
                assert answer.status_code == 200, answer.text
        await reaches(3, pods.pods, "disagreed_total", 'against="candidate"')


async def test_a_pod_that_takes_no_part_any_more_compares_nothing(both: Start, sentiment: Path) -> None:
    async with both(sentiment, sentiment) as pods:
        await tell(pods.stable, None, pair=None)
        await pods.mirrored("good film", "a")
        assert pods.stable.service.shadow.waiting == 0
        assert await total(pods.stable, "compared_total") == 0
