"""Leaves a failing service alone for a while, so that waiting for it costs few requests."""

from collections.abc import Callable


class Breaker:
    """Opens after a few failures in a row; then one caller in a while may try again.

    Args:
        clock: Monotonic seconds.
        jitter: A factor around 1, drawn anew for each pause, so that many pods do not return together.
        failures: How many in a row open it.
        first_pause: Seconds of the first pause; each further one is twice as long.
        longest_pause: Seconds of the longest.
        on_change: Hears when it opens or closes.
    """

    def __init__(
        self,
        clock: Callable[[], float],
        jitter: Callable[[], float],
        *,
        failures: int = 3,
        first_pause: float = 1.0,
        longest_pause: float = 30.0,
        on_change: Callable[[bool], None] = lambda _open: None,
    ) -> None:
        self._clock = clock
        self._jitter = jitter
        self._limit = failures
        self._first_pause = first_pause
        self._longest_pause = longest_pause
        self._on_change = on_change
        self._failures = 0
        self._pause = first_pause
        self._retry_at = 0.0
        self._trying = False

    @property
    def is_open(self) -> bool:
        """Whether the service is being left alone."""
        return self._failures >= self._limit

    def allows(self) -> bool:
        """Whether the caller may ask the service; a caller that may must report back."""
        if not self.is_open:
            return True
        if self._trying or self._clock() < self._retry_at:
            return False
        self._trying = True
        return True

    def succeeded(self) -> None:
        """The service answered."""
        if self.is_open:
            self._on_change(False)
        self._failures = 0
        self._pause = self._first_pause
        self._trying = False

    def failed(self) -> None:
        """The service did not answer in time, or with an error."""
        was_trying, was_open = self._trying, self.is_open
        self._trying = False
        self._failures += 1
        if self.is_open and (was_trying or not was_open):
            self._retry_at = self._clock() + self._pause * self._jitter()
            self._pause = min(self._pause * 2, self._longest_pause)
        if self.is_open and not was_open:
            self._on_change(True)

    def abandoned(self) -> None:
        """The caller went away before the service could answer; nothing was learnt."""
        self._trying = False
