"""The pod of a revision: `fetch` brings and verifies the artifact, `server` serves it."""

from modelyard_operator import contract, labels
from modelyard_operator.api.quantity import whole
from modelyard_operator.api.server import Engine
from modelyard_operator.kube.objects import Manifest
from modelyard_operator.resources import edge, pod, sources
from modelyard_operator.resources.context import Context, Source
from modelyard_operator.resources.naming import select
from modelyard_operator.resources.runtime_volume import runtime_mount, runtime_volume

STARTUP_SECONDS = 3600
"""How long a model may load before the kubelet gives up; `spec.rollout.deadline` judges much earlier."""

GRACE_SECONDS = 30
"""For requests in flight, beyond `drainSeconds`."""

MODEL_SIZE_UNKNOWN = "20Gi"
MODEL_SLACK_BYTES = 256 * 2**20


def spec(ctx: Context, source: Source, revision: str) -> Manifest:
    """The server's own part of the pod's spec, beside `pod.base`."""
    return {
        "terminationGracePeriodSeconds": ctx.spec.server.drain_seconds + GRACE_SECONDS,
        "topologySpreadConstraints": _spread(ctx, revision),
        "initContainers": [_fetch(ctx, source, revision)],
        "containers": [_server(ctx, source, revision)],
        "volumes": [
            {"name": "model", "emptyDir": {"sizeLimit": _model_size(source)}},
            pod.tmp_volume(),
            runtime_volume(ctx),
            *edge.volumes(ctx.spec.server),
            *sources.volumes(source.uri),
        ],
    }


def _model_size(source: Source) -> str:
    # Twice: a download that is resumed may leave parts beside the finished files.
    return MODEL_SIZE_UNKNOWN if source.bytes is None else str(2 * source.bytes + MODEL_SLACK_BYTES)


def _spread(ctx: Context, revision: str) -> list[Manifest]:
    if ctx.spec.server.topology_spread_constraints:
        return list(ctx.spec.server.topology_spread_constraints)
    return [
        {
            "maxSkew": 1,
            "topologyKey": key,
            "whenUnsatisfiable": "ScheduleAnyway",
            "labelSelector": {"matchLabels": select(ctx, labels.COMPONENT_SERVER, revision)},
        }
        for key in ("topology.kubernetes.io/zone", "kubernetes.io/hostname")
    ]


def _env(ctx: Context, source: Source, revision: str) -> list[Manifest]:
    """What fetch and serve both read."""
    model = ctx.spec.model
    return [
        *pod.common_env(ctx),
        *pod.variable(contract.ENV_REVISION, revision),
        *pod.variable(contract.ENV_MODEL_URI, source.uri),
        *pod.variable(contract.ENV_MODEL_PINNED, source.pinned),
        *pod.variable(contract.ENV_MODEL_DIGEST, model.digest or source.digest),
        *pod.variable(contract.ENV_MODEL_TASK, model.task or source.task),
        *pod.variable(contract.ENV_MODEL_VARIANT, model.variant),
        *pod.variable(contract.ENV_MODEL_DIR, contract.MODEL_DIR),
    ]


def _fetch(ctx: Context, source: Source, revision: str) -> Manifest:
    return {
        **pod.server_container(ctx, contract.FETCH_CONTAINER, "fetch"),
        **pod.store_secret(ctx),
        "env": [*_env(ctx, source, revision), *pod.store_env()],
        # The same as the server's: a pod is scheduled by the larger of the two, so they cost nothing.
        "resources": _resources(ctx),
        "volumeMounts": [
            {"name": "model", "mountPath": contract.MODEL_DIR},
            pod.tmp_mount(),
            *sources.mounts(source.uri),
        ],
    }


def _server(ctx: Context, source: Source, revision: str) -> Manifest:
    server = ctx.spec.server
    ready = {"httpGet": {"path": contract.PATH_READY, "port": "http"}}
    health = {"httpGet": {"path": contract.PATH_HEALTH, "port": "http"}}
    # Each name once: server-side apply refuses duplicates. CEL keeps MODELYARD_ names the operator's.
    theirs = {variable.name for variable in server.env}
    env = [
        *_env(ctx, source, revision),
        *pod.variable(contract.ENV_RUNTIME_DIR, contract.RUNTIME_DIR),
        *pod.variable(contract.ENV_PORT, contract.PORT),
        *pod.variable(contract.ENV_THREADS, server.threads),
        *pod.variable(contract.ENV_MAX_CONNECTION_AGE, server.max_connection_age_seconds),
        *pod.variable(contract.ENV_DRAIN, server.drain_seconds),
        *_engine_env(ctx),
        *_inputs_env(ctx),
        *_edge_env(ctx),
        *pod.variable("HF_HUB_OFFLINE", 1),
    ]
    return {
        **pod.server_container(ctx, contract.SERVER_CONTAINER, "serve"),
        "env": [
            *(variable for variable in env if variable["name"] not in theirs),
            # The API server does not keep an empty value.
            *(
                {"name": variable.name} | ({"value": variable.value} if variable.value else {})
                for variable in server.env
            ),
        ],
        "ports": _ports(ctx),
        "resources": _resources(ctx),
        # Until it has succeeded once, neither of the others runs: a model that still loads is never killed.
        "startupProbe": ready
        | {"periodSeconds": 1, "timeoutSeconds": 5, "failureThreshold": STARTUP_SECONDS},
        "readinessProbe": ready | {"periodSeconds": 5, "timeoutSeconds": 5, "failureThreshold": 3},
        "livenessProbe": health | {"periodSeconds": 10, "timeoutSeconds": 10, "failureThreshold": 6},
        "volumeMounts": [
            {"name": "model", "mountPath": contract.MODEL_DIR, "readOnly": True},
            pod.tmp_mount(),
            runtime_mount(),
            *edge.mounts(server),
            *sources.mounts(source.uri),
        ],
    }


def _engine_env(ctx: Context) -> list[Manifest]:
    server = ctx.spec.server
    engine = None if server.engine is Engine.AUTO else server.engine.value
    return [
        *pod.variable(contract.ENV_ENGINE, engine),
        *pod.variable(contract.ENV_BATCH_MAX_SIZE, server.batching.max_size),
        *pod.variable(contract.ENV_BATCH_MAX_DELAY, server.batching.max_delay_ms),
        *pod.variable(contract.ENV_QUEUE_MAX_DEPTH, server.queue.max_depth),
        *pod.variable(contract.ENV_GRPC_PORT, server.grpc_port),
    ]


def _inputs_env(ctx: Context) -> list[Manifest]:
    inputs = ctx.spec.inputs
    max_bytes = None if inputs.max_bytes is None else whole(inputs.max_bytes)
    return [
        *pod.variable(contract.ENV_MAX_ITEMS, inputs.max_items),
        *pod.variable(contract.ENV_MAX_BYTES, max_bytes),
        *pod.variable(contract.ENV_MAX_PIXELS, inputs.max_pixels),
        *pod.variable(contract.ENV_IMAGE_URLS, ",".join(inputs.image_urls.allow) or None),
    ]


def _edge_env(ctx: Context) -> list[Manifest]:
    server = ctx.spec.server
    keys_dir = None if edge.keys_secret(server) is None else contract.API_KEYS_DIR
    return [
        *pod.variable(contract.ENV_EDGE, edge.settings(server)),
        *pod.variable(contract.ENV_API_KEYS_DIR, keys_dir),
    ]


def _ports(ctx: Context) -> list[Manifest]:
    ports = [("http", contract.PORT), ("grpc", ctx.spec.server.grpc_port)]
    return [
        {"name": name, "containerPort": port, "protocol": "TCP"} for name, port in ports if port is not None
    ]


def _resources(ctx: Context) -> Manifest:
    resources = ctx.spec.server.resources
    return {"requests": dict(resources.requests), "limits": dict(resources.limits)}
