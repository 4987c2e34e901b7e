"""`spec.rollout.analysis`: what a candidate's traffic is held against before it may go on."""

from enum import StrEnum
from typing import Annotated, Any

from pydantic import ConfigDict, Field

from modelyard_operator.api.base import ApiModel
from modelyard_operator.api.checks import JobCheck, Prometheus, Query, Webhook, between
from modelyard_operator.api.rules import Rule, list_map, rules


def _from_to(low: float, high: float) -> tuple[Any, Rule]:
    """A share from `low` to `high`: the API server's own message would cut off their decimals."""
    rule = f"self >= {float(low)} && self <= {float(high)}"
    return Field(ge=0, le=1), Rule(rule=rule, message=f"must be from {low:g} to {high:g}")


Share = Annotated[float, Field(ge=0, le=1)]
Millis = Annotated[
    float,
    Field(ge=0, le=3_600_000),
    Rule(rule="self > 0.0", message="no answer takes 0 ms: write a number above 0, or leave it out"),
]
Interval = Annotated[str, *between("1s", "1h")]


class OnNoData(StrEnum):
    """What too little traffic for a verdict counts as."""

    HOLD = "hold"
    FAIL = "fail"
    PASS = "pass"  # noqa: S105 - no password


class Compare(ApiModel):
    """The candidate beside the stable revision, over the same time, by statistical tests.

    A difference fails only when it is both sure and large enough to matter.
    """

    latency: bool = True
    """Compare how long answers take."""

    errors: bool = True
    """Compare how often answers are errors (5xx)."""

    confidence: Annotated[float, *_from_to(0.8, 0.9999)] = 0.99
    """How sure a difference must be before it counts."""

    max_slower: Annotated[float, *_from_to(0.05, 1)] = 0.2
    """The share of requests that may be slower than on the stable revision: at 0.2, the candidate fails when
    there is a time within which the stable one answers over 20 points more of its requests."""

    max_more_errors: Annotated[float, *_from_to(0.005, 1)] = 0.05
    """By how much the share of errors may be above the stable revision's: 0.05 is 5 points."""

    patience: Annotated[str, *between("1m", "24h")] | None = None
    """How long a comparison with too little traffic may hold the candidate at one share of the traffic;
    then the other gates decide. Left out: until there is enough."""


class Saturation(ApiModel):
    """How busy the candidate's pods may be, each as the mean over its pods and the window."""

    max_queue_items: Annotated[float, Field(ge=0, le=1_000_000)] | None = None
    """Items that wait for the engine in a pod."""

    max_in_flight: Annotated[float, Field(ge=0, le=1_000_000)] | None = None
    """Requests that a pod is answering at once."""

    max_cpu: (
        Annotated[
            float,
            Field(ge=0, le=1),
            Rule(rule="self > 0.0", message="every pod takes some CPU: write a share above 0, such as 0.9"),
        ]
        | None
    ) = None
    """CPU that a pod uses, as a share of its limit."""


Queries = Annotated[tuple[Query, ...], Field(max_length=8), list_map("name")]
Webhooks = Annotated[tuple[Webhook, ...], Field(max_length=4), list_map("name")]
Jobs = Annotated[tuple[JobCheck, ...], Field(max_length=4), list_map("name")]

_NEEDS_PROMETHEUS = Rule(
    rule="!has(self.queries) || self.queries.size() == 0 || has(self.prometheus)",
    message="queries need a Prometheus to ask: write its address as prometheus: {address: http://HOST:9090}",
)


class AnalysisSpec(ApiModel):
    """What is measured of a candidate, how often, and what it is held against.

    Numbers of requests come from the pods, or from Prometheus where one is named. Latency leaves out what
    came from the cache; probes and scrapes are never counted.
    """

    model_config = ConfigDict(json_schema_extra=rules(_NEEDS_PROMETHEUS))

    interval: Interval = "30s"
    """A verdict is given this often."""

    min_requests: Annotated[int, Field(ge=1, le=1_000_000)] = 50
    """Requests that the candidate must have answered before there is a verdict; a window that saw fewer, or
    too few to be sure, goes on into the next interval."""

    max_error_rate: Share | None = None
    """The share of the candidate's answers that may be errors (5xx)."""

    max_p50_ms: Millis | None = None
    """Milliseconds within which half of the candidate's answers must come."""

    max_p95_ms: Millis | None = None
    """The same for 95 of 100 answers."""

    max_p99_ms: Millis | None = None
    """The same for 99 of 100 answers."""

    max_disagreement: Share | None = None
    """The share of shadowed requests on which the candidate's predictions may differ from the stable
    revision's, beyond what the stable one differs from itself."""

    compare: Compare = Compare()
    """The candidate beside the stable revision."""

    saturation: Saturation | None = None
    """How busy the candidate's pods may be."""

    queries: Queries = ()
    """PromQL of your own."""

    webhooks: Webhooks = ()
    """Services that are asked."""

    jobs: Jobs = ()
    """Containers that must succeed."""

    prometheus: Prometheus | None = None
    """Ask this Prometheus; left out: the pods themselves are asked, and `queries` cannot be."""

    on_no_data: OnNoData = OnNoData.HOLD
    """What too little traffic for a verdict counts as: hold waits for more, fail counts against failureLimit,
    pass goes on."""

    failure_limit: Annotated[int, Field(ge=1, le=100)] = 2
    """Failed verdicts in a row that end the rollout."""

    def overlaid(self, step: "StepAnalysis | None") -> "AnalysisSpec":
        """With what a step says in place of the same here; checks of lists are replaced by name, or added."""
        if step is None:
            return self
        changed: dict[str, Any] = {}
        for name in AnalysisSpec.model_fields:
            over = getattr(step, name)
            if isinstance(over, tuple):
                changed[name] = _by_name(getattr(self, name), over)
            elif over is not None:
                changed[name] = over
        # Not validated anew: both lists together may be longer than one may be.
        return self.model_copy(update=changed)


class StepAnalysis(ApiModel):
    """What one step holds the candidate against, over what stands in `rollout.analysis`.

    A field that is left out stays as it is there. Queries, webhooks and jobs are added; one of a name that is
    there already takes its place.
    """

    interval: Interval | None = None
    """A verdict is given this often."""

    min_requests: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    """Requests before there is a verdict."""

    max_error_rate: Share | None = None
    """The share of answers that may be errors (5xx)."""

    max_p50_ms: Millis | None = None
    """Milliseconds within which half of the answers must come."""

    max_p95_ms: Millis | None = None
    """The same for 95 of 100 answers."""

    max_p99_ms: Millis | None = None
    """The same for 99 of 100 answers."""

    max_disagreement: Share | None = None
    """The share of shadowed requests on which predictions may differ."""

    compare: Compare | None = None
    """The candidate beside the stable revision."""

    saturation: Saturation | None = None
    """How busy the pods may be."""

    queries: Annotated[tuple[Query, ...], Field(max_length=4), list_map("name")] = ()
    """More PromQL of your own."""

    webhooks: Annotated[tuple[Webhook, ...], Field(max_length=2), list_map("name")] = ()
    """More services that are asked."""

    jobs: Annotated[tuple[JobCheck, ...], Field(max_length=2), list_map("name")] = ()
    """More containers that must succeed."""

    prometheus: Prometheus | None = None
    """Ask this Prometheus."""

    on_no_data: OnNoData | None = None
    """What too little traffic counts as."""

    failure_limit: Annotated[int, Field(ge=1, le=100)] | None = None
    """Failed verdicts in a row that end the rollout."""


def _by_name(below: tuple[Any, ...], over: tuple[Any, ...]) -> tuple[Any, ...]:
    """`over` in place of those of the same name in `below`; the others after them."""
    named = {each.name: each for each in over}
    kept = tuple(named.pop(each.name, each) for each in below)
    return (*kept, *named.values())
