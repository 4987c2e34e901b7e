"""`spec.rollout`: how a new revision takes over."""

from typing import Annotated

from pydantic import Field

from modelyard_operator.api.analysis import AnalysisSpec
from modelyard_operator.api.base import ApiModel, Duration
from modelyard_operator.api.rules import Rule
from modelyard_operator.api.steps import Steps


class RolloutSpec(ApiModel):
    """A new revision starts beside the old one, takes over when it is warm, and the old one drains."""

    keep_revisions: Annotated[int, Field(ge=0, le=8)] = 2
    """Former revisions to remember, at zero pods, for a roll-back."""

    keep_warm: Annotated[int, Field(ge=0, le=4)] = 1
    """Former revisions that keep their pods for `rollbackWindow`, so that a roll-back is immediate."""

    rollback_window: Duration = "10m"
    """How long former revisions stay warm after a promotion."""

    deadline: Annotated[
        Duration,
        Rule(rule="self.matches(r'[1-9]')", message="must be longer than no time at all: such as 10m"),
    ] = "10m"
    """A new revision without a step's pods and traffic by then is given up; the old one serves on."""

    steps: Steps = ()
    """What a new revision goes through before it takes over; none: full size, one switch."""

    analysis: AnalysisSpec | None = None
    """What the candidate's traffic is held against in every step; left out: time alone decides, where a step
    has no analysis of its own."""

    paused: bool = False
    """Hold: no new revision is started, and one that is on its way stays where it is."""
