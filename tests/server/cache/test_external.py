"""An external cache as a company runs it: TLS with an authority of its own, and a user that may do little."""

import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import structlog
from redis.asyncio import Redis

from modelyard_server.cache import redis as redis_cache
from tests import tools
from tests.certificates import Authority, Files
from tests.ports import free_port
from tests.server.cache.test_live import cached, client_of, counted, filled, metrics, stored
from tests.server.conftest import DEADLINE, RedisServer, RuntimeVolume, Serve

USER, PASSWORD = "modelyard", "s3cret"
EXTERNAL = {"ttlSeconds": 60, "mode": "external"}
ALLOWED = "~modelyard:* -@all +mget +set +scan +unlink"


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine takes longer for a TLS handshake than a request would wait for its cache."""
    monkeypatch.setattr(redis_cache, "_CONNECT_SECONDS", DEADLINE)
    monkeypatch.setattr(redis_cache, "_OPERATION_SECONDS", DEADLINE)


@pytest.fixture
def certificates(tmp_path: Path) -> Files:
    return Authority().files(tmp_path)


@pytest.fixture
def port(certificates: Files, tmp_path: Path) -> Iterator[int]:
    """The port of a Redis that speaks TLS alone and knows one user that may do little."""
    port = free_port()
    rules = tmp_path / "users.acl"
    rules.write_text(
        f"user default off\nuser {USER} on >{PASSWORD} {ALLOWED}\nuser tester on nopass ~* +@all\n"
    )
    options = {
        "--port": "0",
        "--tls-port": str(port),
        "--bind": "127.0.0.1",
        "--tls-cert-file": str(certificates.certificate),
        "--tls-key-file": str(certificates.key),
        "--tls-ca-cert-file": str(certificates.authority),
        "--tls-auth-clients": "no",
        "--aclfile": str(rules),
        "--save": "",
    }
    arguments = [part for option in options.items() for part in option]
    with (tmp_path / "redis.log").open("wb") as log:
        process = subprocess.Popen([tools.redis_server(), *arguments], stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + DEADLINE
        while b"Ready to accept" not in (tmp_path / "redis.log").read_bytes():
            assert time.monotonic() < deadline, "Redis does not come up"
            time.sleep(0.01)
        yield port
    finally:
        process.kill()
        process.wait()


@pytest.fixture
async def redis(port: int, certificates: Files) -> AsyncIterator[Redis]:
    """A client that may do everything."""
    client = Redis(
        host="127.0.0.1",
        port=port,
        username="tester",
        password="any",
        ssl=True,
        ssl_ca_certs=str(certificates.authority),
    )
    yield client
    await client.aclose()


async def test_answers_are_kept_over_tls_by_a_user_that_may_do_little(
    serve: Serve, sentiment: Path, runtime: RuntimeVolume, certificates: Files, port: int, redis: Redis
) -> None:
    url = f"rediss://{USER}:{PASSWORD}@127.0.0.1:{port}/0"
    runtime.write(EXTERNAL, cache_url=url, cache_ca=certificates.authority.read_text())
    async with serve(sentiment, runtime_dir=runtime.directory) as first:
        assert await cached(first) == 0
        await stored(redis, 3)
    async with serve(sentiment, runtime_dir=runtime.directory) as second:
        assert await cached(second) == 3
        assert counted(await metrics(second), "modelyard_cache_errors_total") == 0

        token = {"Authorization": "Bearer letmein"}
        assert (await second.post("/admin/cache/purge", headers=token)).json() == {"purged": True}
        assert await redis.dbsize() == 0
        assert await cached(second) == 0


@pytest.mark.parametrize(
    "url", ["rediss://modelyard:wrong@127.0.0.1:{port}/0", "redis://modelyard:s3cret@127.0.0.1:{port}/0"]
)
async def test_a_wrong_password_and_missing_tls_are_no_failed_request(
    serve: Serve, sentiment: Path, runtime: RuntimeVolume, certificates: Files, port: int, url: str
) -> None:
    runtime.write(EXTERNAL, cache_url=url.format(port=port), cache_ca=certificates.authority.read_text())
    async with serve(sentiment, runtime_dir=runtime.directory) as client:
        assert await cached(client) == 0
        assert counted(await metrics(client), "modelyard_cache_errors_total") >= 1


async def test_a_certificate_of_an_unknown_authority_is_not_trusted(
    serve: Serve, sentiment: Path, runtime: RuntimeVolume, port: int, redis: Redis
) -> None:
    runtime.write(EXTERNAL, cache_url=f"rediss://{USER}:{PASSWORD}@127.0.0.1:{port}/0")
    async with serve(sentiment, runtime_dir=runtime.directory) as client:
        assert await cached(client) == 0
        assert counted(await metrics(client), "modelyard_cache_errors_total") >= 1
    assert await redis.dbsize() == 0


@pytest.mark.parametrize(
    ("scheme", "option", "named"),
    [
        ("redis", "ssl=true", "ssl"),
        ("redis", "ssl_cert_reqs=none", "ssl_cert_reqs"),
        ("rediss", "ssl_cert_reqs=sometimes", "ssl_cert_reqs"),
        ("redis", "socket_timeout=0.1&dial_timeout=5s", "dial_timeout"),
        ("redis", "retry=3", "retry"),
        ("redis", "connection_class=Mine", "connection_class"),
    ],
)
async def test_an_option_that_is_not_known_is_named_and_costs_no_request(
    serve: Serve,
    sentiment: Path,
    redis_server: RedisServer,
    runtime: RuntimeVolume,
    scheme: str,
    option: str,
    named: str,
) -> None:
    address = f"{scheme}://:{redis_server.password}@127.0.0.1:{redis_server.port}"
    runtime.write(EXTERNAL, cache_url=f"{address}?{option}")
    with structlog.testing.capture_logs() as logs:
        async with serve(sentiment, runtime_dir=runtime.directory) as client:
            assert await cached(client) == 0
            assert await cached(client) == 3

    told = [entry["error"] for entry in logs if "URL can't be used" in entry["event"]]
    assert len(told) == 1
    assert f"'{named}'" in told[0]
    assert redis_server.password not in told[0]


@pytest.mark.parametrize("option", ["encoding=nonsense", "decode_responses=true"])
async def test_what_goes_wrong_only_in_use_is_no_failed_request(
    serve: Serve, sentiment: Path, redis_server: RedisServer, runtime: RuntimeVolume, option: str
) -> None:
    runtime.write(redis_server.managed)
    plain = client_of(redis_server)
    await filled(serve, sentiment, runtime, plain)
    await plain.aclose()
    url = f"redis://:{redis_server.password}@127.0.0.1:{redis_server.port}?{option}"
    runtime.write(EXTERNAL, cache_url=url)
    async with serve(sentiment, runtime_dir=runtime.directory) as client:
        assert await cached(client) == 0
        assert counted(await metrics(client), "modelyard_cache_errors_total", 'operation="get"') == 1


async def test_a_purge_that_goes_wrong_in_use_says_so(
    serve: Serve, sentiment: Path, redis_server: RedisServer, runtime: RuntimeVolume
) -> None:
    url = f"redis://:{redis_server.password}@127.0.0.1:{redis_server.port}?encoding=nonsense"
    runtime.write(EXTERNAL, cache_url=url)
    async with serve(sentiment, runtime_dir=runtime.directory) as client:
        await cached(client)
        answer = await client.post("/admin/cache/purge", headers={"Authorization": "Bearer letmein"})

        assert answer.status_code == 503
        assert "Redis may still have some" in answer.json()["detail"]
        assert counted(await metrics(client), "modelyard_cache_errors_total", 'operation="set"') == 1
