"""What the operator counts of its analyses."""

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

ANALYSES: Final = Counter("modelyard_operator_analyses_total", "Analyses of candidates.", ["verdict"])
MEASURED: Final = Gauge("modelyard_operator_measured_rollouts", "Rollouts whose traffic is measured.")
LOOK_SECONDS: Final = Histogram(
    "modelyard_operator_look_seconds",
    "Reading the counters of a rollout's pods once, in seconds.",
    ["source"],
    buckets=(0.005, 0.01, 0.05, 0.1, 0.5, 1, 3, 5),
)
