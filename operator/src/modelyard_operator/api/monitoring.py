"""`spec.monitoring`: who scrapes the pods, and what is good enough."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from modelyard_operator.api.base import ApiModel, Duration
from modelyard_operator.api.rules import Rule, matching

_VALUE = r"^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$"
LabelValue = Annotated[
    str,
    Field(max_length=63),
    matching(_VALUE, "is no value of a label: use letters, digits, '-', '_' and '.'"),
]


class Scraped(StrEnum):
    """Whether a ServiceMonitor is made."""

    AUTO = "auto"
    NEVER = "never"


def _share() -> tuple[object, ...]:
    return (
        Field(ge=0, le=1),
        Rule(
            rule="self >= 0.5 && self < 1.0",
            message="must be from 0.5 to below 1, such as 0.999: an objective of 1 leaves nothing to spend",
        ),
    )


class LatencyObjective(ApiModel):
    """How many requests are to be answered within what time, those that a cache answers included."""

    within_ms: Literal[5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000]
    """The bound, in milliseconds: one that the servers' histogram has."""

    share: Annotated[float, *_share()]
    """Share of the requests that are to be within it, such as 0.99."""


class Objectives(ApiModel):
    """What is good enough, over 30 days. Alerts tell when failures come too fast for that."""

    availability: Annotated[float, *_share()] | None = None
    """Share of the requests that are to be answered without a 5xx, such as 0.999."""

    latency: LatencyObjective | None = None
    """How quickly requests are to be answered."""


class MonitoringSpec(ApiModel):
    """Metrics. A change here makes no new revision."""

    service_monitor: Scraped = Scraped.AUTO
    """Make a ServiceMonitor for the Prometheus operator where the cluster has that kind (auto), or never."""

    labels: Annotated[dict[str, LabelValue], Field(default_factory=dict, max_length=16)]
    """Labels of the ServiceMonitor, for a Prometheus that takes up only those with its label, such as
    `release: kube-prometheus-stack`."""

    interval: Duration | None = None
    """How often to scrape; left out: as often as Prometheus does by default."""

    slo: Objectives | None = None
    """Objectives; left out: none, and no alert about any."""
