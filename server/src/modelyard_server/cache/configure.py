"""The cache that a state of the runtime volume asks for."""

import random
import secrets
import time

import structlog

from modelyard_server.cache.base import Cache, CacheMetrics
from modelyard_server.cache.breaker import Breaker
from modelyard_server.cache.keys import KEY_BYTES, Keyer, deployment_prefix, keyer, redis_prefix
from modelyard_server.cache.memory import MemoryCache
from modelyard_server.cache.redis import RedisCache, connect
from modelyard_server.cache.tiered import TieredCache
from modelyard_server.runtime import Runtime

log = structlog.get_logger(__name__)


def configure_cache(
    runtime: Runtime,
    *,
    deployment: str,
    revision: str,
    memory_bytes: int,
    metrics: CacheMetrics,
) -> tuple[Keyer, Cache | None]:
    """Make the keyer and the cache.

    Args:
        runtime: The state of the runtime volume.
        deployment: Namespace and name of the deployment.
        revision: Its revision.
        memory_bytes: Size of the first level.
        metrics: Hears what the cache does.

    Returns:
        The keyer, which single flight needs also without a cache, and the cache or None.
    """
    # Without the shared secret a random one does: this process' entries are then of use to nobody else.
    make_keys = keyer(runtime.cache_key or secrets.token_bytes(KEY_BYTES), deployment, revision)
    config = runtime.cache
    if config is None:
        return make_keys, None
    redis = None
    if runtime.cache_key is None:
        log.error("the cache has no key file; caching in this process alone")
    elif config.mode == "external" and not runtime.cache_url:
        log.error("the external cache has no URL; caching in this process alone")
    else:
        redis = _redis(runtime, deployment, revision, metrics)
    memory = MemoryCache(memory_bytes, clock=time.time)
    return make_keys, TieredCache(memory, redis, ttl=config.ttl_seconds, clock=time.time, metrics=metrics)


def _redis(runtime: Runtime, deployment: str, revision: str, metrics: CacheMetrics) -> RedisCache | None:
    config = runtime.cache
    if config is None:
        return None
    try:
        client = (
            connect(url=runtime.cache_url, ca=runtime.cache_ca)
            if config.mode == "external"
            else connect(host=config.host, port=config.port, password=runtime.cache_password)
        )
    except ValueError as error:
        log.warning("the external cache's URL can't be used; caching in this process alone", error=str(error))
        return None
    breaker = Breaker(
        time.monotonic,
        jitter=lambda: random.uniform(0.8, 1.2),  # noqa: S311 - spreads load, keeps no secret
        on_change=metrics.breaker,
    )
    metrics.breaker(breaker.is_open)
    return RedisCache(
        client,
        prefix=redis_prefix(deployment, revision),
        purge_prefix=deployment_prefix(deployment),
        ttl=config.ttl_seconds,
        breaker=breaker,
        clock=time.time,
        metrics=metrics,
    )
