"""What k6 measured, out of the record that its dashboard output writes: a JSON document a line.

The form is that of github.com/grafana/xk6-dashboard, a part of k6 since 0.49: the event `metric` names
metrics, `snapshot` has the values of one period, `cumulative` those of the whole run, each in the order of
the names.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

_TREND: Final = ("avg", "max", "med", "min", "p90", "p95", "p99")
DURATION: Final = "http_req_duration"
FAILED: Final = "http_req_failed"
REQUESTS: Final = "http_reqs"


@dataclass(frozen=True, slots=True)
class Latency:
    """How long answers took, in milliseconds."""

    avg: float
    max: float
    med: float
    min: float
    p90: float
    p95: float
    p99: float


@dataclass(frozen=True, slots=True)
class Point:
    """One period.

    Attributes:
        at: Seconds since 1970 at its end.
        users: How many asked.
        requests: Answers a second, of whatever kind.
        failed: Share of them that failed, 0 to 1.
        latency: None where there was no answer.
        items: Predictions.
        cached: How many of them came from a cache.
    """

    at: float
    users: int
    requests: float
    failed: float
    latency: Latency | None
    items: float
    cached: float


@dataclass(frozen=True, slots=True)
class Sum:
    """A run or a stage of it as a whole.

    Attributes:
        requests: How many were answered.
        failed: How many of them failed.
        latency: None where there was no answer.
    """

    requests: int
    failed: int
    latency: Latency | None


@dataclass(slots=True)
class Record:
    """A run so far.

    Attributes:
        began: Seconds since 1970; None: not yet.
        ended: The same.
        points: One a period.
        thresholds: k6's conditions by metric.
        crossed: Those that do not hold, by metric.
    """

    began: float | None = None
    ended: float | None = None
    points: list[Point] = field(default_factory=list)
    thresholds: dict[str, list[str]] = field(default_factory=dict)
    crossed: dict[str, list[str]] = field(default_factory=dict)
    _names: list[str] = field(default_factory=list)
    _kinds: dict[str, str] = field(default_factory=dict)
    _total: Mapping[str, list[float]] = field(default_factory=dict)

    def feed(self, line: str) -> bool:
        """Take a line in; False where it is none of the record's."""
        if not line.startswith('{"event":'):
            return False
        event = json.loads(line)
        name, data = event["event"], event["data"]
        if name == "param":
            self.thresholds = data.get("thresholds") or {}
        elif name == "metric":
            self._kinds |= {metric: about["type"] for metric, about in data.items()}
            self._names = sorted(self._kinds)
        elif name == "threshold":
            self.crossed = data
        elif name == "start":
            self.began = data[0][0] / 1000
        elif name == "stop":
            self.ended = data[0][0] / 1000
        elif name in {"snapshot", "cumulative"}:
            self._values(name, dict(zip(self._names, data, strict=False)))
        return True

    @property
    def total(self) -> Sum:
        """The run as a whole."""
        return self._sum("")

    def stage(self, index: int) -> Sum:
        """A stage as a whole."""
        return self._sum(f"{{stage:{index}}}")

    @property
    def items(self) -> tuple[int, int]:
        """Predictions, and how many of them came from a cache."""
        return int(_first(self._total, "items")), int(_first(self._total, "cached_items"))

    def _values(self, event: str, values: dict[str, list[float]]) -> None:
        if event == "cumulative":
            self._total = values
        else:
            self.points.append(
                Point(
                    at=_first(values, "time") / 1000,
                    users=int(_first(values, "vus")),
                    requests=_rate(values, REQUESTS),
                    failed=_first(values, FAILED),
                    latency=_latency(values.get(DURATION)),
                    items=_rate(values, "items"),
                    cached=_rate(values, "cached_items"),
                )
            )

    def _sum(self, tag: str) -> Sum:
        requests = int(_first(self._total, REQUESTS + tag))
        return Sum(
            requests=requests,
            failed=round(requests * _first(self._total, FAILED + tag)),
            latency=_latency(self._total.get(DURATION + tag)),
        )


def _first(values: Mapping[str, Any], name: str) -> float:
    found = values.get(name)
    return float(found[0]) if found else 0.0


def _rate(values: Mapping[str, Any], name: str) -> float:
    found = values.get(name)
    return float(found[1]) if found else 0.0


def _latency(found: list[float] | None) -> Latency | None:
    return Latency(**dict(zip(_TREND, found, strict=True))) if found else None
