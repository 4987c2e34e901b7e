"""The verdict on a window: every gate in turn. Pure.

A gate is a small function of the case that gives its results, or none where it is not asked for, after the
model of cert-manager's chain of policies (https://pkg.go.dev/github.com/cert-manager/cert-manager/internal/controller/certificates/policies).
All of them speak each time, so that a verdict shows everything that is wrong. Adding one: a file in `gates/`
and a line here.
"""

from datetime import datetime

from modelyard_operator.analysis.case import Case, Gate
from modelyard_operator.analysis.gates import (
    compare_errors,
    compare_latency,
    disagreement,
    error_rate,
    jobs,
    latency,
    queries,
    saturation,
    traffic,
    webhooks,
)
from modelyard_operator.analysis.verdict import Analysis

GATES: tuple[Gate, ...] = (
    traffic.judge,
    error_rate.judge,
    latency.judge,
    compare_errors.judge,
    compare_latency.judge,
    saturation.judge,
    disagreement.judge,
    queries.judge,
    webhooks.judge,
    jobs.judge,
)


def judge(case: Case, at: datetime, window_seconds: float) -> Analysis:
    """What is to be thought of the window that ended `at`."""
    results = [result for gate in GATES for result in gate(case)]
    requests = {revision: counts.answered for revision, counts in case.counts.items()}
    return Analysis.of(at, window_seconds, results, requests)
