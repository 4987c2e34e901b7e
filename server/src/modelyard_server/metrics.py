"""What the server counts. Probes and scrapes are no traffic: only the prediction routes report here."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.gc_collector import GCCollector
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

from modelyard_server.tally import Count, Distribution, TallyCounter, TallyHistogram

_IDENTITY = ("model_name", "revision")
# A cached answer takes tens of microseconds, a large batch seconds.
_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
STAGES = ("encode", "inference", "decode")


class Metrics:
    """The server's metrics, in a registry of their own.

    Args:
        model_name: The deployment.
        revision: The revision that this pod belongs to.
        registry: Where they are kept.
    """

    def __init__(self, model_name: str, revision: str, registry: CollectorRegistry | None = None) -> None:
        self.registry = registry or CollectorRegistry()
        self._identity = (model_name, revision)
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        GCCollector(registry=self.registry)

        self._requests = TallyCounter(
            "modelyard_requests",
            "Prediction requests answered, by route and HTTP status.",
            (*_IDENTITY, "route", "code"),
            self.registry,
        )
        self._durations = TallyHistogram(
            "modelyard_request_duration_seconds",
            "Seconds from a prediction request's head to its answer.",
            (*_IDENTITY, "route"),
            _BUCKETS,
            self.registry,
        )
        stages = Histogram(
            "modelyard_stage_duration_seconds",
            "Seconds that a batch spent in a stage: encode, inference, decode.",
            (*_IDENTITY, "stage"),
            buckets=_BUCKETS,
            registry=self.registry,
        )
        self._stages = {stage: stages.labels(*self._identity, stage) for stage in STAGES}
        self.items = self._counter("modelyard_items", "Items answered.")
        self.dropped = self._counter("modelyard_dropped_requests", "Requests whose client went away.")
        lookups = TallyCounter(
            "modelyard_cache_lookups",
            "Items looked up in a cache level (memory, redis), by result (hit, miss).",
            (*_IDENTITY, "level", "result"),
            self.registry,
        )
        self._lookups = {
            level: (
                lookups.series(*self._identity, level, "hit"),
                lookups.series(*self._identity, level, "miss"),
            )
            for level in ("memory", "redis")
        }
        errors = Counter(
            "modelyard_cache_errors",
            "Times that Redis did not serve a get or set in time, and writes dropped for that.",
            (*_IDENTITY, "operation"),
            registry=self.registry,
        )
        self._cache_errors = {
            operation: errors.labels(*self._identity, operation) for operation in ("get", "set", "dropped")
        }
        self._breaker = self._gauge(
            "modelyard_cache_breaker_open", "1 while Redis is left alone after failures, else 0."
        )
        self._gauge("modelyard_in_flight_requests", "Prediction requests being answered.").set_function(
            lambda: self.in_flight
        )
        # A plain number: the event loop is its only writer, and it changes twice a request.
        self.in_flight = 0
        self._queue = self._gauge("modelyard_queue_items", "Items that wait for the engine.")
        self.ready = self._gauge("modelyard_ready", "1 while the pod takes traffic, else 0.")
        self.load_seconds = self._gauge("modelyard_model_load_seconds", "Seconds that loading took.")
        self.warm_seconds = self._gauge("modelyard_model_warm_seconds", "Seconds that warming up took.")
        self._answered: dict[tuple[str, int], tuple[Count, Distribution]] = {}

    def _counter(self, name: str, text: str) -> Count:
        return TallyCounter(name, text, _IDENTITY, self.registry).series(*self._identity)

    def _gauge(self, name: str, text: str) -> Gauge:
        return Gauge(name, text, _IDENTITY, registry=self.registry).labels(*self._identity)

    def answered(self, route: str, code: int, seconds: float, items: int = 0) -> None:
        """A prediction request was answered."""
        series = self._answered.get((route, code))
        if series is None:
            series = self._answered[route, code] = (
                self._requests.series(*self._identity, route, str(code)),
                self._durations.series(*self._identity, route),
            )
        count, durations = series
        count.value += 1
        durations.observe(seconds)
        self.items.value += items

    def stage(self, stage: str, seconds: float) -> None:
        """A batch went through a stage."""
        self._stages[stage].observe(seconds)

    def watch_queue(self, waiting: Callable[[], float]) -> None:
        """Read the queue's length at each scrape."""
        self._queue.set_function(waiting)

    # --- cache.base.CacheMetrics ------------------------------------------------------------------
    def looked_up(self, level: str, hits: int, misses: int) -> None:
        """Keys were looked up."""
        hit, miss = self._lookups[level]
        hit.value += hits
        miss.value += misses

    def failed(self, operation: str) -> None:
        """Redis failed."""
        self._cache_errors[operation].inc()

    def breaker(self, is_open: bool) -> None:
        """Redis is left alone, or asked again."""
        self._breaker.set(1 if is_open else 0)
