"""What a scrape says of each ModelDeployment."""

from datetime import UTC, datetime
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from modelyard_operator.handlers.deployment_metrics import FAMILIES, DeploymentCollector
from modelyard_operator.kube.objects import (
    Child,
    ChildKey,
    ChildState,
    DeploymentState,
    HpaState,
    Key,
    Resource,
    ScaledState,
    ServiceState,
)

NOW = "2026-01-02T03:04:05Z"
SECONDS = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC).timestamp()

STATUS: dict[str, Any] = {
    "observedGeneration": 3,
    "conditions": [{"type": "Ready", "status": "True"}, {"type": "Stalled", "status": "Unknown"}],
    "stableRevision": "rold",
    "candidateRevision": "rnew",
    "model": {"task": "tensor", "bytes": 7},
    "revisions": [{"name": "rold", "state": "Stable"}, {"name": "rnew", "state": "Candidate"}],
    "routing": {"mode": "istio", "desired": {"rold": 90, "rnew": 10}, "achieved": {"rold": 88, "rnew": 12}},
    "coldStart": {"total": 4.5, "loaded": 1.5},
    "rollout": {
        "phase": "Observing",
        "step": 2,
        "steps": 3,
        "shadow": 50,
        "startedAt": NOW,
        "promotedAt": NOW,
        "rejected": [
            {"revision": "rbad", "reason": "Deadline", "at": "2025-12-31T00:00:00Z"},
            {"revision": "rworse", "reason": "AnalysisFailed", "at": NOW},
        ],
    },
}


def resource(spec: dict[str, Any], status: dict[str, Any], name: str = "a") -> Resource:
    return Resource(Key("ns", name), "uid", 5, "1", datetime.now(UTC), spec=spec, status=status)


def child(
    kind: str, revision: str | None, state: ChildState, name: str | None = None, owner: str = "uid"
) -> Child:
    key = ChildKey(kind, name or f"a-{revision or 'cache'}")
    return Child(key, "u", owner, "1", 1, datetime.now(UTC), "a", revision, None, b"", state)


def autoscalers(*children: Child) -> dict[tuple[str, str], float]:
    """What is told of them, by bound and revision."""
    found = scraped(resource({}, STATUS), children=[*children])
    return {
        (bound, revision): value
        for (name, bound, *_, revision), value in found.items()
        if name == "modelyard_autoscaler_replicas"
    }


CHILDREN = [
    child(
        "Deployment", "rold", DeploymentState(wanted=3, replicas=3, ready=2, updated=3, observed_generation=1)
    ),
    child("HorizontalPodAutoscaler", "rold", HpaState(1, 6, 3, scaling_active=True)),
    child("Deployment", None, DeploymentState(1, 1, 1, 1, 1)),  # the cache's
    child("Service", None, ServiceState({}, None)),
]


def scraped(*resources: Resource, children: list[Child] = CHILDREN) -> dict[tuple[str, ...], float]:
    """Samples by name and label values, the last ones sorted by their labels' names."""
    registry = CollectorRegistry()
    registry.register(DeploymentCollector(lambda: resources, lambda _: children))
    text = generate_latest(registry).decode()
    return {
        (sample.name, *(sample.labels[label] for label in sorted(sample.labels))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


SCALED = child("ScaledObject", "rold", ScaledState(0, 6, ready=True))
BY_KEDA = "keda-hpa-a-rold"


def of_keda(name: str, desired: int) -> Child:
    """An autoscaler that has the ScaledObject's labels."""
    state = HpaState(1, 6, desired, scaling_active=True)
    return child("HorizontalPodAutoscaler", "rold", state, name, owner="of the ScaledObject")


@pytest.mark.parametrize(
    "children",
    [
        [SCALED],
        [SCALED, of_keda(BY_KEDA, 0)],
        [SCALED, of_keda("somebody-elses", 5)],
    ],
    ids=["not made yet", "not decided yet", "another's"],
)
def test_until_keda_wants_something_there_are_bounds_alone(children: list[Child]) -> None:
    assert autoscalers(*children) == {("minimum", "rold"): 0, ("maximum", "rold"): 6}


def test_an_autoscaler_that_has_not_decided_wants_nothing() -> None:
    undecided = child("HorizontalPodAutoscaler", "rold", HpaState(1, 6, 0, scaling_active=False))
    assert autoscalers(undecided) == {("minimum", "rold"): 1, ("maximum", "rold"): 6}


def test_what_keda_wants_is_told_by_the_autoscaler_that_it_made() -> None:
    bounds = {("minimum", "rold"): 0, ("maximum", "rold"): 6}
    assert autoscalers(SCALED, of_keda(BY_KEDA, 4)) == bounds | {("desired", "rold"): 4}
    assert autoscalers(of_keda(BY_KEDA, 4)) == {}, "it is left of a ScaledObject that has gone"


def test_a_rollout_under_way() -> None:
    found = scraped(resource({"server": {"resources": {"requests": {"cpu": "250m"}}}}, STATUS))
    assert found == {
        ("modelyard_deployment_info", "rnew", "istio", "a", "ns", "rold", "tensor"): 1,
        ("modelyard_deployment_condition", "Ready", "a", "ns"): 1,
        ("modelyard_deployment_condition", "Stalled", "a", "ns"): 0,
        ("modelyard_deployment_generation_lag", "a", "ns"): 2,
        ("modelyard_revision_info", "a", "ns", "rold", "Stable"): 1,
        ("modelyard_revision_info", "a", "ns", "rnew", "Candidate"): 1,
        ("modelyard_revision_replicas", "a", "ns", "rold"): 3,
        ("modelyard_revision_ready_replicas", "a", "ns", "rold"): 2,
        ("modelyard_autoscaler_replicas", "minimum", "a", "ns", "rold"): 1,
        ("modelyard_autoscaler_replicas", "maximum", "a", "ns", "rold"): 6,
        ("modelyard_autoscaler_replicas", "desired", "a", "ns", "rold"): 3,
        ("modelyard_pod_cpu_request_cores", "a", "ns"): 0.25,
        ("modelyard_pod_memory_request_bytes", "a", "ns"): 512 * 2**20,
        ("modelyard_model_bytes", "a", "ns"): 7,
        ("modelyard_cold_start_seconds", "a", "ns", "total"): 4.5,
        ("modelyard_cold_start_seconds", "a", "ns", "loaded"): 1.5,
        ("modelyard_rollout_phase", "a", "ns", "Observing"): 1,
        ("modelyard_rollout_step", "a", "ns"): 2,
        ("modelyard_rollout_steps", "a", "ns"): 3,
        ("modelyard_rollout_shadow_ratio", "a", "ns"): 0.5,
        ("modelyard_rollout_failed_analyses", "a", "ns"): 0,
        ("modelyard_rollout_weight_ratio", "a", "ns", "rold", "desired"): 0.9,
        ("modelyard_rollout_weight_ratio", "a", "ns", "rnew", "desired"): 0.1,
        ("modelyard_rollout_weight_ratio", "a", "ns", "rold", "achieved"): 0.88,
        ("modelyard_rollout_weight_ratio", "a", "ns", "rnew", "achieved"): 0.12,
        ("modelyard_rollout_started_timestamp_seconds", "a", "ns", "rnew"): SECONDS,
        ("modelyard_rollout_promoted_timestamp_seconds", "a", "ns", "rold"): SECONDS,
        ("modelyard_rollout_rejected_timestamp_seconds", "a", "ns", "AnalysisFailed", "rworse"): SECONDS,
    }


def test_objectives() -> None:
    slo = {"availability": 0.999, "latency": {"withinMs": 1000, "share": 0.99}}
    found = scraped(resource({"monitoring": {"slo": slo}}, {}))
    assert found["modelyard_slo_objective_ratio", "", "a", "ns", "availability"] == 0.999
    assert found["modelyard_slo_objective_ratio", "1.0", "a", "ns", "latency"] == 0.99


def test_nobody_has_looked_yet() -> None:
    found = scraped(resource({}, {"observedGeneration": -1}), children=[])
    assert found["modelyard_deployment_generation_lag", "a", "ns"] == 5
    assert found["modelyard_rollout_phase", "a", "ns", "Idle"] == 1
    assert not [name for name, *_ in found if name == "modelyard_rollout_step"]


def test_an_unreadable_status_takes_no_other_metrics_away() -> None:
    found = scraped(resource({}, {"rollout": {"rejected": [{"at": "soon"}]}}, "b"), resource({}, {}))
    assert {labels[labels.index("ns") - 1] for _, *labels in found} == {"a"}


def test_without_resources_every_name_is_there() -> None:
    collected = DeploymentCollector(lambda: (), lambda _: ()).collect()
    assert [family.name for family in collected] == list(FAMILIES)
