"""`spec.routing`: how traffic is split between revisions, and where it comes from."""

from enum import StrEnum
from typing import Annotated

from pydantic import ConfigDict, Field

from modelyard_operator.api.base import ApiModel, ObjectName
from modelyard_operator.api.rules import Rule, matching, rules

_HOST = r"^([*][.])?[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)+$"
_SPAN = r"^[1-9][0-9]{0,4}(ms|s|m)$"
_RETRY_ON = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"

Host = Annotated[
    str,
    Field(min_length=1, max_length=253),
    matching(_HOST, "is no host: write it in lower case and with its domain, such as sentiment.example.org"),
    Rule(
        rule="!self.matches(r'[.](svc|local)$') && !self.matches(r'[.]svc[.]')",
        message="is a name inside the cluster, which every deployment has by itself: write the host that the "
        "gateway takes requests for",
    ),
]

Span = Annotated[
    str,
    Field(max_length=8),
    matching(_SPAN, "is no span of time: write it as 500ms, 30s or 2m"),
]
"""A short duration, in a form that both Istio and the Gateway API take as it stands."""


class RoutingMode(StrEnum):
    """What splits the traffic."""

    AUTO = "auto"
    ISTIO = "istio"
    GATEWAY = "gateway"
    REPLICAS = "replicas"


class GatewayReference(ApiModel):
    """A Gateway of yours: of Istio in mode istio, of the Gateway API in mode gateway."""

    namespace: ObjectName | None = None
    """Its namespace; left out: the ModelDeployment's own."""

    name: ObjectName
    """Its name."""


class Retries(ApiModel):
    """Asking again where a pod did not answer. A prediction may be asked for twice: it changes nothing."""

    attempts: Annotated[int, Field(ge=0, le=10)] = 2
    """How often to ask again; 0: never."""

    per_try_timeout: Span | None = None
    """How long one attempt may take; left out: as long as all of them."""

    retry_on: Annotated[
        tuple[
            Annotated[
                str,
                Field(min_length=1, max_length=64),
                matching(_RETRY_ON, "is no condition of Envoy's retries: such as connect-failure or 503"),
            ],
            ...,
        ],
        Field(min_length=1, max_length=16),
    ] = ("connect-failure", "refused-stream", "reset", "unavailable", "cancelled")
    """When to ask again: Envoy's retry conditions, or status codes. No status code is among the defaults, so
    errors of a bad revision are seen as they are."""


class OutlierDetection(ApiModel):
    """Leaving out a pod that fails again and again."""

    consecutive_errors: Annotated[int, Field(ge=1, le=1000)] = 5
    """Answers of 5xx in a row after which a pod is left out."""

    interval: Span = "10s"
    """How often pods are judged."""

    ejection_time: Span = "30s"
    """How long a pod is left out; longer each time."""

    max_ejection_percent: Annotated[int, Field(ge=0, le=100)] = 50
    """Of a revision's pods, how many may be left out at once, in per cent."""


_NEEDS_A_PROXY = "(has(self.timeout) || has(self.retries) || has(self.outlierDetection))"


class RoutingSpec(ApiModel):
    """Who splits the traffic between revisions, and where it comes from. A change makes no new revision."""

    model_config = ConfigDict(
        json_schema_extra=rules(
            Rule(
                rule="(has(self.hosts) && self.hosts.size() > 0) == has(self.gateway)",
                message="hosts and gateway belong together: the gateway takes requests for the hosts; write "
                "both, or neither for clients inside the cluster",
            ),
            Rule(
                rule="self.mode != 'gateway' || has(self.gateway)",
                message="mode gateway needs gateway and hosts: an HTTPRoute hangs on a Gateway",
            ),
            Rule(
                rule="self.mode != 'gateway' || !(has(self.retries) || has(self.outlierDetection))",
                message="mode gateway has neither retries nor outlierDetection, as an HTTPRoute knows none: "
                "leave them out, or set mode to istio",
            ),
            Rule(
                rule=f"self.mode != 'replicas' || !(has(self.gateway) || {_NEEDS_A_PROXY})",
                message="mode replicas has no proxy for gateway, hosts, timeout, retries and "
                "outlierDetection: leave them out, or set mode to auto",
            ),
            Rule(
                rule=f"self.mode != 'auto' || has(self.gateway) || !{_NEEDS_A_PROXY}",
                message="without a gateway, mode auto is replicas, which has no proxy for timeout, retries "
                "and outlierDetection: name the gateway, or set mode to istio for clients with sidecars",
            ),
            Rule(
                rule="!has(self.timeout) || !has(self.retries) || !has(self.retries.perTryTimeout) || "
                "duration(self.retries.perTryTimeout) <= duration(self.timeout)",
                message="retries.perTryTimeout must not be longer than timeout: lower it or raise timeout",
            ),
        )
    )

    mode: RoutingMode = RoutingMode.AUTO
    """istio: a VirtualService. gateway: an HTTPRoute, for any implementation of the Gateway API. replicas:
    the Service and the numbers of pods, which needs nothing. auto: istio or gateway, whichever the named
    gateway is of; replicas without one."""

    hosts: Annotated[tuple[Host, ...], Field(max_length=16)] = ()
    """The host names that the gateway takes requests for."""

    gateway: GatewayReference | None = None
    """Where requests from outside come in. It is yours: the operator only points routes at it."""

    timeout: Span | None = None
    """How long a request may take, attempts included; left out: as the mesh has it."""

    retries: Retries | None = None
    """Asking again where a pod did not answer; left out: the defaults of its fields, in mode istio."""

    outlier_detection: OutlierDetection | None = None
    """Leave out pods that fail again and again; left out: none is."""
