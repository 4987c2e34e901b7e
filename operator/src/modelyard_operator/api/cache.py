"""`spec.cache`: remember answers in Redis."""

from typing import Annotated

from pydantic import ConfigDict, Field

from modelyard_operator.api.base import ApiModel, LocalObjectReference
from modelyard_operator.api.quantity_field import Quantity
from modelyard_operator.api.rules import Rule, rules


class ManagedCache(ApiModel):
    """A small Redis that the operator runs beside the deployment: no persistence, LRU eviction."""

    max_memory: Annotated[
        Quantity,
        Rule(
            rule="!isQuantity(string(self)) || quantity(string(self)).compareTo(quantity('1Mi')) >= 0",
            message="is too little for a cache: at least 1Mi",
        ),
    ] = "64Mi"
    """Evict the least recently used answers beyond this."""

    image: Annotated[str, Field(min_length=1, max_length=512)] | None = None
    """Any Redis-compatible image whose entry point takes the server's flags, as those of redis and valkey
    do; left out: the operator's default (Valkey)."""


class ExternalCache(ApiModel):
    """A Redis that you run."""

    secret_ref: LocalObjectReference
    """A Secret whose key `url` holds a redis:// or, for TLS, rediss:// URL, with the user of an ACL and its
    password: rediss://USER:PASSWORD@HOST:PORT/0. Its key `ca.crt`, where there is one, holds the certificates
    (PEM) of the authorities to trust with TLS; without it: the system's."""


class CacheSpec(ApiModel):
    """Equal inputs are answered from memory. A change here makes no new revision and restarts no pod."""

    model_config = ConfigDict(
        json_schema_extra=rules(
            Rule(
                rule="has(self.managed) != has(self.external)",
                message="a cache is either managed or external: write `managed: {}` to let the operator run "
                "one, or `external` with the Secret of yours",
            )
        )
    )

    ttl_seconds: Annotated[int, Field(ge=1, le=31_536_000)] = 180
    """How long an answer is remembered."""

    managed: ManagedCache | None = None
    """Let the operator run the cache; exclusive with `external`."""

    external: ExternalCache | None = None
    """Use a Redis of yours; exclusive with `managed`."""
