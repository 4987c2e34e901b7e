"""What the operator and the model server must agree on.

The operator writes these names into pods; the server reads them. The file stands in both packages,
byte for byte, and `tests/contract` fails when the two differ. It imports nothing.
"""

from typing import Final

# --- the pod -------------------------------------------------------------------------------------
PORT: Final = 8080
"""TCP port of the HTTP API, probes, metrics and the admin routes."""

SERVER_CONTAINER: Final = "server"
FETCH_CONTAINER: Final = "fetch"
RESOLVE_CONTAINER: Final = "resolve"

MODEL_DIR: Final = "/model"
"""Where `fetch` lays the artifact and `serve` reads it: an emptyDir. `pvc:` is read at PVC_MOUNT."""

RUNTIME_DIR: Final = "/etc/modelyard/runtime"
"""A projected volume that changes while the pod runs; the server reads it again when it does."""

RUNTIME_CONFIG_FILE: Final = "runtime.json"
"""In RUNTIME_DIR: `{"cache": null | {"ttlSeconds": int, "mode": "managed" | "external",
"host": str | null, "port": int | null}}`."""

CACHE_KEY_FILE: Final = "cache-key"
"""In RUNTIME_DIR: the secret key of the keyed hash of cache entries (32 bytes as 64 hex digits)."""

CACHE_PASSWORD_FILE: Final = "cache-password"
"""In RUNTIME_DIR: the password of the managed cache (user `default`)."""

CACHE_URL_FILE: Final = "cache-url"
"""In RUNTIME_DIR, only with an external cache: its `redis://` or `rediss://` URL."""

CACHE_CA_FILE: Final = "cache-ca"
"""In RUNTIME_DIR, only with an external cache whose certificate the system's authorities did not sign: the
authorities' certificates (PEM)."""

ADMIN_TOKEN_FILE: Final = "admin-token"
"""In RUNTIME_DIR: the bearer token of the admin routes."""

TUNING_FILE: Final = "tuning.json"
"""In RUNTIME_DIR, only when the ConfigMap `<name>-tuning` is there: what `modelyard tune` measured."""

TERMINATION_MESSAGE_PATH: Final = "/dev/termination-log"
TERMINATION_MESSAGE_LIMIT: Final = 4096
"""Bytes that the kubelet keeps of a termination message."""

# --- the environment of fetch, resolve and serve --------------------------------------------------
ENV_NAMESPACE: Final = "MODELYARD_NAMESPACE"
ENV_DEPLOYMENT: Final = "MODELYARD_DEPLOYMENT"
ENV_REVISION: Final = "MODELYARD_REVISION"
ENV_MODEL_URI: Final = "MODELYARD_MODEL_URI"
"""What the user wrote; `resolve` reads it."""
ENV_MODEL_PINNED: Final = "MODELYARD_MODEL_PINNED"
"""The immutable reference that `resolve` reported; `fetch` and `serve` read it."""
ENV_MODEL_DIGEST: Final = "MODELYARD_MODEL_DIGEST"
"""`sha256:…` that `resolve` reported or the user pinned; `fetch` checks it. Unset: not checked."""
ENV_MODEL_TASK: Final = "MODELYARD_MODEL_TASK"
ENV_MODEL_VARIANT: Final = "MODELYARD_MODEL_VARIANT"
ENV_MODEL_DIR: Final = "MODELYARD_MODEL_DIR"
ENV_RUNTIME_DIR: Final = "MODELYARD_RUNTIME_DIR"
ENV_PORT: Final = "MODELYARD_PORT"
ENV_THREADS: Final = "MODELYARD_THREADS"
"""Intra-op threads of the engine; unset: the container's CPU limit."""
ENV_MAX_CONNECTION_AGE: Final = "MODELYARD_MAX_CONNECTION_AGE_SECONDS"
ENV_DRAIN: Final = "MODELYARD_DRAIN_SECONDS"
ENV_ENGINE: Final = "MODELYARD_ENGINE"
"""`auto`, `onnxruntime` or `openvino`; unset: auto."""
ENV_BATCH_MAX_SIZE: Final = "MODELYARD_BATCH_MAX_SIZE"
ENV_BATCH_MAX_DELAY: Final = "MODELYARD_BATCH_MAX_DELAY_MS"
ENV_QUEUE_MAX_DEPTH: Final = "MODELYARD_QUEUE_MAX_DEPTH"
ENV_GRPC_PORT: Final = "MODELYARD_GRPC_PORT"
"""TCP port of the Open Inference Protocol over gRPC; unset: gRPC is off."""
ENV_MAX_ITEMS: Final = "MODELYARD_MAX_ITEMS"
ENV_MAX_BYTES: Final = "MODELYARD_MAX_BYTES"
"""Most bytes of a request's body, and of a picture fetched by its address."""
ENV_MAX_PIXELS: Final = "MODELYARD_MAX_PIXELS"
ENV_IMAGE_URLS: Final = "MODELYARD_IMAGE_URLS"
"""Hosts that pictures may be fetched from, comma-separated, each `host`, `*.domain` or `host:port`; unset:
pictures are not fetched."""
ENV_EDGE: Final = "MODELYARD_EDGE"
"""JSON `{"auth": {...}, "rateLimit": {...}, "log": {...}}` with the fields of the spec's own names, each
absent when it is not set."""

API_KEYS_DIR: Final = "/etc/modelyard/api-keys"
"""Where the Secret of `server.auth.apiKeys` is mounted: a file a client, its content the key or
`sha256:` and 64 hex digits; read again when it changes."""
ENV_API_KEYS_DIR: Final = "MODELYARD_API_KEYS_DIR"

PVC_MOUNT: Final = "/source"
"""Where a `pvc://CLAIM/PATH` source is mounted read-only in resolve, fetch and serve."""

# --- HTTP ----------------------------------------------------------------------------------------
PATH_HEALTH: Final = "/health"
PATH_READY: Final = "/ready"
"""200 when warm, 503 before and while draining. JSON: `{"ready": bool, "state": "loading" | "ready" |
"draining", "model": str, "revision": str, "task": str | null, "loadSeconds": float | null,
"warmSeconds": float | null}`."""
PATH_METRICS: Final = "/metrics"
PATH_SERVING: Final = "/admin/serving"
"""`PUT {"serving": bool}` with `Authorization: Bearer TOKEN`; answers the JSON of PATH_READY and
`"serving"`. A pod told false answers on, and ends each connection with its next answer."""
PATH_PURGE: Final = "/admin/cache/purge"
"""`POST` with `Authorization: Bearer TOKEN`: forgets every answer of the deployment, in the pod's memory and
in Redis; answers `{"purged": true}`."""
PATH_SHADOW: Final = "/admin/shadow"
"""`PUT {"role": "stable" | "candidate" | null, "pair": str | null, "sampling": 0..1,
"forward": {"url": str, "percent": 0..100} | null}` with `Authorization: Bearer TOKEN`: how the pod takes
part in comparing two revisions; answers the same JSON. `pair` is `STABLE-CANDIDATE`, the revisions' names.
`role` null: it takes no part, as a pod that has just started. With `forward`, for a stable pod alone, the
pod itself sends copies of requests to the candidate at `url` (`http://HOST:PORT`); without, something in
front mirrors them."""

# --- reports through the termination message (one line of JSON) ----------------------------------
# resolve, success: {"ok": true, "pinned": str, "digest": "sha256:…" | null, "bytes": int,
#                    "task": str | null, "seconds": float}
# fetch, success:   {"ok": true, "digest": "sha256:…", "bytes": int, "seconds": float}
# either, failure:  {"ok": false, "reason": REASON, "message": str, "permanent": bool}
# serve, failure to load: the same failure line, in the server container.
REASON_UNKNOWN_SCHEME: Final = "UnknownScheme"
REASON_INVALID_URI: Final = "InvalidURI"
REASON_NOT_FOUND: Final = "NotFound"
REASON_FORBIDDEN: Final = "Forbidden"
REASON_UNREACHABLE: Final = "StoreUnreachable"
REASON_DIGEST_MISMATCH: Final = "DigestMismatch"
REASON_SOURCE_CHANGED: Final = "SourceChanged"
REASON_NOT_A_MODEL: Final = "NotAModel"
REASON_NO_SPACE: Final = "NoSpace"
REASON_LOAD_FAILED: Final = "LoadFailed"
REASON_INTERNAL: Final = "InternalError"
