"""Counters, gauges and histograms of one writer, for the hot path.

prometheus_client takes a lock and walks several calls for each step, which is half a microsecond; a cached
answer takes about twenty. Here the event loop is the only writer, so a step is an addition, and samples are
made at the scrape.
"""

import time
from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence

from prometheus_client import CollectorRegistry
from prometheus_client.core import (
    CounterMetricFamily,
    Exemplar,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString


class Identity:
    """Labels that every series of a process has, read at each scrape.

    Args:
        labels: Their names and values; a value may become known later.
    """

    def __init__(self, **labels: str) -> None:
        self._labels = labels

    def learn(self, **labels: str) -> None:
        """Note what labels are now."""
        self._labels |= labels

    @property
    def names(self) -> tuple[str, ...]:
        """The labels' names."""
        return tuple(self._labels)

    @property
    def values(self) -> tuple[str, ...]:
        """Their values."""
        return tuple(self._labels.values())


class Count:
    """One series of a counter."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value: float = 0


class TallyCounter(Collector):
    """A counter.

    Args:
        name: Its name, without `_total`.
        text: What it counts.
        labels: Names of its own labels.
        registry: Where it is scraped.
        identity: The process' labels.
    """

    def __init__(
        self,
        name: str,
        text: str,
        labels: Sequence[str],
        registry: CollectorRegistry,
        *,
        identity: Identity | None = None,
    ) -> None:
        self._name, self._text, self._labels = name, text, labels
        self._identity = identity or Identity()
        self._series: dict[tuple[str, ...], Count] = {}
        registry.register(self)

    def series(self, *values: str) -> Count:
        """The series with these labels; it exists from then on."""
        return self._series.setdefault(values, Count())

    def forget(self) -> None:
        """End every series."""
        self._series.clear()

    def collect(self) -> Iterable[Metric]:
        """The samples."""
        family = CounterMetricFamily(self._name, self._text, labels=(*self._identity.names, *self._labels))
        for values, count in self._series.items():
            family.add_metric((*self._identity.values, *values), count.value)
        yield family


class TallyGauge(Collector):
    """A gauge with no labels of its own.

    Args:
        name: Its name.
        text: What it tells.
        registry: Where it is scraped.
        identity: The process' labels.
        read: Tells its value at each scrape; None: it is set.
    """

    def __init__(
        self,
        name: str,
        text: str,
        registry: CollectorRegistry,
        identity: Identity,
        read: Callable[[], float] | None = None,
    ) -> None:
        self._name, self._text, self._identity = name, text, identity
        self._read = read
        self._value = 0.0
        registry.register(self)

    def set(self, value: float) -> None:
        """Note its value."""
        self._value = value

    def watch(self, read: Callable[[], float]) -> None:
        """Read its value at each scrape from now on."""
        self._read = read

    def collect(self) -> Iterable[Metric]:
        """The sample."""
        family = GaugeMetricFamily(self._name, self._text, labels=self._identity.names)
        family.add_metric(self._identity.values, self._value if self._read is None else self._read())
        yield family


class Distribution:
    """One series of a histogram."""

    __slots__ = ("_bounds", "counts", "exemplars", "sum")

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.sum = 0.0
        self.exemplars: dict[int, Exemplar] = {}

    def observe(self, value: float, trace_id: str | None = None) -> None:
        """Count a value; with a trace's id it becomes its bucket's exemplar."""
        bucket = bisect_left(self._bounds, value)
        self.counts[bucket] += 1
        self.sum += value
        if trace_id is not None:
            self.exemplars[bucket] = Exemplar({"trace_id": trace_id}, value, time.time())


class TallyHistogram(Collector):
    """A histogram.

    Its exemplars are for scrapers that ask for OpenMetrics
    (https://prometheus.io/docs/specs/om/open_metrics_spec/#exemplars); the text format leaves them out.

    Args:
        name: Its name.
        text: What it measures.
        labels: Names of its own labels.
        bounds: Upper bounds of its buckets, ascending, without infinity.
        registry: Where it is scraped.
        identity: The process' labels.
    """

    def __init__(
        self,
        name: str,
        text: str,
        labels: Sequence[str],
        bounds: Sequence[float],
        registry: CollectorRegistry,
        *,
        identity: Identity | None = None,
    ) -> None:
        self._name, self._text, self._labels, self._bounds = name, text, labels, bounds
        self._identity = identity or Identity()
        self._series: dict[tuple[str, ...], Distribution] = {}
        registry.register(self)

    def series(self, *values: str) -> Distribution:
        """The series with these labels; it exists from then on."""
        found = self._series.get(values)
        if found is None:
            found = self._series[values] = Distribution(self._bounds)
        return found

    def forget(self) -> None:
        """End every series."""
        self._series.clear()

    def collect(self) -> Iterable[Metric]:
        """The samples."""
        family = HistogramMetricFamily(self._name, self._text, labels=(*self._identity.names, *self._labels))
        bounds = [*map(floatToGoString, self._bounds), "+Inf"]
        for values, distribution in self._series.items():
            buckets: list[tuple[str, float] | tuple[str, float, Exemplar]] = []
            total = 0
            for index, (bound, count) in enumerate(zip(bounds, distribution.counts, strict=True)):
                total += count
                exemplar = distribution.exemplars.get(index)
                buckets.append((bound, total) if exemplar is None else (bound, total, exemplar))
            family.add_metric((*self._identity.values, *values), buckets, distribution.sum)
        yield family
