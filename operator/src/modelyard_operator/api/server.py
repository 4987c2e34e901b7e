"""`spec.server`: the pods of a revision. What is set here is part of the revision's hash."""

from typing import Annotated, Any

from pydantic import Field

from modelyard_operator.api.base import ApiModel

Quantity = Annotated[str, Field(max_length=32, pattern=r"^[0-9]+(\.[0-9]+)?(m|k|Ki|M|Mi|G|Gi|T|Ti)?$")]
ResourceList = Annotated[dict[str, Quantity], Field(max_length=8)]


class Resources(ApiModel):
    """CPU, memory and extended resources of the server container."""

    requests: ResourceList = Field(default_factory=lambda: {"cpu": "1", "memory": "512Mi"})
    """What the scheduler keeps free for a pod; autoscaling is relative to the CPU here."""

    limits: ResourceList = Field(default_factory=lambda: {"cpu": "1", "memory": "1Gi"})
    """What a pod may use at most; the engine's threads follow the CPU here."""


class EnvVar(ApiModel):
    """One variable of the server container's environment."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", max_length=256)]
    """Its name; names that begin with MODELYARD_ are the operator's."""

    value: Annotated[str, Field(max_length=4096)] = ""
    """Its value."""


class Toleration(ApiModel):
    """A toleration, as in a pod."""

    key: Annotated[str | None, Field(max_length=316)] = None
    """The taint's key; left out with operator Exists, it matches every taint."""
    operator: Annotated[str | None, Field(pattern="^(Exists|Equal)$")] = None
    """Exists or Equal."""
    value: Annotated[str | None, Field(max_length=63)] = None
    """The taint's value."""
    effect: Annotated[str | None, Field(pattern="^(NoSchedule|PreferNoSchedule|NoExecute)$")] = None
    """The taint's effect; left out, it matches every effect."""
    toleration_seconds: int | None = None
    """How long NoExecute is tolerated, in seconds."""


class ServerSpec(ApiModel):
    """How the model is served. A change here makes a new revision."""

    image: Annotated[str | None, Field(min_length=1, max_length=512)] = None
    """The server image; left out: the operator's default at the revision's birth."""

    resources: Resources = Resources()
    """CPU and memory of a pod."""

    env: Annotated[tuple[EnvVar, ...], Field(max_length=64)] = ()
    """More environment for the server container."""

    threads: Annotated[int | None, Field(ge=1, le=256)] = None
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

    pod_annotations: Annotated[dict[str, Annotated[str, Field(max_length=4096)]], Field(max_length=32)] = (
        Field(default_factory=dict)
    )
    """More annotations for the pods."""

    service_account_name: Annotated[str | None, Field(max_length=253)] = None
    """Run the pods as this existing service account; left out: one is made without any rights."""
