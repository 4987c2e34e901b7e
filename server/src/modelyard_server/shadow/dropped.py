"""Why a request that was to be compared was not."""

from enum import StrEnum


class Dropped(StrEnum):
    """Why; the label `reason` of `modelyard_shadow_dropped_total`."""

    BUSY = "busy"
    """The model has enough to do."""
    FULL = "full"
    """Too many wait to be compared, or they hold too many bytes."""
    LARGE = "large"
    """Its answers are too large to be compared."""
    UNNAMED = "unnamed"
    """It came without an `X-Request-Id`, so its copy can't be known."""
    REDIS = "redis"
    """There is no Redis, or it does not answer."""
    UNREACHABLE = "unreachable"
    """The candidate can't be reached, or did not answer in time."""
    REFUSED = "refused"
    """The candidate answered with an error."""
    UNREADABLE = "unreadable"
    """What the other side gave is no answer of this kind."""
    FAILED = "failed"
    """An error of the comparison itself; the log has it."""


class DroppedError(Exception):
    """A request is not compared.

    Attributes:
        reason: Why.
    """

    def __init__(self, reason: Dropped) -> None:
        super().__init__(reason.value)
        self.reason = reason
