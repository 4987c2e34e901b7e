"""Objectives are about bounds that the servers' histogram has, written as it writes them."""

from typing import get_args

import pytest
from pydantic import ValidationError

from modelyard_operator.api.monitoring import LatencyObjective
from modelyard_operator.handlers.deployment_metrics import MILLISECONDS
from modelyard_server.metrics import Metrics

BOUNDS = get_args(LatencyObjective.model_fields["within_ms"].annotation)


@pytest.mark.parametrize("bound", BOUNDS)
def test_a_bound_is_a_buckets(bound: int) -> None:
    metrics = Metrics("a", "r1")
    metrics.answered("/predict", 200, 0.1)
    families = {family.name: family for family in metrics.registry.collect()}
    samples = families["modelyard_request_duration_seconds"].samples
    assert str(bound / MILLISECONDS) in {sample.labels.get("le") for sample in samples}


def test_another_is_refused() -> None:
    with pytest.raises(ValidationError, match="withinMs"):
        LatencyObjective.model_validate({"withinMs": 300, "share": 0.9})
