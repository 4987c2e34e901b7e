"""Durations, and what a spec says when only what was set counts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from modelyard_operator.api.base import seconds
from modelyard_operator.api.cache import CacheSpec
from modelyard_operator.api.deployment import ModelDeploymentSpec
from modelyard_operator.api.server import Resources, ServerSpec


@pytest.mark.parametrize(
    ("text", "expected"), [("30s", 30), ("10m", 600), ("1h30m", 5400), ("1d", 86400), ("0s", 0)]
)
def test_a_duration_is_seconds(text: str, expected: float) -> None:
    assert seconds(text) == expected


@pytest.mark.parametrize("text", ["", "30", "soon", "1h 30m", "-1s", "1.5h"])
def test_what_is_no_duration_says_how_to_write_one(text: str) -> None:
    with pytest.raises(ValueError, match="write it as 30s, 10m or 1h30m"):
        seconds(text)


@given(st.integers(0, 999), st.sampled_from("smhd"))
def test_the_parts_of_a_duration_add_up(number: int, unit: str) -> None:
    assert seconds(f"{number}{unit}1s") == seconds(f"{number}{unit}") + 1


def test_only_what_differs_from_a_default_counts() -> None:
    assert ServerSpec().set_fields() == {}
    assert ServerSpec.model_validate({"drainSeconds": 15, "env": [], "threads": None}).set_fields() == {}
    assert ServerSpec.model_validate({"drainSeconds": 16}).set_fields() == {"drainSeconds": 16}


@pytest.mark.parametrize(
    ("given", "requests", "limits"),
    [
        ({}, {"cpu": "1", "memory": "512Mi"}, {"cpu": "1", "memory": "1Gi"}),
        ({"requests": {"cpu": "2"}}, {"cpu": "2", "memory": "512Mi"}, {"cpu": "2", "memory": "1Gi"}),
        ({"limits": {"cpu": "500m"}}, {"cpu": "500m", "memory": "512Mi"}, {"cpu": "500m", "memory": "1Gi"}),
        ({"limits": {"memory": "256Mi"}}, {"cpu": "1", "memory": "256Mi"}, {"cpu": "1", "memory": "256Mi"}),
        (
            {"requests": {"cpu": 2, "nvidia.com/gpu": 1}},
            {"cpu": "2", "nvidia.com/gpu": "1", "memory": "512Mi"},
            {"cpu": "2", "memory": "1Gi"},
        ),
    ],
)
def test_requests_and_limits_complete_each_other(
    given: dict[str, dict[str, str]], requests: dict[str, str], limits: dict[str, str]
) -> None:
    resources = Resources.model_validate(given)
    assert (resources.requests, resources.limits) == (requests, limits)


def test_a_spec_is_read_again_as_it_was_written() -> None:
    spec = ModelDeploymentSpec.model_validate(
        {
            "model": {"uri": "s3://b/p"},
            "server": {"env": [{"name": "A", "value": "b"}]},
            "networkPolicy": {"from": [{"podSelector": {}}]},
        }
    )
    assert ModelDeploymentSpec.model_validate(spec.to_dict()) == spec
    assert spec.to_dict()["networkPolicy"]["from"] == [{"podSelector": {}}]


def test_a_number_in_yaml_is_a_quantity() -> None:
    assert CacheSpec.model_validate({"managed": {"maxMemory": 67108864}}).managed is not None
    with pytest.raises(ValidationError):
        CacheSpec.model_validate({"managed": {"maxMemory": "lots"}})
