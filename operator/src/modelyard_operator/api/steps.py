"""`spec.rollout.steps`: what a candidate goes through before it is promoted."""

from typing import Annotated

from pydantic import ConfigDict, Field

from modelyard_operator.api.analysis import StepAnalysis
from modelyard_operator.api.base import ApiModel, Duration
from modelyard_operator.api.rules import Rule, rules

MAX_STEPS = 20


class ShadowStep(ApiModel):
    """Copies of requests go to the candidate; its answers go to nobody, and are compared."""

    percent: Annotated[int, Field(ge=1, le=100)]
    """Of the requests, how many are copied."""

    for_: Annotated[Duration, Field(alias="for")]
    """How long the candidate is watched."""


class ApprovalStep(ApiModel):
    """A person decides, on evidence that is frozen when the step is entered."""

    required: Annotated[int, Field(ge=1, le=10)] = 1
    """How many different people must approve."""

    expires_after: Duration | None = None
    """The candidate is given up when nobody has decided by then; left out: it waits."""

    forbid_self_approval: bool = False
    """Whoever changed the spec last cannot approve it."""


class StepSpec(ApiModel):
    """One step: exactly one of `weight`, `shadow` and `approval`."""

    model_config = ConfigDict(
        json_schema_extra=rules(
            Rule(
                rule="[has(self.weight), has(self.shadow), has(self.approval)].filter(x, x).size() == 1",
                message="a step is exactly one of weight, shadow and approval: write one list entry for each",
            ),
            Rule(
                # `for` is a word of CEL's own: https://kubernetes.io/docs/reference/using-api/cel/#escaping
                rule="!has(self.__for__) || has(self.weight)",
                message="for belongs to weight; a shadow has its own (shadow.for), an approval expiresAfter",
            ),
        )
    )

    weight: Annotated[int, Field(ge=0, le=100)] | None = None
    """Per cent of the traffic that goes to the candidate."""

    for_: Annotated[Duration | None, Field(alias="for")] = None
    """How long the candidate is watched at this weight; left out: it goes on once the traffic is there."""

    shadow: ShadowStep | None = None
    """Copies of requests go to the candidate."""

    approval: ApprovalStep | None = None
    """A person decides."""

    analysis: StepAnalysis | None = None
    """What this step holds the candidate against, over `rollout.analysis`."""


Steps = Annotated[
    tuple[StepSpec, ...],
    Field(max_length=MAX_STEPS),
    Rule(
        rule="self.filter(s, has(s.weight)).map(s, s.weight).isSorted()",
        message="weights must not fall from step to step: a rollout goes up, and back to 0 at once",
    ),
]
"""In order; after the last the candidate is promoted. None: full size, one switch."""
