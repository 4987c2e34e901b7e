"""What `spec.scaling` and `spec.cache` may not say, and what the API server answers."""

from tests.operator.api.manifests import Manifest, spec

CACHE = (
    'spec.cache: Invalid value: "object": a cache is either managed or external: write `managed: {}` to let '
    "the operator run one, or `external` with the Secret of yours"
)
QUANTITY = "is not a quantity: write it as 500m, 2, 512Mi or 1Gi"

CASES: list[tuple[Manifest, str]] = [
    (
        spec(scaling={"minReplicas": 5}),
        'spec.scaling: Invalid value: "object": minReplicas must not be above maxReplicas: '
        "raise maxReplicas or lower minReplicas",
    ),
    (
        spec(scaling={"minReplicas": 0}),
        'spec.scaling.minReplicas: Invalid value: "integer": minReplicas must be at least 1: it is '
        "about the hours in which requests come. To have no pod while none come, write toZero: {idle: 10m}",
    ),
    (
        spec(scaling={"toZero": {"idle": "1s"}}),
        'spec.scaling.toZero.idle: Invalid value: "string": must be from 10s to 168h, written as 30s or '
        "1m30s",
    ),
    (
        spec(scaling={"toZero": {"addOnNamespace": "Keda"}}),
        'spec.scaling.toZero.addOnNamespace: Invalid value: "string": is no name of an object: use '
        "lower-case letters, digits, '-' and '.'",
    ),
    (
        spec(scaling={"inFlight": 8}),
        'spec.scaling: Invalid value: "object": requestsPerSecond and inFlight need a Prometheus that has '
        "the pods' metrics: write its address as prometheus: {address: http://HOST:9090}",
    ),
    (
        spec(scaling={"inFlight": 8, "prometheus": {"address": "prometheus:9090"}}),
        'spec.scaling.prometheus.address: Invalid value: "string": is no address: write it as '
        "http://HOST:9090 or https://HOST/PREFIX, without user and query",
    ),
    (spec(cache={}), CACHE),
    (spec(cache={"managed": {}, "external": {"secretRef": {"name": "s"}}}), CACHE),
    (
        spec(cache={"managed": {"maxMemory": "0"}}),
        'spec.cache.managed.maxMemory: Invalid value: "": is too little for a cache: at least 1Mi',
    ),
    (
        spec(cache={"managed": {"maxMemory": "lots"}}),
        f'spec.cache.managed.maxMemory: Invalid value: "": {QUANTITY}',
    ),
]
