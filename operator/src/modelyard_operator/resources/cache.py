"""The managed cache: one small Redis-compatible pod without persistence, and the Service before it."""

from modelyard_operator import labels
from modelyard_operator.api.quantity import whole
from modelyard_operator.contract import CACHE_PASSWORD_FILE
from modelyard_operator.kube.objects import Manifest
from modelyard_operator.resources import keys, pod, service_account
from modelyard_operator.resources.context import Context
from modelyard_operator.resources.deployment import DEPLOYMENT
from modelyard_operator.resources.naming import all_labels, metadata, select
from modelyard_operator.resources.service import SERVICE

PORT = 6379
OVERHEAD_BYTES = 32 * 2**20
"""Of the process itself, beside the entries."""


def name(ctx: Context) -> str:
    """The name of its Deployment and Service."""
    return f"{ctx.name}-cache"


def managed_cache(ctx: Context) -> tuple[Manifest, ...]:
    """The cache's children; none unless `spec.cache.managed` is set."""
    cache = ctx.spec.cache
    if cache is None or cache.managed is None:
        return ()
    image = cache.managed.image or ctx.defaults.cache_image
    return (_service(ctx), _deployment(ctx, image, whole(cache.managed.max_memory)))


def _service(ctx: Context) -> Manifest:
    return {
        "apiVersion": SERVICE.api_version,
        "kind": SERVICE.kind,
        "metadata": metadata(ctx, name(ctx), labels.COMPONENT_CACHE),
        "spec": {
            "selector": select(ctx, labels.COMPONENT_CACHE),
            "ports": [{"name": "redis", "port": PORT, "targetPort": "redis", "protocol": "TCP"}],
        },
    }


def _deployment(ctx: Context, image: str, max_bytes: int) -> Manifest:
    return {
        "apiVersion": DEPLOYMENT.api_version,
        "kind": DEPLOYMENT.kind,
        "metadata": metadata(ctx, name(ctx), labels.COMPONENT_CACHE),
        "spec": {
            "selector": {"matchLabels": select(ctx, labels.COMPONENT_CACHE)},
            # Two caches behind one Service would answer each other's misses.
            "strategy": {"type": "Recreate"},
            "revisionHistoryLimit": 0,
            "template": {
                "metadata": {"labels": all_labels(ctx, labels.COMPONENT_CACHE)},
                "spec": {
                    **pod.security(),
                    "serviceAccountName": service_account.name(ctx),
                    "terminationGracePeriodSeconds": 5,
                    "containers": [_container(ctx, image, max_bytes)],
                },
            },
        },
    }


def _container(ctx: Context, image: str, max_bytes: int) -> Manifest:
    # Eviction begins at max_bytes of entries; allocator slack and client buffers come on top.
    memory = str(max_bytes * 3 // 2 + OVERHEAD_BYTES)
    probe = {"tcpSocket": {"port": "redis"}, "periodSeconds": 5, "timeoutSeconds": 2}
    password = {"name": keys.keys_name(ctx), "key": CACHE_PASSWORD_FILE}
    return {
        "name": "cache",
        "image": image,
        "imagePullPolicy": ctx.defaults.image_pull_policy,
        # No command: the entry points of the valkey and redis images take arguments that begin with `--`
        # as the server's own, whichever of the two it is.
        "args": [
            *("--port", str(PORT)),
            *("--maxmemory", str(max_bytes)),
            *("--maxmemory-policy", "allkeys-lru"),
            *("--save", ""),
            *("--appendonly", "no"),
            *("--requirepass", "$(CACHE_PASSWORD)"),
        ],
        "env": [{"name": "CACHE_PASSWORD", "valueFrom": {"secretKeyRef": password}}],
        "ports": [{"name": "redis", "containerPort": PORT, "protocol": "TCP"}],
        "resources": {
            "requests": {"cpu": "50m", "memory": memory},
            "limits": {"cpu": "1", "memory": memory},
        },
        "readinessProbe": probe,
        "livenessProbe": probe | {"periodSeconds": 20, "failureThreshold": 3},
        "securityContext": pod.container_security(),
    }
