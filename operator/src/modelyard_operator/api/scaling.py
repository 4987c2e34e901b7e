"""`spec.scaling`: how many pods."""

from typing import Annotated, Any

from pydantic import AfterValidator, ConfigDict, Field

from modelyard_operator.api.base import ApiModel, ObjectName
from modelyard_operator.api.checks import between
from modelyard_operator.api.rules import Rule, matching, rules

_HTTP = r"^https?://[^\s/?#@]+(/[^\s?#]*)?$"
_NO_ZERO = (
    "must be at least 1: it is about the hours in which requests come. To have no pod while none come, write "
    "toZero: {idle: 10m}"
)


def _some(replicas: int) -> int:
    if replicas < 1:
        raise ValueError(_NO_ZERO)
    return replicas


class MetricsSource(ApiModel):
    """A Prometheus that KEDA asks."""

    address: Annotated[
        str,
        Field(min_length=1, max_length=512),
        matching(
            _HTTP,
            "is no address: write it as http://HOST:9090 or https://HOST/PREFIX, without user and query",
        ),
    ]
    """Where its HTTP API is; KEDA must be able to reach it. It must scrape the pods with the label
    `namespace`."""

    authentication_ref: ObjectName | None = None
    """A TriggerAuthentication of KEDA's in this namespace; left out: Prometheus lets everybody in."""


class ToZero(ApiModel):
    """No pods while no requests come: needs KEDA's HTTP add-on, and routing mode istio or gateway.

    A request that comes is held until a pod is up.
    """

    idle: Annotated[str, *between("10s", "168h")] = "10m"
    """How long no request must have come."""

    add_on_namespace: ObjectName = "keda"
    """Where the HTTP add-on is installed: its interceptor holds the requests."""


class ScalingSpec(ApiModel):
    """Sizes and autoscaling. A change here makes no new revision."""

    model_config = ConfigDict(
        json_schema_extra=rules(
            Rule(
                rule="self.minReplicas <= self.maxReplicas",
                message="minReplicas must not be above maxReplicas: raise maxReplicas or lower minReplicas",
            ),
            Rule(
                rule="has(self.prometheus) || !(has(self.requestsPerSecond) || has(self.inFlight))",
                message="requestsPerSecond and inFlight need a Prometheus that has the pods' metrics: write "
                "its address as prometheus: {address: http://HOST:9090}",
            ),
        )
    )

    min_replicas: Annotated[
        int,
        Field(ge=0, le=1000),
        AfterValidator(_some),
        Rule(rule="self >= 1", message=f"minReplicas {_NO_ZERO}"),
    ] = 1
    """Never fewer pods than this; with `toZero`: while requests come."""

    max_replicas: Annotated[int, Field(ge=1, le=1000)] = 3
    """Never more pods than this."""

    cpu_utilization: Annotated[int, Field(ge=1, le=100)] = 70
    """Average CPU use of the server container to keep, in percent of its request."""

    requests_per_second: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    """Requests a second that a pod is to answer, besides the CPU use: more pods where either asks for more.
    Needs KEDA and `prometheus`."""

    in_flight: Annotated[int, Field(ge=1, le=100_000)] | None = None
    """Requests that a pod is to be answering at a time, besides the CPU use. Needs KEDA and `prometheus`."""

    prometheus: MetricsSource | None = None
    """Who knows how many requests there are."""

    to_zero: ToZero | None = None
    """No pods while no requests come, for which it takes KEDA's HTTP add-on and routing mode istio or
    gateway; left out: there are always some."""

    behavior: dict[str, Any] | None = None
    """Scaling speed, as in a HorizontalPodAutoscaler's `behavior`."""

    @property
    def counts_requests(self) -> bool:
        """Whether CPU use alone does not decide."""
        return self.requests_per_second is not None or self.in_flight is not None
