"""Where a pod stands between its start and its end, as its probes tell it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class State(StrEnum):
    """What the readiness probe says."""

    LOADING = "loading"
    READY = "ready"
    DRAINING = "draining"


@dataclass(slots=True)
class Lifecycle:
    """The state that probes, routes and connections share.

    Attributes:
        model: Name of the deployment.
        revision: Its revision.
        state: Loading, ready or draining.
        serving: Whether the pod's revision serves stable traffic; the operator says so.
        task: The task, once loaded.
        load_seconds: Seconds that loading took.
        warm_seconds: Seconds that warming up took.
    """

    model: str
    revision: str
    state: State = State.LOADING
    serving: bool = True
    task: str | None = None
    load_seconds: float | None = None
    warm_seconds: float | None = None

    @property
    def ready(self) -> bool:
        """Whether new traffic should come."""
        return self.state is State.READY

    def report(self) -> dict[str, Any]:
        """The JSON of the contract's PATH_READY."""
        return {
            "ready": self.ready,
            "state": self.state.value,
            "model": self.model,
            "revision": self.revision,
            "task": self.task,
            "loadSeconds": self.load_seconds,
            "warmSeconds": self.warm_seconds,
        }
