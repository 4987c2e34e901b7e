"""`spec.server`: the pods of a revision. What is set here is part of the revision's hash."""

from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, model_validator

from modelyard_operator.api import quantity
from modelyard_operator.api.base import ApiModel, ObjectName
from modelyard_operator.api.edge import Auth, RateLimit, RequestLog
from modelyard_operator.api.quantity_field import Quantity
from modelyard_operator.api.rules import Rule, list_map, matching, rules
from modelyard_operator.contract import PORT

ResourceList = Annotated[dict[str, Quantity], Field(max_length=8)]

REQUESTS = {"cpu": "1", "memory": "512Mi"}
LIMITS = {"cpu": "1", "memory": "1Gi"}

_ENV_NAME = r"^[A-Za-z_][A-Za-z0-9_]*$"
_LABEL = r"^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$"


class Resources(ApiModel):
    """CPU, memory and extended resources of the server container."""

    model_config = ConfigDict(
        json_schema_extra=rules(
            Rule(
                rule="!has(self.requests) || !has(self.limits) || self.requests.all(name, "
                "!(name in self.limits) || !isQuantity(string(self.requests[name])) || "
                "!isQuantity(string(self.limits[name])) || quantity(string(self.requests[name]))"
                ".compareTo(quantity(string(self.limits[name]))) <= 0)",
                message="a request must not be above its limit: raise the limit or lower the request",
            )
        )
    )

    requests: ResourceList = Field(default_factory=lambda: dict(REQUESTS))
    """What the scheduler keeps free for a pod; autoscaling is relative to the CPU here. What is left out:
    cpu 1, memory 512Mi, or the limit where that is less."""

    limits: ResourceList = Field(default_factory=lambda: dict(LIMITS))
    """What a pod may use at most; the engine's threads follow the CPU here. What is left out: cpu 1,
    memory 1Gi, or the request where that is more."""

    @model_validator(mode="after")
    def _fill(self) -> "Resources":
        """Complete both from each other and the defaults, so that a request never exceeds its limit."""
        for name, default in REQUESTS.items():
            request = self.requests.get(name) if "requests" in self.model_fields_set else None
            limit = self.limits.get(name) if "limits" in self.model_fields_set else None
            if request is None:
                self.requests[name] = quantity.smaller(default, limit or default)
            if limit is None:
                self.limits[name] = quantity.larger(LIMITS[name], request or LIMITS[name])
        return self


class EnvVar(ApiModel):
    """One variable of the server container's environment."""

    name: Annotated[
        str,
        Field(pattern=_ENV_NAME, max_length=256),
        matching(_ENV_NAME, "is no name of a variable: use letters, digits and '_', no digit first"),
        Rule(
            rule="!self.startsWith('MODELYARD_')",
            message="names that begin with MODELYARD_ are the operator's: use the fields of spec, or "
            "another name",
        ),
    ]
    """Its name; names that begin with MODELYARD_ are the operator's."""

    value: Annotated[str, Field(max_length=4096)] = ""
    """Its value."""


class Toleration(ApiModel):
    """A toleration, as in a pod."""

    key: Annotated[str, Field(max_length=316)] | None = None
    """The taint's key; left out with operator Exists, it matches every taint."""
    operator: Literal["Exists", "Equal"] | None = None
    """Exists or Equal."""
    value: Annotated[str, Field(max_length=63)] | None = None
    """The taint's value."""
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] | None = None
    """The taint's effect; left out, it matches every effect."""
    toleration_seconds: int | None = None
    """How long NoExecute is tolerated, in seconds."""


class Engine(StrEnum):
    """What runs the model."""

    AUTO = "auto"
    ONNXRUNTIME = "onnxruntime"
    OPENVINO = "openvino"


class Batching(ApiModel):
    """How items of several requests are put together."""

    max_size: Annotated[int, Field(ge=1, le=1024)] | None = None
    """Most items that the engine gets at once; left out: what tuning found best, or 32."""

    max_delay_ms: Annotated[int, Field(ge=0, le=1000)] | None = None
    """Most milliseconds that an item waits for others while the engine is busy; an idle one never waits.
    Left out: 0, so a batch is what has come while the one before it ran."""


class Queue(ApiModel):
    """Items that wait for the engine."""

    max_depth: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    """Most items of a pod that wait; a request that finds no room gets 503 with Retry-After at once. Left
    out: 4096."""


class ServerSpec(ApiModel):
    """How the model is served. A change here makes a new revision."""

    image: Annotated[str, Field(min_length=1, max_length=512)] | None = None
    """The server image; left out: the operator's default for the engine, at the revision's birth."""

    engine: Engine = Engine.AUTO
    """What runs the model. auto: what tuning found fastest among the engines of the image, or ONNX Runtime.
    openvino needs the variant of the image that has it: the operator's own, or that of `image`."""

    resources: Resources = Resources()
    """CPU and memory of a pod."""

    env: Annotated[tuple[EnvVar, ...], Field(max_length=64), list_map("name")] = ()
    """More environment for the server container."""

    threads: Annotated[int, Field(ge=1, le=256)] | None = None
    """Threads of the engine within one inference; left out: the container's CPU limit."""

    batching: Batching = Batching()
    """How items of several requests are put together."""

    queue: Queue = Queue()
    """Items that wait for the engine."""

    grpc_port: (
        Annotated[
            int,
            Field(ge=1024, le=65535),
            Rule(
                rule=f"self != {PORT}",
                message=f"{PORT} is the port of the HTTP API: choose another one, such as 9000",
            ),
        ]
        | None
    ) = None
    """Serve the Open Inference Protocol over gRPC too, on this port of pods and Service; left out: not."""

    auth: Auth | None = None
    """Who may ask; left out: everybody who can reach the pods."""

    rate_limit: RateLimit | None = None
    """How often one client may ask; left out: as often as it likes."""

    log: RequestLog | None = None
    """Write down requests and their predictions; left out: not."""

    max_connection_age_seconds: Annotated[int, Field(ge=5, le=86400)] = 300
    """A connection ends with the first answer after this age (give or take a tenth), so that keep-alive
    clients reach new pods."""

    drain_seconds: Annotated[int, Field(ge=1, le=600)] = 15
    """How long a pod that is told to end still answers while clients move away."""

    node_selector: Annotated[dict[str, Annotated[str, Field(max_length=63)]], Field(max_length=32)] = Field(
        default_factory=dict
    )
    """Labels that a node must have."""

    tolerations: Annotated[tuple[Toleration, ...], Field(max_length=32)] = ()
    """Taints that the pods tolerate."""

    affinity: dict[str, Any] | None = None
    """Affinity, as in a pod."""

    topology_spread_constraints: Annotated[tuple[dict[str, Any], ...], Field(max_length=16)] = ()
    """Topology spread constraints, as in a pod; left out: spread over nodes where possible."""

    pod_annotations: Annotated[
        dict[str, Annotated[str, Field(max_length=4096)]],
        Field(max_length=32),
        Rule(
            rule="self.all(name, !name.startsWith('modelyard.dev/'))",
            message="annotations that begin with modelyard.dev/ are the operator's: use another prefix",
        ),
    ] = Field(default_factory=dict)
    """More annotations for the pods."""

    pod_labels: Annotated[
        dict[
            str,
            Annotated[
                str,
                Field(max_length=63),
                matching(
                    _LABEL,
                    "is no value of a label: use at most 63 letters, digits, '-', '_' and '.', a letter or "
                    "digit at both ends",
                ),
            ],
        ],
        Field(max_length=32),
        Rule(
            rule="self.all(name, size(name) <= 317 && name.matches("
            "r'^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$'))",
            message="holds a key that is no name of a label: write it as team or example.org/team",
        ),
        Rule(
            rule="self.all(name, !name.startsWith('modelyard.dev/') && "
            "!name.startsWith('app.kubernetes.io/') && !name.startsWith('batch.kubernetes.io/') && "
            "!(name in ['pod-template-hash', 'controller-uid', 'job-name']))",
            message="labels that begin with modelyard.dev/, app.kubernetes.io/ or batch.kubernetes.io/, "
            "pod-template-hash, controller-uid and job-name tell pods apart for the operator and Kubernetes: "
            "use another name",
        ),
    ] = Field(default_factory=dict)
    """More labels for the pods and for those of the Job that resolves the model, such as
    azure.workload.identity/use: "true"."""

    service_account_name: ObjectName | None = None
    """Run the pods as this existing service account; left out: one is made without any rights."""
