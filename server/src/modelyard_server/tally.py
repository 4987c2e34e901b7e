"""Counters and histograms of one writer, for the hot path.

prometheus_client takes a lock and walks several calls for each step, which is half a microsecond; a cached
answer takes about twenty. Here the event loop is the only writer, so a step is an addition, and samples are
made at the scrape.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString


class Count:
    """One series of a counter."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value = 0


class TallyCounter(Collector):
    """A counter.

    Args:
        name: Its name, without `_total`.
        text: What it counts.
        labels: Names of its labels.
        registry: Where it is scraped.
    """

    def __init__(self, name: str, text: str, labels: Sequence[str], registry: CollectorRegistry) -> None:
        self._name, self._text, self._labels = name, text, labels
        self._series: dict[tuple[str, ...], Count] = {}
        registry.register(self)

    def series(self, *values: str) -> Count:
        """The series with these labels; it exists from then on."""
        return self._series.setdefault(values, Count())

    def collect(self) -> Iterable[Metric]:
        """The samples."""
        family = CounterMetricFamily(self._name, self._text, labels=self._labels)
        for values, count in self._series.items():
            family.add_metric(values, count.value)
        yield family


class Distribution:
    """One series of a histogram."""

    __slots__ = ("_bounds", "counts", "sum")

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.sum = 0.0

    def observe(self, value: float) -> None:
        """Count a value."""
        self.counts[bisect_left(self._bounds, value)] += 1
        self.sum += value


class TallyHistogram(Collector):
    """A histogram.

    Args:
        name: Its name.
        text: What it measures.
        labels: Names of its labels.
        bounds: Upper bounds of its buckets, ascending, without infinity.
        registry: Where it is scraped.
    """

    def __init__(
        self,
        name: str,
        text: str,
        labels: Sequence[str],
        bounds: Sequence[float],
        registry: CollectorRegistry,
    ) -> None:
        self._name, self._text, self._labels, self._bounds = name, text, labels, bounds
        self._series: dict[tuple[str, ...], Distribution] = {}
        registry.register(self)

    def series(self, *values: str) -> Distribution:
        """The series with these labels; it exists from then on."""
        found = self._series.get(values)
        if found is None:
            found = self._series[values] = Distribution(self._bounds)
        return found

    def collect(self) -> Iterable[Metric]:
        """The samples."""
        family = HistogramMetricFamily(self._name, self._text, labels=self._labels)
        for values, distribution in self._series.items():
            buckets, total = [], 0
            bounds = [*map(floatToGoString, self._bounds), "+Inf"]
            for bound, count in zip(bounds, distribution.counts, strict=True):
                total += count
                buckets.append((bound, total))
            family.add_metric(values, buckets, distribution.sum)
        yield family
