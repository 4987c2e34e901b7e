"""`spec.server`: the pods of a revision. What is set here is part of the revision's hash."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field, model_validator

from modelyard_operator.api import quantity
from modelyard_operator.api.base import ApiModel, ObjectName
from modelyard_operator.api.rules import Extra, Rule, list_map, matching, rules

Quantity = Annotated[
    str,
    BeforeValidator(lambda value: str(value) if isinstance(value, int) else value),
    Field(max_length=32, pattern=quantity.PATTERN),
    Extra((("x-kubernetes-int-or-string", True),)),
    Rule(
        rule=f"string(self).matches(r'{quantity.PATTERN}')",
        message="is not a quantity: write it as 500m, 2, 512Mi or 1Gi",
    ),
]
"""A quantity; YAML may have it as a number."""

ResourceList = Annotated[dict[str, Quantity], Field(max_length=8)]

REQUESTS = {"cpu": "1", "memory": "512Mi"}
LIMITS = {"cpu": "1", "memory": "1Gi"}

_ENV_NAME = r"^[A-Za-z_][A-Za-z0-9_]*$"


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


class ServerSpec(ApiModel):
    """How the model is served. A change here makes a new revision."""

    image: Annotated[str, Field(min_length=1, max_length=512)] | None = None
    """The server image; left out: the operator's default at the revision's birth."""

    resources: Resources = Resources()
    """CPU and memory of a pod."""

    env: Annotated[tuple[EnvVar, ...], Field(max_length=64), list_map("name")] = ()
    """More environment for the server container."""

    threads: Annotated[int, Field(ge=1, le=256)] | None = None
    """Threads of the engine within one inference; left out: the container's CPU limit."""

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

    service_account_name: ObjectName | None = None
    """Run the pods as this existing service account; left out: one is made without any rights."""
