"""What a plan asks to be measured. Pure values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from modelyard_operator.analysis.case import Ended
from modelyard_operator.analysis.window import PodRef
from modelyard_operator.api.analysis import AnalysisSpec

DEFAULT_INTERVAL = 30.0
"""Seconds between two counts where nothing is analysed."""


@dataclass(frozen=True, slots=True)
class Measure:
    """The candidate of a rollout, measured from a moment on."""

    candidate: str
    stable: str | None
    """What to compare with; None: nothing else has traffic, as at weight 100."""
    pods: tuple[PodRef, ...]
    """The ready pods of both, and of any other revision whose requests are to be counted."""
    since: datetime
    """When the step's traffic was seen to flow. Another moment, or another pair, begins anew."""
    spec: AnalysisSpec | None = None
    """With the step's overrides; None: requests are counted, and nothing is judged."""
    shadowed: bool = False
    """Copies of requests flow to the candidate, and predictions are compared."""
    cpu_limit: float | None = None
    """CPUs that a pod of the candidate may use."""
    jobs: Mapping[str, Ended] = field(default_factory=dict)
    """How the step's Jobs stand, by the check's name."""
    phase: str = "Progressing"
    """For webhooks."""

    @property
    def identity(self) -> tuple[str, str | None, datetime]:
        """What a window belongs to."""
        return self.candidate, self.stable, self.since

    @property
    def pair(self) -> str:
        """The comparison's name in the servers' metrics."""
        return f"{self.stable}-{self.candidate}"
