"""Secrets: random keys that are made once, and the copy of the user's external cache URL."""

from modelyard_operator import labels
from modelyard_operator.contract import (
    ADMIN_TOKEN_FILE,
    CACHE_CA_FILE,
    CACHE_KEY_FILE,
    CACHE_PASSWORD_FILE,
    CACHE_URL_FILE,
)
from modelyard_operator.kube.objects import Manifest
from modelyard_operator.resources.context import Context, CopySecretKey
from modelyard_operator.resources.naming import metadata


def keys_name(ctx: Context) -> str:
    """The Secret of random keys."""
    return f"{ctx.name}-keys"


def external_cache_name(ctx: Context) -> str:
    """The Secret that holds the copy of the external cache's URL."""
    return f"{ctx.name}-external-cache"


def _secret(ctx: Context, name: str) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": metadata(ctx, name, labels.COMPONENT_SERVER),
        "type": "Opaque",
    }


def keys(ctx: Context) -> Manifest:
    """Created once and never changed; the executor fills in 64 random hex digits for each None."""
    values = dict.fromkeys((CACHE_KEY_FILE, CACHE_PASSWORD_FILE, ADMIN_TOKEN_FILE))
    return _secret(ctx, keys_name(ctx)) | {"stringData": values}


def external_cache_copies(ctx: Context) -> tuple[CopySecretKey, ...]:
    """The user's cache URL and the authorities that signed its certificate.

    They are copied under a fixed name so that pods mount them whichever Secret they came from.
    """
    cache = ctx.spec.cache
    if cache is None or cache.external is None:
        return ()
    secret, target = cache.external.secret_ref.name, _secret(ctx, external_cache_name(ctx))
    return (
        CopySecretKey(secret, "url", target, CACHE_URL_FILE, schemes=("redis://", "rediss://")),
        CopySecretKey(secret, "ca.crt", target, CACHE_CA_FILE, optional=True),
    )
