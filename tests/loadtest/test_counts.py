"""Pods' own counts, and what two looks say together."""

from prometheus_client import generate_latest

from modelyard_cli.loadtest.watch.counts import Counts, rates, read
from modelyard_cli.loadtest.watch.pods import desired, is_ready
from modelyard_server.metrics import Metrics


def test_the_servers_own_exposition_is_read() -> None:
    metrics = Metrics("sentiment", "r1")
    metrics.in_flight = 3
    metrics.looked_up("memory", 90, 10)
    counts = read(generate_latest(metrics.registry).decode(), 5.0)
    assert (counts.at, counts.in_flight, counts.hits, counts.misses) == (5.0, 3, 90, 10)
    assert counts.cpu > 0 and counts.memory > 1024 * 1024

    metrics.looked_up("redis", 4, 6)
    with_redis = read(generate_latest(metrics.registry).decode(), 6.0)
    assert (with_redis.hits, with_redis.misses) == (94, 6), "what the memory lacked is asked of Redis"


def counts(at: float, cpu: float, hits: float = 0, misses: float = 0) -> Counts:
    return Counts(at=at, cpu=cpu, memory=1, in_flight=0, hits=hits, misses=misses)


def test_rates_are_those_of_pods_seen_twice() -> None:
    before = {"a": counts(10, 5, hits=100, misses=100), "gone": counts(10, 500, hits=9, misses=9)}
    now = {"a": counts(12, 6, hits=130, misses=110), "b": counts(12, 7), "new": counts(12, 70)}
    found = rates(before, now)
    assert (found.cpu, found.hits) == (0.5, 0.75)
    assert rates({}, now).cpu is None
    assert rates(now, now | {"a": counts(13, 6, hits=130, misses=110)}).hits is None


def test_a_pod_that_leaves_is_not_ready() -> None:
    pod = {"metadata": {}, "status": {"conditions": [{"type": "Ready", "status": "True"}]}}
    assert is_ready(pod)
    assert not is_ready(pod | {"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}})
    assert not is_ready({"metadata": {}, "status": {"conditions": [{"type": "Ready", "status": "False"}]}})
    assert not is_ready({"metadata": {}, "status": {}})


def test_all_revisions_autoscalers_count() -> None:
    assert desired([{"status": {"desiredReplicas": 2}}, {"status": {"desiredReplicas": 1}}, {}]) == 3
    assert desired([{"status": {"desiredReplicas": 0}}, {}]) is None
