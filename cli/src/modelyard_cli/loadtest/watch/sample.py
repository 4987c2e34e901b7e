"""What was seen of a deployment at one moment."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Sample:
    """One look. What could not be seen is None.

    Attributes:
        at: Seconds since 1970.
        ready: Pods that are ready.
        desired: Pods that the autoscaler wants.
        cpu: Cores in use by the servers' processes together.
        memory: Bytes that they hold together.
        in_flight: Requests being answered.
        hits: Share of the items looked up since the last look that a cache had, 0 to 1.
    """

    at: float
    ready: float | None = None
    desired: float | None = None
    cpu: float | None = None
    memory: float | None = None
    in_flight: float | None = None
    hits: float | None = None


class Watch(Protocol):
    """Sees a deployment."""

    @property
    def source(self) -> str:
        """Where it looks, for the report."""

    @property
    def trouble(self) -> str:
        """Why something could not be seen at last; empty: everything was."""

    def look(self) -> None:
        """Look, if looking has to be done while it happens."""

    def samples(self, began: float, ended: float) -> list[Sample]:
        """What was seen between two moments, in seconds since 1970.

        Raises:
            CliError: It can't be had.
        """
