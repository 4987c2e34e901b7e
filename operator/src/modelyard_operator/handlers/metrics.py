"""What the operator counts about its work on resources."""

from collections import Counter as Counts
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from prometheus_client import Counter, Histogram
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from modelyard_operator.api.status import Phase
from modelyard_operator.kube.objects import Resource

RECONCILES: Final = Counter(
    "modelyard_operator_reconciles_total",
    "Passes over one resource: done, conflict, refused (a child), retry (API server), error, gone.",
    ["outcome"],
)
RECONCILE_SECONDS: Final = Histogram(
    "modelyard_operator_reconcile_seconds",
    "Work on one resource, in seconds.",
    buckets=(0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)
PLAN_SECONDS: Final = Histogram(
    "modelyard_operator_plan_seconds",
    "Making one plan, in seconds.",
    buckets=(0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1),
)
EVENT_TO_DONE_SECONDS: Final = Histogram(
    "modelyard_operator_event_to_done_seconds",
    "From the first cause of a pass to its end, in seconds.",
    buckets=(0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60),
)


class ResourceCollector(Collector):
    """Resources by phase and readiness: bounded, however many resources there are."""

    def __init__(self, resources: Callable[[], Iterable[Resource]]) -> None:
        self._resources = resources

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Counted when scraped."""
        phases: Counts[str] = Counts()
        ready: Counts[str] = Counts()
        for resource in self._resources():
            phase = (resource.status.get("rollout") or {}).get("phase", Phase.IDLE)
            phases[phase if phase in set(Phase) else "Unknown"] += 1
            conditions = resource.status.get("conditions") or ()
            state = next((c.get("status") for c in conditions if c.get("type") == "Ready"), "Unknown")
            ready[state if state in ("True", "False") else "Unknown"] += 1
        by_phase = GaugeMetricFamily("modelyard_resources", "ModelDeployments by phase.", labels=["phase"])
        for phase in Phase:
            by_phase.add_metric([phase], phases[phase])
        yield by_phase
        by_ready = GaugeMetricFamily(
            "modelyard_resources_ready", "ModelDeployments by their Ready condition.", labels=["status"]
        )
        for state in ("True", "False", "Unknown"):
            by_ready.add_metric([state], ready[state])
        yield by_ready
