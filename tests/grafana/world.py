"""Series of a rollout under way, made of what the servers' and the operator's own registries say."""

from collections.abc import Iterable, Iterator

from prometheus_client import REGISTRY, Metric

from modelyard_operator.analysis.metrics import ANALYSES, LOOK_SECONDS
from modelyard_operator.handlers.deployment_metrics import DeploymentCollector
from modelyard_operator.handlers.metrics import RECONCILES, ResourceCollector
from modelyard_operator.kube.metrics import (
    API_WRITES,
    CACHED_OBJECTS,
    KIND_AVAILABLE,
    LEASE_WRITES,
    LIST_DIFFERENCES,
    LISTS,
    WATCH_STARTS,
)
from modelyard_operator.notify.metrics import NOTIFICATIONS
from modelyard_server.metrics import STAGES, Metrics
from modelyard_server.shadow.compare.base import Difference
from modelyard_server.shadow.counts import Counts
from modelyard_server.shadow.dropped import Dropped
from modelyard_server.shadow.part import Role
from tests.operator.handlers.test_deployment_metrics import CHILDREN, STATUS, child, resource

STABLE, CANDIDATE = STATUS["stableRevision"], STATUS["candidateRevision"]
NAMES = {"$namespace": "ns", "$deployment": "a"}
Series = Iterator[tuple[str, str]]


def everything() -> dict[str, str]:
    """Each series with its values in promtool's notation."""
    return dict([*_servers(), *_operator(), *_kubelet()])


def _servers() -> Series:
    for revision in (STABLE, CANDIDATE):
        metrics = Metrics(NAMES["$deployment"], revision)
        for code in (200, 500, 503):
            metrics.answered("/predict", code, 0.02, items=2)
        metrics.answered("/predict", 200, 0.0001, items=2, cached=2)
        for stage in STAGES:
            metrics.stage(stage, 0.01)
        metrics.batch(4)
        metrics.cost(0.01)
        for level in ("memory", "redis"):
            metrics.looked_up(level, 3, 1)
        metrics.exchanged(100, 200)
        metrics.ready.set(1)
        counts = Counts(metrics.registry, metrics.identity)
        counts.begin(f"{STABLE}-{CANDIDATE}")
        apart = Difference(disagreed=True, shifts={"score": 0.4}, flips=(("yes", "no"),))
        for role in Role:
            counts.compared(role, [apart])
        counts.dropped(Dropped.BUSY)
        pod = {"namespace": NAMES["$namespace"], "pod": f"a-{revision}-1", "instance": f"{revision}:8080"}
        yield from _told(metrics.registry.collect(), pod)


def _operator() -> Series:
    RECONCILES.labels("done")
    API_WRITES.labels("patch", "Service", "done")
    LEASE_WRITES.labels("done")
    WATCH_STARTS.labels("Service")
    LISTS.labels("Service", "start")
    LIST_DIFFERENCES.labels("Service")
    KIND_AVAILABLE.labels("Service").set(1)
    CACHED_OBJECTS.labels("Service")
    ANALYSES.labels("Pass")
    LOOK_SECONDS.labels("pods")
    NOTIFICATIONS.labels("slack", "delivered")
    it = resource({}, STATUS)
    deployments = DeploymentCollector(
        lambda: [it],
        lambda _: [*CHILDREN, child("Deployment", CANDIDATE, CHILDREN[0].state)],
    )
    families = [*REGISTRY.collect(), *ResourceCollector(lambda: [it]).collect(), *deployments.collect()]
    target = {"namespace": "modelyard-system", "pod": "operator-1", "instance": "operator:9090"}
    yield from _told(families, target)


def _kubelet() -> Series:
    labels = f'namespace="{NAMES["$namespace"]}",pod="a-rabcdefgh2-1",container="server"'
    for name in ("usage_seconds", "cfs_periods", "cfs_throttled_periods"):
        yield f"container_cpu_{name}_total{{{labels}}}", "0+1x40"
    yield f"container_memory_working_set_bytes{{{labels}}}", "1000x40"


def _told(families: Iterable[Metric], target: dict[str, str]) -> Series:
    """What is scraped: counters grow, gauges stay."""
    for family in families:
        grows = family.type in ("counter", "histogram")
        for sample in family.samples:
            if sample.name.endswith("_created"):
                continue
            labels = ",".join(f'{name}="{value}"' for name, value in {**sample.labels, **target}.items())
            values = f"0+{sample.value or 1}x40" if grows else f"{sample.value}x40"
            yield f"{sample.name}{{{labels}}}", values
