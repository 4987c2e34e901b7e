"""ModelDeployments whose children are compared with golden files and sent to a real API server."""

from typing import Any

from modelyard_operator.api.deployment import ModelDeploymentSpec
from modelyard_operator.kube.objects import Manifest
from modelyard_operator.resources import catalog
from modelyard_operator.resources.context import Context, Defaults, Source

DEFAULTS = Defaults(
    server_image="modelyard-server:1",
    cache_image="valkey/valkey:8-alpine",
    operator_namespace="modelyard-system",
    server_image_openvino="modelyard-server:1-openvino",
)

MINIMAL: dict[str, Any] = {"model": {"uri": "s3://models/sentiment"}}

FULL: dict[str, Any] = {
    "model": {
        "uri": "hf://org/repo@main",
        "digest": "sha256:" + "d" * 64,
        "task": "text-classification",
        "variant": "quantized",
        "secretRef": {"name": "hub-token"},
    },
    "server": {
        "image": "registry.example.org/own-server:2",
        "resources": {"requests": {"cpu": 2, "memory": "1536Mi"}, "limits": {"memory": "3Gi"}},
        "env": [{"name": "HOME", "value": "/model"}, {"name": "EMPTY", "value": ""}],
        "threads": 2,
        "maxConnectionAgeSeconds": 60,
        "drainSeconds": 40,
        "nodeSelector": {"kubernetes.io/arch": "amd64"},
        "tolerations": [{"key": "dedicated", "operator": "Exists", "effect": "NoSchedule"}],
        "affinity": {
            "nodeAffinity": {
                "requiredDuringSchedulingIgnoredDuringExecution": {
                    "nodeSelectorTerms": [{"matchExpressions": [{"key": "disk", "operator": "Exists"}]}]
                }
            }
        },
        "topologySpreadConstraints": [
            {
                "maxSkew": 2,
                "topologyKey": "kubernetes.io/hostname",
                "whenUnsatisfiable": "DoNotSchedule",
                "labelSelector": {"matchLabels": {"modelyard.dev/deployment": "full"}},
            }
        ],
        "podAnnotations": {"example.org/team": "vision"},
        "serviceAccountName": "own-account",
    },
    "cache": {"ttlSeconds": 60, "managed": {"maxMemory": "100M", "image": "redis:7"}},
    "scaling": {
        "minReplicas": 2,
        "maxReplicas": 9,
        "cpuUtilization": 50,
        "behavior": {"scaleDown": {"stabilizationWindowSeconds": 0}},
    },
    "networkPolicy": {"from": [{"namespaceSelector": {"matchLabels": {"team": "web"}}}]},
    "monitoring": {
        "labels": {"release": "prometheus", "modelyard.dev/deployment": "another"},
        "interval": "15s",
        "slo": {"availability": 0.999, "latency": {"withinMs": 500, "share": 0.99}},
    },
}

VOLUME: dict[str, Any] = {
    "model": {"uri": "pvc://claim/models/a", "task": "tensor"},
    "cache": {"external": {"secretRef": {"name": "my-redis"}}},
    "networkPolicy": {"enabled": False},
    "monitoring": {"serviceMonitor": "never"},
}

IMAGE: dict[str, Any] = {"model": {"uri": "file:///opt/model"}, "cache": {"managed": {}}}

EDGE: dict[str, Any] = {
    "model": {"uri": "s3://models/pictures", "task": "tensor"},
    "server": {
        "engine": "openvino",
        "batching": {"maxSize": 16, "maxDelayMs": 5},
        "queue": {"maxDepth": 500},
        "grpcPort": 9000,
        "auth": {
            "apiKeys": {"secretRef": {"name": "clients"}, "header": "X-Key"},
            "jwt": {
                "issuer": "https://id.example.org/realm",
                "jwksUri": "https://id.example.org/keys",
                "audiences": ["pictures"],
            },
        },
        "rateLimit": {"requestsPerSecond": 2.5},
        "log": {
            "sink": "file",
            "path": "/var/log/modelyard/requests.jsonl",
            "sampling": 0.1,
            "redact": ["text"],
        },
    },
    "inputs": {
        "imageUrls": {"allow": ["images.example.org", "*.example.net:8443"]},
        "maxBytes": "16Mi",
        "maxPixels": 25000000,
        "maxItems": 64,
    },
    "networkPolicy": {"from": [{"podSelector": {}}]},
}

KEDA: dict[str, Any] = {
    "model": {"uri": "s3://models/sentiment"},
    "scaling": {
        "minReplicas": 2,
        "maxReplicas": 9,
        "requestsPerSecond": 40,
        "inFlight": 8,
        "prometheus": {
            "address": "https://prometheus.example.org/tenant",
            "authenticationRef": "prometheus",
        },
        "behavior": {"scaleDown": {"stabilizationWindowSeconds": 60}},
    },
}

ZERO: dict[str, Any] = {
    "model": {"uri": "s3://models/sentiment"},
    "scaling": KEDA["scaling"] | {"toZero": {"idle": "1h30m", "addOnNamespace": "add-on"}},
    "networkPolicy": {"from": [{"podSelector": {}}]},
}

IDENTITY: dict[str, Any] = {
    "model": {"uri": "az://account.blob.core.windows.net/models/sentiment"},
    "server": {
        "podLabels": {"azure.workload.identity/use": "true"},
        "serviceAccountName": "model-reader",
    },
}

CASES = {
    "minimal": MINIMAL,
    "full": FULL,
    "volume": VOLUME,
    "image": IMAGE,
    "edge": EDGE,
    "keda": KEDA,
    "zero": ZERO,
    "identity": IDENTITY,
}


def context(name: str, spec: dict[str, Any] | None = None, uid: str = "uid", **metadata: Any) -> Context:
    return Context(
        namespace="default",
        name=name,
        uid=uid,
        spec=ModelDeploymentSpec.model_validate(CASES[name] if spec is None else spec),
        defaults=metadata.get("defaults", DEFAULTS),
    )


def source(ctx: Context, pin: str = "a", size: int | None = 90_000_000) -> Source:
    return Source(
        uri=ctx.spec.model.uri,
        key=catalog.model_key(ctx.spec.model),
        pinned=f"{ctx.spec.model.uri}@manifest:{pin * 64}",
        digest="sha256:" + "e" * 64,
        task="text-classification",
        bytes=size,
    )


def children(ctx: Context) -> dict[str, Manifest]:
    """Every child of a revision's life, by the name of its golden file."""
    revision = catalog.birth(ctx, source(ctx))
    built = [
        *catalog.shared(ctx),
        catalog.resolve_job(ctx, catalog.model_key(ctx.spec.model)),
        catalog.controller_revision(ctx, revision),
        revision.deployment,
        revision.service,
        *scalers(ctx, revision.name),
        catalog.disruption_budget(ctx, revision.name),
        catalog.stable_service(ctx, revision.name),
    ]
    return {f"{child['kind']}-{child['metadata']['name']}": child for child in built}


def scalers(ctx: Context, revision: str) -> list[Manifest]:
    """What scales a revision, and what holds its requests."""
    scaling = ctx.spec.scaling
    bounds = (scaling.min_replicas, scaling.max_replicas)
    if scaling.to_zero is not None:
        namespace = scaling.to_zero.add_on_namespace
        scaled = catalog.scaled_object(ctx, revision, *bounds, held_by=namespace, may_sleep=True)
        return [catalog.interceptor_route(ctx, revision), scaled]
    build = catalog.scaled_object if scaling.counts_requests else catalog.autoscaler
    return [build(ctx, revision, *bounds)]
