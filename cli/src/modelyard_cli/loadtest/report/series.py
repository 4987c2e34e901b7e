"""The charts of a report as data: seconds since the start, and a line each. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from modelyard_cli.loadtest.record import Point
from modelyard_cli.loadtest.run import Outcome
from modelyard_cli.loadtest.watch.sample import Sample

_MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a chart.

    Attributes:
        label: Its name.
        values: One a moment; None: not known.
        is_step: Whether it jumps.
        is_right: Whether the axis on the right is its own.
    """

    label: str
    values: Sequence[float | None]
    is_step: bool = False
    is_right: bool = False


@dataclass(frozen=True, slots=True)
class Chart:
    """One chart.

    Attributes:
        title: Above it.
        unit: Of its values.
        says: What it shows, below the title.
        moments: Seconds since the start.
        lines: At least one that has a value.
    """

    title: str
    unit: str
    says: str
    moments: Sequence[float]
    lines: Sequence[Line]

    def to_dict(self) -> dict[str, Any]:
        """As the page's script takes it."""
        return {
            "title": self.title,
            "unit": self.unit,
            "moments": [round(moment, 1) for moment in self.moments],
            "lines": [
                {
                    "label": line.label,
                    "values": [None if value is None else round(value, 4) for value in line.values],
                    "step": line.is_step,
                    "right": line.is_right,
                }
                for line in self.lines
            ],
        }


def charts(outcome: Outcome) -> list[Chart]:
    """All charts that have something to show."""
    points, samples = outcome.record.points, outcome.samples
    began = outcome.record.began or points[0].at
    asked = [point.at - began for point in points]
    seen = [sample.at - began for sample in samples]

    def of_points(take: Callable[[Point], float | None]) -> list[float | None]:
        return [take(point) for point in points]

    def of_samples(take: Callable[[Sample], float | None]) -> list[float | None]:
        return [take(sample) for sample in samples]

    every = [
        Chart(
            "Throughput",
            "requests/s",
            "Answers a second of whatever kind, and how many users asked.",
            asked,
            [
                Line("requests/s", of_points(lambda it: it.requests)),
                Line("users", of_points(lambda it: it.users), is_step=True, is_right=True),
            ],
        ),
        Chart(
            "Latency",
            "ms",
            "From a request's first byte sent to the answer's last byte received, of each period.",
            asked,
            [
                Line("p50", of_points(lambda it: it.latency.med if it.latency else None)),
                Line("p95", of_points(lambda it: it.latency.p95 if it.latency else None)),
                Line("p99", of_points(lambda it: it.latency.p99 if it.latency else None)),
            ],
        ),
        Chart(
            "Failures",
            "%",
            "Requests without an answer, or with a status of 400 or more.",
            asked,
            [Line("failed", of_points(lambda it: 100 * it.failed))],
        ),
        Chart(
            "Pods",
            "pods",
            "Pods that took traffic, and how many the autoscaler wanted.",
            seen,
            [
                Line("ready", of_samples(lambda it: it.ready), is_step=True),
                Line("wanted", of_samples(lambda it: it.desired), is_step=True),
            ],
        ),
        Chart(
            "CPU",
            "cores",
            "Of the servers' processes together.",
            seen,
            [Line("in use", of_samples(lambda it: it.cpu))],
        ),
        Chart(
            "Memory",
            "MiB",
            "Resident, of the servers' processes together.",
            seen,
            [Line("resident", of_samples(lambda it: None if it.memory is None else it.memory / _MIB))],
        ),
        Chart(
            "Cache",
            "%",
            "Share of the predictions that a cache had, as the answers said.",
            asked,
            [Line("hits", of_points(lambda it: 100 * it.cached / it.items if it.items else None))],
        ),
        Chart(
            "Cache, by the servers' count",
            "%",
            "Share of the items looked up that memory or Redis had.",
            seen,
            [Line("hits", of_samples(lambda it: None if it.hits is None else 100 * it.hits))],
        ),
        Chart(
            "In flight",
            "requests",
            "Requests that the servers were answering.",
            seen,
            [Line("in flight", of_samples(lambda it: it.in_flight))],
        ),
    ]
    return [chart for chart in map(_with_values, every) if chart.lines]


def _with_values(chart: Chart) -> Chart:
    lines = [line for line in chart.lines if any(value is not None for value in line.values)]
    return Chart(chart.title, chart.unit, chart.says, chart.moments, lines)
