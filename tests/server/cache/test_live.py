"""The cache as a client meets it, on a real Redis that comes and goes."""

import time
from pathlib import Path

from redis.asyncio import Redis

from tests.server.conftest import Client, RedisServer, RuntimeVolume, Serve, eventually

TEXTS = {"text": ["good film", "bad film", "what a boring film"]}


def counted(metrics: str, name: str, *labels: str) -> float:
    lines = [
        line
        for line in metrics.splitlines()
        if line.startswith(f"{name}{{") and all(label in line for label in labels)
    ]
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines)


async def metrics(client: Client) -> str:
    return (await client.get("/metrics")).text


async def cached(client: Client, headers: dict[str, str] | None = None) -> int:
    response = await client.predict(TEXTS, headers=headers or {})
    assert response.status_code == 200, response.text
    return int(response.headers["x-modelyard-cached"])


async def stored(redis: Redis, count: int) -> None:
    """Writes to Redis come after the answer."""
    deadline = time.monotonic() + 30
    while await redis.dbsize() < count:
        assert time.monotonic() < deadline


async def filled(serve: Serve, model: Path, runtime: RuntimeVolume, redis: Redis) -> None:
    """A pod comes, answers TEXTS, leaves them in Redis and goes."""
    async with serve(model, runtime_dir=runtime.directory) as client:
        await cached(client)
        await stored(redis, 3)


def client_of(server: RedisServer) -> Redis:
    return Redis(host="127.0.0.1", port=server.port, password=server.password)


async def test_no_cache_configured_is_no_cache(serve: Serve, sentiment: Path) -> None:
    async with serve(sentiment) as client:
        assert await cached(client) == 0
        assert await cached(client) == 0
        assert counted(await metrics(client), "modelyard_cache_lookups_total") == 0


async def test_answers_are_shared_between_pods(
    serve: Serve, sentiment: Path, redis_server: RedisServer, runtime: RuntimeVolume
) -> None:
    runtime.write(redis_server.managed)
    redis = client_of(redis_server)
    async with (
        serve(sentiment, runtime_dir=runtime.directory) as first,
        serve(sentiment, runtime_dir=runtime.directory) as second,
    ):
        fresh = await first.predict(TEXTS)
        assert fresh.headers["x-modelyard-cached"] == "0"
        await stored(redis, 3)
        again = await first.predict(TEXTS)
        shared = await second.predict(TEXTS)
        assert again.headers["x-modelyard-cached"] == shared.headers["x-modelyard-cached"] == "3"
        assert fresh.content == again.content == shared.content
        assert counted(await metrics(first), "modelyard_cache_lookups_total", 'level="memory"', "hit") == 3
        assert counted(await metrics(second), "modelyard_cache_lookups_total", 'level="redis"', "hit") == 3
    await redis.aclose()


async def test_truncation_and_parameters_survive_the_cache(
    serve: Serve, sentiment: Path, redis_server: RedisServer, runtime: RuntimeVolume
) -> None:
    runtime.write(redis_server.managed)
    long = {"text": ["good", "bad " * 50]}
    redis = client_of(redis_server)
    async with serve(sentiment, runtime_dir=runtime.directory) as first:
        await first.predict(long)
        await stored(redis, 2)
    async with serve(sentiment, runtime_dir=runtime.directory) as second:
        response = await second.predict(long)
        assert response.headers["x-modelyard-cached"] == "2"
        assert response.headers["x-modelyard-truncated"] == "1"
        one_label = await second.post("/predict?top_k=1", json=long)
        assert one_label.headers["x-modelyard-cached"] == "0"
        all_labels = await second.post("/predict?top_k=2", json=long)
        assert all_labels.headers["x-modelyard-cached"] == "2"
    await redis.aclose()


async def test_revisions_share_nothing(
    serve: Serve, sentiment: Path, redis_server: RedisServer, runtime: RuntimeVolume
) -> None:
    runtime.write(redis_server.managed)
    redis = client_of(redis_server)
    await filled(serve, sentiment, runtime, redis)
    async with serve(sentiment, runtime_dir=runtime.directory, revision="r2") as client:
        assert await cached(client) == 0
    async with serve(sentiment, runtime_dir=runtime.directory, namespace="other") as client:
        assert await cached(client) == 0
    await redis.aclose()


async def test_redis_holds_neither_inputs_nor_plain_hashes(
    serve: Serve, sentiment: Path, redis_server: RedisServer, runtime: RuntimeVolume
) -> None:
    runtime.write(redis_server.managed)
    redis = client_of(redis_server)
    await filled(serve, sentiment, runtime, redis)
    names = {name for name in await redis.keys() if isinstance(name, bytes)}
    assert len(names) == 3
    assert all(name.startswith(b"modelyard:default/sentiment:r1:") for name in names)
    assert 0 < await redis.ttl(next(iter(names))) <= 60
    # With another key, the same texts have other names: names tell nothing without the key.
    await redis.flushall()
    runtime.write(redis_server.managed, cache_key="cd" * 32)
    await filled(serve, sentiment, runtime, redis)
    assert names.isdisjoint(await redis.keys())
    await redis.aclose()


async def test_no_cache_header_bypasses_both_levels_and_refreshes(
    serve: Serve, sentiment: Path, redis_server: RedisServer, runtime: RuntimeVolume
) -> None:
    runtime.write(redis_server.managed)
    async with serve(sentiment, runtime_dir=runtime.directory) as client:
        await cached(client)
        assert await cached(client, {"Cache-Control": "no-cache"}) == 0
        assert await cached(client) == 3


async def test_redis_killed_answers_go_on_and_it_is_used_again_when_it_returns(
    serve: Serve, sentiment: Path, redis_server: RedisServer, runtime: RuntimeVolume
) -> None:
    runtime.write(redis_server.managed)
    async with serve(sentiment, runtime_dir=runtime.directory, memory_cache_bytes=0) as client:
        await cached(client)
        redis_server.kill()
        for _ in range(20):
            await cached(client)
        down = await metrics(client)
        assert counted(down, "modelyard_cache_errors_total") >= 3
        assert counted(down, "modelyard_cache_breaker_open") == 1
        # The breaker spares most requests the wait.
        assert counted(down, "modelyard_cache_errors_total") < 20

        redis_server.start()
        deadline = time.monotonic() + 30
        while await cached(client) < 3:
            assert time.monotonic() < deadline
        assert counted(await metrics(client), "modelyard_cache_breaker_open") == 0
        assert counted(await metrics(client), "modelyard_requests_total", 'code="200"') > 20


async def test_a_redis_that_hangs_costs_little(
    serve: Serve, sentiment: Path, redis_server: RedisServer, runtime: RuntimeVolume
) -> None:
    runtime.write(redis_server.managed)
    async with serve(sentiment, runtime_dir=runtime.directory, memory_cache_bytes=0) as client:
        await cached(client)
        redis_server.freeze()
        for _ in range(30):
            assert await cached(client) == 0
        assert counted(await metrics(client), "modelyard_cache_breaker_open") == 1
        redis_server.thaw()


async def test_a_wrong_password_is_no_failed_request(
    serve: Serve, sentiment: Path, redis_server: RedisServer, runtime: RuntimeVolume
) -> None:
    runtime.write(redis_server.managed, cache_password="wrong")
    async with serve(sentiment, runtime_dir=runtime.directory) as client:
        assert await cached(client) == 0
        assert await cached(client) == 3  # from memory
        assert counted(await metrics(client), "modelyard_cache_errors_total") >= 1


async def test_the_cache_is_changed_while_the_pod_runs(
    serve: Serve, sentiment: Path, redis_server: RedisServer, runtime: RuntimeVolume
) -> None:
    runtime.write(None)
    async with serve(sentiment, runtime_dir=runtime.directory) as client:
        plane = client.service.plane
        assert plane.cache is None
        url = f"redis://:{redis_server.password}@127.0.0.1:{redis_server.port}/0"
        runtime.write({"ttlSeconds": 5, "mode": "external"}, cache_url=url)
        await eventually(lambda: plane.cache is not None, "the cache is on")
        await cached(client)
        assert await cached(client) == 3
        redis = client_of(redis_server)
        await stored(redis, 3)
        assert 0 < await redis.ttl((await redis.keys())[0]) <= 5
        await redis.aclose()

        runtime.write(None)
        await eventually(lambda: plane.cache is None, "the cache is off")
        assert await cached(client) == 0
