"""What pods counted: of one pod at one moment, and of a revision in a window. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from modelyard_operator.analysis.histogram import EMPTY, Histogram

SERVER_ERROR = "5"


@dataclass(frozen=True, slots=True)
class Compared:
    """Predictions that were held against another pod's."""

    compared: float = 0.0
    disagreed: float = 0.0

    @property
    def rate(self) -> float:
        """The share that differed; 0 without any."""
        return self.disagreed / self.compared if self.compared else 0.0

    def __add__(self, other: "Compared") -> "Compared":
        """Both together."""
        return Compared(self.compared + other.compared, self.disagreed + other.disagreed)


@dataclass(frozen=True, slots=True)
class Reading:
    """The counters and gauges of one pod, since it started."""

    started: float | None = None
    """When its process started, in seconds since the epoch; None: not told."""
    requests: Mapping[str, float] = field(default_factory=dict)
    """Requests answered, by HTTP status."""
    durations: Histogram = EMPTY
    """Seconds of those that no cache answered."""
    compared: Mapping[str, Compared] = field(default_factory=dict)
    """By what they were held against, `candidate` or `stable`."""
    dropped: Mapping[str, float] = field(default_factory=dict)
    """Requests that were to be compared and were not, by the server's reason."""
    cpu_seconds: float | None = None
    queue_items: float | None = None
    in_flight: float | None = None

    def began_anew_since(self, before: "Reading") -> bool:
        """Whether the process is another one than before, so that it counts from zero again."""
        if self.started is not None and before.started is not None and self.started != before.started:
            return True
        return any(self.requests.get(code, 0.0) < count for code, count in before.requests.items())


@dataclass(frozen=True, slots=True)
class Gauge:
    """The mean of something that is looked at now and then."""

    total: float = 0.0
    looks: int = 0

    @property
    def mean(self) -> float | None:
        """None: nobody looked."""
        return self.total / self.looks if self.looks else None

    def __add__(self, other: "Gauge") -> "Gauge":
        """Both together."""
        return Gauge(self.total + other.total, self.looks + other.looks)


UNSEEN = Gauge()


@dataclass(frozen=True, slots=True)
class Counts:
    """What happened in a window, summed over the pods of a revision."""

    requests: Mapping[str, float] = field(default_factory=dict)
    """Requests answered, by HTTP status."""
    durations: Histogram = EMPTY
    compared: Mapping[str, Compared] = field(default_factory=dict)
    dropped: Mapping[str, float] = field(default_factory=dict)
    queue_items: Gauge = UNSEEN
    in_flight: Gauge = UNSEEN
    cpu_seconds: float = 0.0
    pod_seconds: float = 0.0
    """Seconds over which `cpu_seconds` were used, each pod's on its own."""

    @property
    def answered(self) -> int:
        """Requests answered."""
        return round(sum(self.requests.values()))

    @property
    def errors(self) -> int:
        """Those that were answered with 5xx."""
        return round(sum(n for code, n in self.requests.items() if code.startswith(SERVER_ERROR)))

    def __add__(self, other: "Counts") -> "Counts":
        """Both together."""
        return Counts(
            requests=_sum(self.requests, other.requests, 0.0),
            durations=self.durations + other.durations,
            compared=_sum(self.compared, other.compared, Compared()),
            dropped=_sum(self.dropped, other.dropped, 0.0),
            queue_items=self.queue_items + other.queue_items,
            in_flight=self.in_flight + other.in_flight,
            cpu_seconds=self.cpu_seconds + other.cpu_seconds,
            pod_seconds=self.pod_seconds + other.pod_seconds,
        )


def since(before: Reading | None, now: Reading, seconds: float) -> Counts:
    """What a pod did since it was read before, `seconds` ago.

    Args:
        before: None, or of an earlier process: it counts from zero.
        now: As it is read now.
        seconds: Of the time between.
    """
    anew = before is None or now.began_anew_since(before)
    base = Reading() if before is None or anew else before
    used = None
    if now.cpu_seconds is not None and not anew:
        used = max(0.0, now.cpu_seconds - (base.cpu_seconds or 0.0))
    return Counts(
        requests={code: n - base.requests.get(code, 0.0) for code, n in now.requests.items()},
        durations=now.durations.minus(base.durations),
        compared={against: _compared(base.compared.get(against), n) for against, n in now.compared.items()},
        dropped={reason: max(0.0, n - base.dropped.get(reason, 0.0)) for reason, n in now.dropped.items()},
        queue_items=_look(now.queue_items),
        in_flight=_look(now.in_flight),
        # Loading the model is no sign of load, so a process that began meanwhile tells nothing of its CPU.
        cpu_seconds=used or 0.0,
        pod_seconds=0.0 if used is None else seconds,
    )


def _compared(before: Compared | None, now: Compared) -> Compared:
    """A pair that is compared a second time counts from zero, in the same process."""
    if before is None or now.compared < before.compared or now.disagreed < before.disagreed:
        return now
    return Compared(now.compared - before.compared, now.disagreed - before.disagreed)


def _look(value: float | None) -> Gauge:
    return UNSEEN if value is None else Gauge(value, 1)


_V = TypeVar("_V", float, Compared)


def _sum(left: Mapping[str, _V], right: Mapping[str, _V], nothing: _V) -> dict[str, _V]:
    return {key: left.get(key, nothing) + right.get(key, nothing) for key in left.keys() | right.keys()}
