"""`spec.rollout`: how a new revision takes over."""

from typing import Annotated

from pydantic import Field

from modelyard_operator.api.base import ApiModel, Duration
from modelyard_operator.api.rules import Rule


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
    """A new revision that is not ready by then is given up; the old one serves on."""

    paused: bool = False
    """Hold: no new revision is started and none takes over."""
