"""From samples of the servers' metrics to what one pod counted. Pure.

Samples come from a pod's own `/metrics`, or from Prometheus, which has scraped it. A revision whose image is
older may lack some of them; what is not told is not counted.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from modelyard_operator.analysis.counts import Compared, Reading
from modelyard_operator.analysis.histogram import Histogram

REQUESTS = "modelyard_requests_total"
DURATIONS = "modelyard_request_duration_seconds_bucket"
COMPARED = "modelyard_shadow_compared_total"
DISAGREED = "modelyard_shadow_disagreed_total"
DROPPED = "modelyard_shadow_dropped_total"
QUEUE = "modelyard_queue_items"
IN_FLIGHT = "modelyard_in_flight_requests"
STARTED = "process_start_time_seconds"
CPU = "process_cpu_seconds_total"

OF_THE_MODEL = (REQUESTS, DURATIONS, COMPARED, DISAGREED, DROPPED, QUEUE, IN_FLIGHT)
"""With the labels of the server: `model_name`, `revision`."""
OF_THE_PROCESS = (STARTED, CPU)
"""Without them."""
FAMILIES = frozenset({*OF_THE_MODEL, *OF_THE_PROCESS})


class Sample(NamedTuple):
    """One line of an exposition."""

    name: str
    labels: Mapping[str, str]
    value: float


def reading(samples: Iterable[Sample], pair: str) -> Reading:
    """What they say of one pod; `pair` names the comparison (`STABLE-CANDIDATE`) that counts."""
    requests: dict[str, float] = {}
    buckets: dict[float, float] = {}
    compared: dict[str, float] = {}
    disagreed: dict[str, float] = {}
    dropped: dict[str, float] = {}
    single: dict[str, float] = {}
    for name, labels, value in samples:
        if name == DURATIONS:
            if labels.get("cached", "false") == "false":
                bound = float(labels["le"])
                buckets[bound] = buckets.get(bound, 0.0) + value
        elif name == REQUESTS:
            code = labels["code"]
            requests[code] = requests.get(code, 0.0) + value
        elif name in (COMPARED, DISAGREED):
            if labels.get("pair") == pair:
                seen = compared if name == COMPARED else disagreed
                seen[labels["against"]] = value
        elif name == DROPPED:
            dropped[labels["reason"]] = value
        elif name in FAMILIES:
            single[name] = value
    return Reading(
        started=single.get(STARTED),
        requests=requests,
        durations=Histogram.of_cumulative(buckets.items()),
        compared={against: Compared(n, disagreed.get(against, 0.0)) for against, n in compared.items()},
        dropped=dropped,
        cpu_seconds=single.get(CPU),
        queue_items=single.get(QUEUE),
        in_flight=single.get(IN_FLIGHT),
    )
