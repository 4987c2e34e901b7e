"""A record as k6 writes it, of whatever length a test wants."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from modelyard_cli.loadtest.record import Record

BEGAN = 1_700_000_000.0
_KINDS = {
    "cached_items": "counter",
    "http_req_duration": "trend",
    "http_req_duration{stage:0}": "trend",
    "http_req_failed": "rate",
    "http_req_failed{stage:0}": "rate",
    "http_reqs": "counter",
    "http_reqs{stage:0}": "counter",
    "items": "counter",
    "vus": "gauge",
}


def lines(seconds: int, *, failed: float = 0.0, crossed: bool = False) -> Iterator[str]:
    """A load of 10 users and 100 requests a second, 95 % of them from a cache.

    Args:
        seconds: How long; one point each.
        failed: Share of the requests.
        crossed: Whether a threshold does not hold.
    """
    yield _event(
        "param", {"thresholds": {"http_req_failed": ["rate==0"], "http_req_duration": ["p(99)<1000"]}}
    )
    yield _event("metric", {"time": {"type": "gauge"}})
    yield _event("start", [[BEGAN * 1000]])
    yield _event("metric", {name: {"type": kind} for name, kind in _KINDS.items()})
    for second in range(1, seconds + 1):
        yield _event("cumulative", _values(second, 100 * second, failed))
        if crossed:
            yield _event("threshold", {"http_req_failed": ["rate==0"]})
        yield _event("snapshot", _values(second, 100, failed))
    yield _event("stop", [[(BEGAN + seconds) * 1000]])


def record(text: Iterable[str]) -> Record:
    """What is read of one."""
    made = Record()
    for line in text:
        assert made.feed(line)
    return made


def _values(second: int, requests: int, failed: float) -> list[list[float]]:
    latency = [12.5, 80.0, 10.0, 1.0, 20.0, 30.0, 40.0]
    share = [failed]
    by_name: dict[str, list[float]] = {
        "cached_items": [0.95 * requests, 95.0],
        "http_req_duration": latency,
        "http_req_duration{stage:0}": latency,
        "http_req_failed": share,
        "http_req_failed{stage:0}": share,
        "http_reqs": [requests, 100.0],
        "http_reqs{stage:0}": [requests, 100.0],
        "items": [requests, 100.0],
        "time": [(BEGAN + second) * 1000],
        "vus": [10],
    }
    return [by_name[name] for name in sorted(by_name)]


def _event(name: str, data: Any) -> str:
    return json.dumps({"event": name, "data": data}, separators=(",", ":"))
