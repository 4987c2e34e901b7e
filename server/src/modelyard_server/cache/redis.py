"""The second level: Redis or Valkey, shared by a deployment's pods, and never a reason to fail.

Each entry carries its own expiry, so that the first level of a pod that reads it never keeps it longer
than Redis does (up to the difference between two pods' clocks).
"""

import asyncio
import struct
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import structlog
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from modelyard_server.cache.base import CacheMetrics
from modelyard_server.cache.breaker import Breaker
from modelyard_server.tasks.base import Answer

log = structlog.get_logger(__name__)

_HEAD = struct.Struct(">dB")
_TRUNCATED = 1
_CONNECTIONS = 16
_OPERATION_SECONDS = 0.1
_CONNECT_SECONDS = 0.25

Entry = tuple[Answer, float]
"""An answer and when it expires, in seconds since the epoch."""


class RedisCache:
    """Reads all keys of a request in one command and writes them in one pipeline.

    Args:
        client: The client; its timeouts are short and it does not retry.
        prefix: What every name begins with.
        ttl: Seconds that an entry is kept.
        breaker: Leaves Redis alone while it fails.
        clock: Seconds since the epoch.
        metrics: Hears of failures.
    """

    def __init__(
        self,
        client: Redis,
        *,
        prefix: bytes,
        ttl: int,
        breaker: Breaker,
        clock: Callable[[], float],
        metrics: CacheMetrics,
    ) -> None:
        self._client = client
        self._prefix = prefix
        self._ttl = ttl
        self._breaker = breaker
        self._clock = clock
        self._metrics = metrics

    async def get(self, keys: Sequence[bytes]) -> list[Entry | None]:
        """Read entries; all None where Redis can't be asked."""
        if not self._breaker.allows():
            return [None] * len(keys)
        try:
            values = await self._client.mget([self._name(key) for key in keys])
        except asyncio.CancelledError:
            self._breaker.abandoned()
            raise
        except (RedisError, OSError, TimeoutError) as error:
            self._note_failure("get", error)
            return [None] * len(keys)
        self._breaker.succeeded()
        return [_unpack(value) if isinstance(value, bytes) else None for value in values]

    async def put(self, entries: Mapping[bytes, Entry]) -> None:
        """Write entries that expire together with what the first level holds of them."""
        if not self._breaker.allows():
            return
        pipeline = self._client.pipeline(transaction=False)
        for key, (answer, expires) in entries.items():
            pipeline.set(self._name(key), _pack(answer, expires), ex=self._ttl)
        try:
            await pipeline.execute()
        except asyncio.CancelledError:
            self._breaker.abandoned()
            raise
        except (RedisError, OSError, TimeoutError) as error:
            self._note_failure("set", error)
        else:
            self._breaker.succeeded()

    async def close(self) -> None:
        """Close every connection."""
        try:
            await self._client.aclose()
        except (RedisError, OSError) as error:
            log.debug("closing the cache's connections failed", error=str(error))

    def _name(self, key: bytes) -> bytes:
        return self._prefix + key.hex().encode()

    def _note_failure(self, operation: str, error: Exception) -> None:
        was_open = self._breaker.is_open
        self._breaker.failed()
        self._metrics.failed(operation)
        if self._breaker.is_open and not was_open:
            log.warning("the cache does not answer; serving on", operation=operation, error=str(error))


def connect(
    *, url: str | None = None, host: str | None = None, port: int | None = None, password: str | None = None
) -> Redis:
    """Make a client that gives up soon and never retries: a slow cache is worse than none.

    Args:
        url: A `redis://` or `rediss://` URL; it goes before the rest.
        host: Host of the managed cache.
        port: Its port.
        password: Its password.

    Raises:
        ValueError: The URL is none.
    """
    # Fewer connections than requests: the rest waits its turn, within the same short time.
    options: dict[str, Any] = {
        "max_connections": _CONNECTIONS,
        "timeout": _OPERATION_SECONDS,
        "socket_timeout": _OPERATION_SECONDS,
        "socket_connect_timeout": _CONNECT_SECONDS,
        "retry": Retry(NoBackoff(), 0),
        "retry_on_timeout": False,
    }
    pool = (
        BlockingConnectionPool.from_url(url, **options)
        if url is not None
        else BlockingConnectionPool(host=host or "localhost", port=port or 6379, password=password, **options)
    )
    return Redis.from_pool(pool)


def _pack(answer: Answer, expires: float) -> bytes:
    return _HEAD.pack(expires, _TRUNCATED if answer.truncated else 0) + answer.fragment


def _unpack(value: bytes) -> Entry | None:
    if len(value) <= _HEAD.size:
        return None
    expires, flags = _HEAD.unpack_from(value)
    return Answer(value[_HEAD.size :], bool(flags & _TRUNCATED)), expires
