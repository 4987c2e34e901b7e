"""What is known of each ModelDeployment, as metrics: what dashboards and alerts read beside the pods' own.

The labels are `model_namespace` and `model_name`, never `namespace`: that is where the operator runs, and a
scraper would rename one of the two. Standbys say the same as the leader, so queries take the maximum.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final

import structlog
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from modelyard_operator.api.quantity import amount
from modelyard_operator.api.server import Resources
from modelyard_operator.api.status import Phase
from modelyard_operator.kube.objects import Child, ChildKey, DeploymentState, HpaState, Resource, ScaledState
from modelyard_operator.reconcile.scalers import of_keda

Sample = tuple[str, tuple[str, ...], float]
"""A metric's name, the values of its labels after the first two, its value."""

log = structlog.get_logger(__name__)

PERCENT: Final = 100.0
MILLISECONDS: Final = 1000.0

FAMILIES: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "modelyard_deployment_info": (
        "1; which revisions it has, what the model does and who splits its traffic.",
        ("task", "mode", "stable", "candidate"),
    ),
    "modelyard_deployment_condition": ("1 while the condition is True, else 0.", ("condition",)),
    "modelyard_deployment_generation_lag": ("Changes of the spec that the operator has not judged yet.", ()),
    "modelyard_revision_info": ("1; what a revision is for now.", ("revision", "state")),
    "modelyard_revision_replicas": ("Pods that a revision is to have.", ("revision",)),
    "modelyard_revision_ready_replicas": ("Pods of a revision that are ready.", ("revision",)),
    "modelyard_autoscaler_replicas": (
        "A revision's autoscaler: its minimum, its maximum and, once it has decided, the size that it wants "
        "(desired).",
        ("revision", "bound"),
    ),
    "modelyard_pod_cpu_request_cores": ("CPU that a server pod of the spec requests, in cores.", ()),
    "modelyard_pod_memory_request_bytes": ("Memory that a server pod of the spec requests, in bytes.", ()),
    "modelyard_slo_objective_ratio": (
        "Share of the requests that is to be well: answered (availability), and within the seconds of the "
        "label le (latency).",
        ("slo", "le"),
    ),
    "modelyard_model_bytes": ("Size of the model that the spec names, in bytes.", ()),
    "modelyard_cold_start_seconds": (
        "What the newest revision's first ready pod took: scheduled, pulled, fetched, loaded, warmed, total.",
        ("stage",),
    ),
    "modelyard_rollout_phase": ("1 for the phase that it is in.", ("phase",)),
    "modelyard_rollout_step": ("The step that the rollout is at, from 1; only during a rollout.", ()),
    "modelyard_rollout_steps": ("How many steps the rollout has; only during a rollout.", ()),
    "modelyard_rollout_weight_ratio": (
        "A revision's share of the traffic, from 0 to 1: desired, and achieved by the pods' own counters "
        "while they are measured.",
        ("revision", "share"),
    ),
    "modelyard_rollout_shadow_ratio": (
        "Share of the requests that are copied to the candidate, from 0 to 1; only during a rollout.",
        (),
    ),
    "modelyard_rollout_failed_analyses": ("Analyses of this step that failed; only during a rollout.", ()),
    "modelyard_rollout_started_timestamp_seconds": (
        "When the candidate was started; only during a rollout.",
        ("revision",),
    ),
    "modelyard_rollout_promoted_timestamp_seconds": (
        "When the stable revision took over.",
        ("revision",),
    ),
    "modelyard_rollout_rejected_timestamp_seconds": (
        "When the revision that was rejected last was given up.",
        ("revision", "reason"),
    ),
}
"""What each metric means, and its labels after the first two."""


class DeploymentCollector(Collector):
    """Some twenty series a resource, counted when scraped.

    Args:
        resources: The ModelDeployments.
        children: With the label of one of them, as the informers have them: its own, and what others made.
    """

    def __init__(
        self,
        resources: Callable[[], Iterable[Resource]],
        children: Callable[[Resource], Iterable[Child]],
    ) -> None:
        self._resources = resources
        self._children = children

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Every metric, with or without series."""
        families = {
            name: GaugeMetricFamily(name, text, labels=("model_namespace", "model_name", *labels))
            for name, (text, labels) in FAMILIES.items()
        }
        for resource in self._resources():
            for name, labels, value in self._samples(resource):
                families[name].add_metric((*resource.key, *labels), value)
        yield from families.values()

    def _samples(self, resource: Resource) -> tuple[Sample, ...]:
        try:
            return (*_resource(resource), *_children(resource, self._children(resource)))
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            # Stored status is what anybody with the right may have written: it takes no other's metrics away.
            namespace, name = resource.key
            log.warning("a resource has no metrics", namespace=namespace, name=name, error=repr(error))
            return ()


def _resource(resource: Resource) -> Iterator[Sample]:
    status = resource.status
    model, routing = status.get("model") or {}, status.get("routing") or {}
    stable, candidate = status.get("stableRevision") or "", status.get("candidateRevision") or ""
    yield (
        "modelyard_deployment_info",
        (model.get("task") or "", routing.get("mode") or "", stable, candidate),
        1,
    )
    for condition in status.get("conditions") or ():
        yield "modelyard_deployment_condition", (condition["type"],), float(condition["status"] == "True")
    lag = resource.generation - max(0, status.get("observedGeneration", 0))
    yield "modelyard_deployment_generation_lag", (), lag
    for entry in status.get("revisions") or ():
        yield "modelyard_revision_info", (entry["name"], entry["state"]), 1
    requests = Resources.model_validate((resource.spec.get("server") or {}).get("resources") or {}).requests
    yield "modelyard_pod_cpu_request_cores", (), float(amount(requests["cpu"]))
    yield "modelyard_pod_memory_request_bytes", (), float(amount(requests["memory"]))
    yield from _objectives((resource.spec.get("monitoring") or {}).get("slo") or {})
    if model.get("bytes") is not None:
        yield "modelyard_model_bytes", (), model["bytes"]
    for stage, seconds in (status.get("coldStart") or {}).items():
        yield "modelyard_cold_start_seconds", (stage,), seconds
    for share in ("desired", "achieved"):
        for revision, percent in (routing.get(share) or {}).items():
            yield "modelyard_rollout_weight_ratio", (revision, share), percent / PERCENT
    yield from _rollout(status.get("rollout") or {}, stable, candidate)


def _objectives(slo: Mapping[str, Any]) -> Iterator[Sample]:
    if slo.get("availability") is not None:
        yield "modelyard_slo_objective_ratio", ("availability", ""), float(slo["availability"])
    latency = slo.get("latency")
    if latency is not None:
        # As the label of the histogram's bucket has it: the rules join the two by it.
        bound = str(latency["withinMs"] / MILLISECONDS)
        yield "modelyard_slo_objective_ratio", ("latency", bound), float(latency["share"])


def _rollout(rollout: Mapping[str, Any], stable: str, candidate: str) -> Iterator[Sample]:
    yield "modelyard_rollout_phase", (rollout.get("phase") or Phase.IDLE.value,), 1
    if candidate:
        for name, key, unit in (
            ("modelyard_rollout_step", "step", 1),
            ("modelyard_rollout_steps", "steps", 1),
            ("modelyard_rollout_shadow_ratio", "shadow", PERCENT),
            ("modelyard_rollout_failed_analyses", "failures", 1),
        ):
            yield name, (), (rollout.get(key) or 0) / unit
        if rollout.get("startedAt"):
            yield (
                "modelyard_rollout_started_timestamp_seconds",
                (candidate,),
                _moment(rollout["startedAt"]),
            )
    if stable and rollout.get("promotedAt"):
        yield "modelyard_rollout_promoted_timestamp_seconds", (stable,), _moment(rollout["promotedAt"])
    last = max(rollout.get("rejected") or (), key=lambda each: _moment(each["at"]), default=None)
    if last is not None:
        labels = (last["revision"], last["reason"])
        yield "modelyard_rollout_rejected_timestamp_seconds", labels, _moment(last["at"])


def _children(resource: Resource, found: Iterable[Child]) -> Iterator[Sample]:
    children = {child.key: child for child in found}
    for child in children.values():
        if child.owner_uid != resource.uid:
            continue
        revision, state = child.revision or "", child.state
        if isinstance(state, DeploymentState) and revision:
            yield "modelyard_revision_replicas", (revision,), state.wanted
            yield "modelyard_revision_ready_replicas", (revision,), state.ready
        elif isinstance(state, HpaState | ScaledState):
            yield "modelyard_autoscaler_replicas", (revision, "minimum"), state.minimum
            yield "modelyard_autoscaler_replicas", (revision, "maximum"), state.maximum
            desired = _desired(child, children)
            if desired:
                yield "modelyard_autoscaler_replicas", (revision, "desired"), desired


def _desired(scaler: Child, children: Mapping[ChildKey, Child]) -> int:
    """What an autoscaler wants, or the one that KEDA made of a ScaledObject; 0: it has not decided."""
    made = children.get(of_keda(scaler.key.name)) if isinstance(scaler.state, ScaledState) else scaler
    return made.state.desired if made is not None and isinstance(made.state, HpaState) else 0


def _moment(stamp: str) -> float:
    return datetime.fromisoformat(stamp).timestamp()
