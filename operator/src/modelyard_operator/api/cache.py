"""`spec.cache`: remember answers in Redis."""

from typing import Annotated

from pydantic import Field

from modelyard_operator.api.base import ApiModel, LocalObjectReference
from modelyard_operator.api.server import Quantity


class ManagedCache(ApiModel):
    """A small Redis that the operator runs beside the deployment: no persistence, LRU eviction."""

    max_memory: Quantity = "64Mi"
    """Evict the least recently used answers beyond this."""

    image: Annotated[str | None, Field(min_length=1, max_length=512)] = None
    """Any Redis-compatible image; left out: the operator's default (Valkey)."""


class ExternalCache(ApiModel):
    """A Redis that you run."""

    secret_ref: LocalObjectReference
    """A Secret whose key `url` holds a redis:// or rediss:// URL, user and password included."""


class CacheSpec(ApiModel):
    """Equal inputs are answered from memory. A change here makes no new revision and restarts no pod."""

    ttl_seconds: Annotated[int, Field(ge=1, le=31_536_000)] = 180
    """How long an answer is remembered."""

    managed: ManagedCache | None = None
    """Let the operator run the cache; exclusive with `external`."""

    external: ExternalCache | None = None
    """Use a Redis of yours; exclusive with `managed`."""
