"""What the operator counts about its own dealings with the API server."""

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

API_WRITES: Final = Counter(
    "modelyard_operator_api_writes_total",
    "Writes sent to the API server, Lease renewals aside.",
    ["verb", "kind", "outcome"],
)
LEASE_WRITES: Final = Counter(
    "modelyard_operator_lease_writes_total", "Writes to the election Lease.", ["outcome"]
)
WATCH_STARTS: Final = Counter(
    "modelyard_operator_watch_starts_total", "Watch requests begun, by kind.", ["kind"]
)
LISTS: Final = Counter("modelyard_operator_lists_total", "Lists taken, by kind and cause.", ["kind", "cause"])
LIST_DIFFERENCES: Final = Counter(
    "modelyard_operator_list_differences_total",
    "Objects that a list showed to be other than the watch had told, after the first list.",
    ["kind"],
)
KIND_AVAILABLE: Final = Gauge(
    "modelyard_operator_kind_available", "1 while objects of this kind can be listed and watched.", ["kind"]
)
CACHED_OBJECTS: Final = Gauge("modelyard_operator_cached_objects", "Objects held in memory.", ["kind"])
QUEUE_DEPTH: Final = Gauge("modelyard_operator_queue_depth", "Resources that wait for a worker.")
QUEUE_SECONDS: Final = Histogram(
    "modelyard_operator_queue_seconds",
    "From the first cause to the start of work, in seconds.",
    buckets=(0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 30),
)
LEADER: Final = Gauge("modelyard_operator_leader", "1 while this process holds the Lease.")
