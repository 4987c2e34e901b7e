"""What auth, rate limit and request log need in the server's pod: settings, files, a place to write."""

from math import ceil

import orjson

from modelyard_operator import contract
from modelyard_operator.api.edge import LOG_DIR, LogSink
from modelyard_operator.api.server import ServerSpec
from modelyard_operator.kube.objects import Manifest

KEYS_VOLUME = "api-keys"
LOG_VOLUME = "log"
LOG_SIZE = "1Gi"


def settings(server: ServerSpec) -> str | None:
    """The contract's ENV_EDGE; None when nothing is set."""
    found: Manifest = {}
    auth, limit, log = server.auth, server.rate_limit, server.log
    if auth is not None:
        found["auth"] = auth.to_dict()
        if auth.api_keys is not None:
            # Where the keys lie is the pod's own: the Secret's name is of no use in it.
            found["auth"]["apiKeys"] = {"header": auth.api_keys.header}
    if limit is not None:
        burst = limit.burst or max(1, ceil(limit.requests_per_second))
        found["rateLimit"] = {"requestsPerSecond": limit.requests_per_second, "burst": burst}
    if log is not None:
        found["log"] = log.to_dict()
    return orjson.dumps(found, option=orjson.OPT_SORT_KEYS).decode() if found else None


def keys_secret(server: ServerSpec) -> str | None:
    """The user's Secret of API keys; None where none is named."""
    keys = server.auth.api_keys if server.auth is not None else None
    return None if keys is None else keys.secret_ref.name


def volumes(server: ServerSpec) -> list[Manifest]:
    """The API keys, and where the sink `file` writes."""
    found: list[Manifest] = []
    secret = keys_secret(server)
    if secret is not None:
        # Not optional: a pod that let nobody in, or everybody, would be worse than one that waits.
        found.append({"name": KEYS_VOLUME, "secret": {"secretName": secret, "defaultMode": 0o440}})
    if _writes_file(server):
        found.append({"name": LOG_VOLUME, "emptyDir": {"sizeLimit": LOG_SIZE}})
    return found


def mounts(server: ServerSpec) -> list[Manifest]:
    """The mounts of `volumes`."""
    found: list[Manifest] = []
    if keys_secret(server) is not None:
        found.append({"name": KEYS_VOLUME, "mountPath": contract.API_KEYS_DIR, "readOnly": True})
    if _writes_file(server):
        found.append({"name": LOG_VOLUME, "mountPath": LOG_DIR})
    return found


def _writes_file(server: ServerSpec) -> bool:
    return server.log is not None and server.log.sink is LogSink.FILE
