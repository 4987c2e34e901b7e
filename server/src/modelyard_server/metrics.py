"""What the server counts. Probes and scrapes are no traffic: only the prediction routes report here.

Every series has the labels of `Metrics.identity`. All of it is written by the event loop's thread alone.
"""

from collections.abc import Callable, Mapping

from prometheus_client import CollectorRegistry
from prometheus_client.gc_collector import GCCollector
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

from modelyard_server.tally import Count, Distribution, Identity, TallyCounter, TallyGauge, TallyHistogram

# A cached answer takes tens of microseconds, a large batch seconds.
_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_BATCH_BUCKETS = (1, 2, 4, 8, 16, 32, 64, 128, 256)
STAGES = ("fetch", "cache", "queue", "decode", "batch", "inference", "postprocess")


class Metrics:
    """The server's metrics, in a registry of their own.

    Args:
        model_name: The deployment.
        revision: The revision that this pod belongs to.
        registry: Where they are kept.

    Attributes:
        registry: See above.
        identity: The labels that every series has.
        in_flight: Prediction requests being answered.
    """

    def __init__(self, model_name: str, revision: str, registry: CollectorRegistry | None = None) -> None:
        self.registry = registry or CollectorRegistry()
        self.identity = Identity(model_name=model_name, revision=revision, variant="")
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        GCCollector(registry=self.registry)

        self._requests = self._counters(
            "modelyard_requests", "Prediction requests answered, by route and HTTP status.", "route", "code"
        )
        self._durations = self._histograms(
            "modelyard_request_duration_seconds",
            "Seconds from a prediction request's head to its answer; cached is true where every item of it "
            "came from a cache.",
            _BUCKETS,
            "route",
            "cached",
        )
        self._answered: dict[tuple[str, int, bool], tuple[Count, Distribution]] = {}
        stages = self._histograms(
            "modelyard_stage_duration_seconds",
            "Seconds in a stage. A request's: fetch (pictures named by their address), cache (asking Redis), "
            "queue (until the engine takes it); a batch's: decode (tokenizing, decoding pictures), batch "
            "(putting together), inference, postprocess.",
            _BUCKETS,
            "stage",
        )
        self._stages = {stage: stages.series(stage) for stage in STAGES}
        self._batches = self._histograms(
            "modelyard_batch_items", "Items that the engine ran together.", _BATCH_BUCKETS
        ).series()
        self.items = self._counter("modelyard_items", "Items answered.")
        self.dropped = self._counter("modelyard_dropped_requests", "Requests whose client went away.")
        # A plain number: the event loop is its only writer, and it changes twice a request.
        self.in_flight = 0
        self._gauge("modelyard_in_flight_requests", "Prediction requests being answered.").watch(
            lambda: self.in_flight
        )
        self._queue = self._gauge("modelyard_queue_items", "Items that wait for the engine.")

        lookups = self._counters(
            "modelyard_cache_lookups",
            "Items looked up in a cache level (memory, redis), by result (hit, miss).",
            "level",
            "result",
        )
        self._lookups = {
            level: (lookups.series(level, "hit"), lookups.series(level, "miss"))
            for level in ("memory", "redis")
        }
        self._saved = self._counter(
            "modelyard_cache_saved_cpu_seconds",
            "CPU-seconds of preparing and running the model that cached answers spared, by what an item has "
            "taken of late (the engine's seconds times its threads).",
        )
        self._cost = 0.0
        errors = self._counters(
            "modelyard_cache_errors",
            "Times that Redis did not serve a get or set in time, and writes dropped for that.",
            "operation",
        )
        self._cache_errors = {operation: errors.series(operation) for operation in ("get", "set", "dropped")}
        traffic = self._counters(
            "modelyard_cache_redis_bytes",
            "Bytes of names and values sent to and received from Redis.",
            "direction",
        )
        self._redis_sent, self._redis_received = traffic.series("sent"), traffic.series("received")
        self._breaker = self._gauge(
            "modelyard_cache_breaker_open", "1 while Redis is left alone after failures, else 0."
        )

        self.ready = self._gauge("modelyard_ready", "1 while the pod takes traffic, else 0.")
        self.load_seconds = self._gauge("modelyard_model_load_seconds", "Seconds that loading took.")
        self.warm_seconds = self._gauge("modelyard_model_warm_seconds", "Seconds that warming up took.")

    def _counters(self, name: str, text: str, *labels: str) -> TallyCounter:
        return TallyCounter(name, text, labels, self.registry, identity=self.identity)

    def _counter(self, name: str, text: str) -> Count:
        return self._counters(name, text).series()

    def _histograms(self, name: str, text: str, bounds: tuple[float, ...], *labels: str) -> TallyHistogram:
        return TallyHistogram(name, text, labels, bounds, self.registry, identity=self.identity)

    def _gauge(self, name: str, text: str) -> TallyGauge:
        return TallyGauge(name, text, self.registry, self.identity)

    def loaded(self, variant: str) -> None:
        """Which variant of the artifact is served is known."""
        self.identity.learn(variant=variant)

    def answered(
        self,
        route: str,
        code: int,
        seconds: float,
        items: int = 0,
        cached: int = 0,
        *,
        trace_id: str | None = None,
    ) -> None:
        """A prediction request was answered.

        Args:
            route: The route, not the path: few values.
            code: The HTTP status, or what stands for it.
            seconds: From the request's head to its answer.
            items: How many items were answered.
            cached: How many of them came from a cache.
            trace_id: The id of the request's trace, for an exemplar; None: it has none, or is not sampled.
        """
        key = (route, code, 0 < items == cached)
        series = self._answered.get(key)
        if series is None:
            series = self._answered[key] = (
                self._requests.series(route, str(code)),
                self._durations.series(route, "true" if key[2] else "false"),
            )
        count, durations = series
        count.value += 1
        durations.observe(seconds, trace_id)
        self.items.value += items

    def log_records(self) -> Mapping[str, Count]:
        """The counters of the request log by result; called once, by a pod that has one."""
        records = self._counters(
            "modelyard_log_records",
            "Records of requests: written, or dropped because the queue was full or the sink failed.",
            "result",
        )
        return {result: records.series(result) for result in ("written", "full", "failed")}

    def watch_queue(self, waiting: Callable[[], float]) -> None:
        """Read the queue's length at each scrape."""
        self._queue.watch(waiting)

    # --- batching.base.BatchMetrics and cache.base.CacheMetrics ---------------------------------------
    def stage(self, stage: str, seconds: float) -> None:
        """A request or batch went through a stage."""
        self._stages[stage].observe(seconds)

    def batch(self, items: int) -> None:
        """The engine ran items together."""
        self._batches.observe(items)

    def cost(self, seconds: float) -> None:
        """An item takes about so many CPU-seconds to answer."""
        self._cost = seconds

    def looked_up(self, level: str, hits: int, misses: int) -> None:
        """Keys were looked up."""
        hit, miss = self._lookups[level]
        hit.value += hits
        miss.value += misses
        self._saved.value += hits * self._cost

    def exchanged(self, sent: int, received: int) -> None:
        """Bytes went to Redis and came from it."""
        self._redis_sent.value += sent
        self._redis_received.value += received

    def failed(self, operation: str) -> None:
        """Redis failed."""
        self._cache_errors[operation].value += 1

    def breaker(self, is_open: bool) -> None:
        """Redis is left alone, or asked again."""
        self._breaker.set(1 if is_open else 0)
