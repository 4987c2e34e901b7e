"""The ConfigMap of what may change while a pod runs."""

from typing import Any

import orjson

from modelyard_operator import labels
from modelyard_operator.contract import RUNTIME_CONFIG_FILE
from modelyard_operator.kube.kinds import Kind
from modelyard_operator.kube.objects import Manifest
from modelyard_operator.resources import cache
from modelyard_operator.resources.context import Context
from modelyard_operator.resources.naming import metadata
from modelyard_operator.resources.runtime_volume import config_map_name

CONFIG_MAP = Kind("v1", "ConfigMap", "configmaps")


def runtime_config(ctx: Context) -> Manifest:
    """The ConfigMap: one JSON file, as the contract has it."""
    content = orjson.dumps({"cache": _cache(ctx)}, option=orjson.OPT_SORT_KEYS).decode()
    return {
        "apiVersion": CONFIG_MAP.api_version,
        "kind": CONFIG_MAP.kind,
        "metadata": metadata(ctx, config_map_name(ctx), labels.COMPONENT_SERVER),
        "data": {RUNTIME_CONFIG_FILE: content},
    }


def _cache(ctx: Context) -> dict[str, Any] | None:
    spec = ctx.spec.cache
    if spec is None:
        return None
    managed = spec.managed is not None
    return {
        "ttlSeconds": spec.ttl_seconds,
        "mode": "managed" if managed else "external",
        "host": cache.name(ctx) if managed else None,
        "port": cache.PORT if managed else None,
    }
