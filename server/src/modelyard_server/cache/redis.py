"""The second level: Redis or Valkey, shared by a deployment's pods, and never a reason to fail.

Each entry carries its own expiry, so that the first level of a pod that reads it never keeps it longer
than Redis does (up to the difference between two pods' clocks).
"""

import asyncio
import re
import struct
import zlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qs, urlsplit

import structlog
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError, ResponseError

from modelyard_server.cache.base import CacheMetrics, CacheUnreachableError
from modelyard_server.cache.breaker import Breaker
from modelyard_server.tasks.base import Answer

log = structlog.get_logger(__name__)

_HEAD = struct.Struct(">dB")
_TRUNCATED = 1
_COMPRESSED = 2
# Shorter answers gain less than they cost; longer ones (many labels, vectors) shrink to a half or a tenth.
_COMPRESS_FROM = 1024
_FASTEST = 1
_PURGE_KEYS = 1000
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
        purge_prefix: What the names begin with that `purge` removes.
        ttl: Seconds that an entry is kept.
        breaker: Leaves Redis alone while it fails.
        clock: Seconds since the epoch.
        metrics: Hears of failures and bytes.
    """

    def __init__(
        self,
        client: Redis,
        *,
        prefix: bytes,
        purge_prefix: bytes,
        ttl: int,
        breaker: Breaker,
        clock: Callable[[], float],
        metrics: CacheMetrics,
    ) -> None:
        self._client = client
        self._prefix = prefix
        self._purge_prefix = purge_prefix
        self._ttl = ttl
        self._breaker = breaker
        self._clock = clock
        self._metrics = metrics

    async def get(self, keys: Sequence[bytes]) -> list[Entry | None]:
        """Read entries; all None where Redis can't be asked."""
        if not self._breaker.allows():
            return [None] * len(keys)
        names = [self._name(key) for key in keys]
        try:
            values = await self._client.mget(names)
        except asyncio.CancelledError:
            self._breaker.abandoned()
            raise
        except Exception as error:  # an option of the URL may fail in any way, and only now
            self._note_failure("get", error)
            return [None] * len(keys)
        self._breaker.succeeded()
        self._metrics.exchanged(sum(map(len, names)), sum(len(value) for value in values if value))
        return [_unpack(value) if isinstance(value, bytes) else None for value in values]

    async def put(self, entries: Mapping[bytes, Entry]) -> None:
        """Write entries that expire together with what the first level holds of them."""
        if not self._breaker.allows():
            return
        pipeline = self._client.pipeline(transaction=False)
        sent = 0
        for key, (answer, expires) in entries.items():
            name, value = self._name(key), _pack(answer, expires)
            sent += len(name) + len(value)
            pipeline.set(name, value, ex=self._ttl)
        try:
            await pipeline.execute()
        except asyncio.CancelledError:
            self._breaker.abandoned()
            raise
        except Exception as error:
            self._note_failure("set", error)
        else:
            self._breaker.succeeded()
            self._metrics.exchanged(sent, 0)

    async def swap(self, name: bytes, value: bytes, seconds: int) -> bytes | None:
        """See `Cache.swap`; one command, so of two pods exactly one finds what the other put there.

        Raises:
            CacheUnreachableError: Redis does not answer, or is left alone, or is older than 6.2.
        """
        if not self._breaker.allows():
            raise CacheUnreachableError("Redis is left alone for a while")
        name = self._purge_prefix + name
        try:
            found = await self._client.set(name, value, ex=seconds, get=True)
        except asyncio.CancelledError:
            self._breaker.abandoned()
            raise
        except ResponseError as error:
            # It answers, only not this.
            self._breaker.succeeded()
            raise CacheUnreachableError(str(error)) from error
        except Exception as error:
            self._note_failure("set", error)
            raise CacheUnreachableError(str(error)) from error
        self._breaker.succeeded()
        before = found if isinstance(found, bytes) else None
        self._metrics.exchanged(len(name) + len(value), len(before or b""))
        return before

    async def purge(self) -> None:
        """Remove every entry of the deployment.

        Raises:
            CacheUnreachableError: Redis did not answer; what it had not removed by then is still there.
        """
        pattern = _escape_glob(self._purge_prefix) + b"*"
        try:
            names = []
            async for name in self._client.scan_iter(match=pattern, count=_PURGE_KEYS):
                names.append(name)
                if len(names) == _PURGE_KEYS:
                    await self._client.unlink(*names)
                    names.clear()
            if names:
                await self._client.unlink(*names)
        except Exception as error:
            raise CacheUnreachableError(str(error)) from error

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
    *,
    url: str | None = None,
    ca: str | None = None,
    host: str | None = None,
    port: int | None = None,
    password: str | None = None,
) -> Redis:
    """Make a client that gives up soon and never retries: a slow cache is worse than none.

    Args:
        url: A `redis://` or `rediss://` (TLS) URL, with a user where Redis has ACLs; it goes before the rest.
        ca: Certificates of the authorities to trust with TLS, in PEM form; None: the system's.
        host: Host of the managed cache.
        port: Its port.
        password: Its password.

    Raises:
        ValueError: The URL is none, or an option of its query is none that the client takes.
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
    if url is None:
        options |= {"host": host or "localhost", "port": port or 6379, "password": password}
        return Redis.from_pool(BlockingConnectionPool(**options))
    if ca is not None and url.startswith("rediss://"):
        options["ssl_ca_data"] = ca
    pool = BlockingConnectionPool.from_url(url, **options)
    try:
        # It is not opened: but for this, options would be looked at when a request needs the cache.
        pool.make_connection()  # type: ignore[no-untyped-call]
    except (RedisError, TypeError, AttributeError) as error:
        raise ValueError(_blame(url, error)) from error
    return Redis.from_pool(pool)


def _blame(url: str, error: Exception) -> str:
    # Names alone: a value may be a secret.
    options = [f"'{name}'" for name in parse_qs(urlsplit(url).query)]
    blamed = " or ".join([option for option in options if option in str(error)] or options)
    return f"its client does not take {blamed} so: leave it out (rediss:// asks for TLS)"


def _pack(answer: Answer, expires: float) -> bytes:
    flags, content = (_TRUNCATED if answer.truncated else 0), answer.fragment
    if len(content) >= _COMPRESS_FROM:
        flags, content = flags | _COMPRESSED, zlib.compress(content, _FASTEST)
    return _HEAD.pack(expires, flags) + content


def _unpack(value: bytes) -> Entry | None:
    if len(value) <= _HEAD.size:
        return None
    expires, flags = _HEAD.unpack_from(value)
    content = value[_HEAD.size :]
    if flags & _COMPRESSED:
        try:
            content = zlib.decompress(content)
        except zlib.error:
            return None
    return Answer(content, bool(flags & _TRUNCATED)), expires


def _escape_glob(text: bytes) -> bytes:
    # The pattern characters of Redis' KEYS.
    return re.sub(rb"([*?\[\]\\^])", rb"\\\1", text)
