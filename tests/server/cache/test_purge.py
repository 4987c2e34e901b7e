from pathlib import Path

import pytest

from modelyard_server import contract
from tests.server.cache.test_live import cached, client_of, counted, metrics, stored
from tests.server.conftest import Client, RedisServer, RuntimeVolume, Serve

TOKEN = {"Authorization": "Bearer letmein"}


async def purge(client: Client) -> int:
    return (await client.post(contract.PATH_PURGE, headers=TOKEN)).status_code


async def test_a_purge_forgets_the_whole_deployment_and_nothing_else(
    serve: Serve, sentiment: Path, redis_server: RedisServer, runtime: RuntimeVolume
) -> None:
    runtime.write(redis_server.managed)
    redis = client_of(redis_server)
    others = {
        b"modelyard:default/other:r1:1": b"x",
        b"modelyard:default/sentiment2:r1:1": b"x",
        b"mine": b"x",
    }
    await redis.mset(others)
    # More than one round of looking for names.
    await redis.mset({f"modelyard:default/sentiment:r0:{number}": b"x" for number in range(2500)})
    async with serve(sentiment, runtime_dir=runtime.directory) as client:
        await cached(client)
        await stored(redis, 2503 + len(others))

        assert await purge(client) == 200
        assert set(await redis.keys()) == set(others)
        assert await cached(client) == 0
    await redis.aclose()


async def test_without_redis_a_purge_forgets_what_is_in_memory(
    serve: Serve, sentiment: Path, redis_server: RedisServer, runtime: RuntimeVolume
) -> None:
    runtime.write(redis_server.managed)
    async with serve(sentiment, runtime_dir=runtime.directory) as client:
        await cached(client)
        redis_server.kill()
        response = await client.post(contract.PATH_PURGE, headers=TOKEN)

        assert response.status_code == 503
        assert response.headers["content-type"] == "application/problem+json"
        assert "Redis may still have some" in response.json()["detail"]
        assert await cached(client) == 0


async def test_with_no_cache_there_is_nothing_to_forget(
    serve: Serve, sentiment: Path, runtime: RuntimeVolume
) -> None:
    runtime.write(None)
    async with serve(sentiment, runtime_dir=runtime.directory) as client:
        assert await purge(client) == 200


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer no"}])
async def test_only_the_operator_may_purge(
    serve: Serve, sentiment: Path, runtime: RuntimeVolume, headers: dict[str, str]
) -> None:
    runtime.write({"ttlSeconds": 60, "mode": "managed", "host": "127.0.0.1", "port": 1})
    async with serve(sentiment, runtime_dir=runtime.directory) as client:
        await cached(client)
        assert (await client.post(contract.PATH_PURGE, headers=headers)).status_code == 401
        assert await cached(client) == 3


async def test_hits_tell_what_they_spared_and_bytes_what_they_cost(
    serve: Serve, sentiment: Path, redis_server: RedisServer, runtime: RuntimeVolume
) -> None:
    runtime.write(redis_server.managed)
    redis = client_of(redis_server)
    async with serve(sentiment, runtime_dir=runtime.directory) as first:
        await cached(first)
        await stored(redis, 3)
        before = await metrics(first)
        assert counted(before, "modelyard_cache_saved_cpu_seconds_total") == 0
        await cached(first)
        await cached(first)
        after = await metrics(first)
        assert counted(after, "modelyard_cache_saved_cpu_seconds_total") > 0
        names = await redis.keys()
        kept = sum([await redis.strlen(name) for name in names])
        # The names were sent twice: to look the answers up and to write them.
        expected = 2 * sum(map(len, names)) + kept
        assert counted(after, "modelyard_cache_redis_bytes_total", 'direction="sent"') == expected
    async with serve(sentiment, runtime_dir=runtime.directory) as second:
        await cached(second)
        received = counted(await metrics(second), "modelyard_cache_redis_bytes_total", 'direction="received"')
        assert received == kept
        assert counted(await metrics(second), "modelyard_stage_duration_seconds_count", 'stage="cache"') == 1
    await redis.aclose()
