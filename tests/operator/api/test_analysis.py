"""`rollout.analysis`: what the API server takes and refuses, and how a step's adds to it."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from modelyard_operator.api.analysis import AnalysisSpec, OnNoData, StepAnalysis
from modelyard_operator.api.openapi import structural
from tests.control_plane import ControlPlane, wait_until

GROUP, PLURAL = "test.modelyard.dev", "analyses"
COLLECTION = f"/apis/{GROUP}/v1/namespaces/default/{PLURAL}"
PROMETHEUS = {"address": "http://prometheus.monitoring.svc:9090"}
QUERY = {"name": "carts", "promql": "sum(up)", "max": 1}

CRD = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": f"{PLURAL}.{GROUP}"},
    "spec": {
        "group": GROUP,
        "scope": "Namespaced",
        "names": {"kind": "Analysis", "plural": PLURAL, "singular": "analysis"},
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "schema": {
                    "openAPIV3Schema": {
                        "type": "object",
                        "properties": {
                            "spec": structural(AnalysisSpec, defaults=True),
                            "steps": {
                                "type": "array",
                                "maxItems": 20,
                                "items": structural(StepAnalysis, defaults=True),
                            },
                        },
                    }
                },
            }
        ],
    },
}
"""As `spec.rollout` has them: once for all, and in each step. Rules cost what they cost there."""


@pytest.fixture(scope="module")
def api(control_plane: ControlPlane) -> Iterator[httpx.Client]:
    applied = control_plane.kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", stdin=CRD)
    assert applied.returncode == 0, applied.stderr
    with control_plane.client() as client:
        wait_until(lambda: client.get(COLLECTION).status_code == 200, "the CRD")
        yield client


def dry_run(api: httpx.Client, **parts: Any) -> httpx.Response:
    manifest = {"apiVersion": f"{GROUP}/v1", "kind": "Analysis", "metadata": {"name": "x"}, **parts}
    return api.post(COLLECTION, params={"dryRun": "All", "fieldValidation": "Strict"}, json=manifest)


REFUSED = [
    ({"interval": "0s"}, "spec.interval", "must be from 1s to 1h, written as 30s or 1m30s"),
    ({"interval": "2h"}, "spec.interval", "must be from 1s to 1h, written as 30s or 1m30s"),
    ({"interval": "soon"}, "spec.interval", "must be from 1s to 1h, written as 30s or 1m30s"),
    ({"maxErrorRate": 1.5}, "spec.maxErrorRate", "less than or equal to 1"),
    ({"maxP99Ms": 0}, "spec.maxP99Ms", "no answer takes 0 ms: write a number above 0, or leave it out"),
    ({"minRequests": 0}, "spec.minRequests", "greater than or equal to 1"),
    ({"onNoData": "wait"}, "spec.onNoData", 'supported values: "hold", "fail", "pass"'),
    ({"failureLimit": 0}, "spec.failureLimit", "greater than or equal to 1"),
    ({"compare": {"confidence": 1}}, "spec.compare.confidence", "must be from 0.8 to 0.9999"),
    ({"saturation": {"maxCpu": 0}}, "spec.saturation.maxCpu", "every pod takes some CPU"),
    (
        {"queries": [QUERY]},
        "spec",
        "queries need a Prometheus to ask: write its address as prometheus: {address: http://HOST:9090}",
    ),
    (
        {"queries": [{"name": "x", "promql": "up"}], "prometheus": PROMETHEUS},
        "spec.queries[0]",
        "has nothing to hold the value against: write max, min or both",
    ),
    (
        {"queries": [QUERY | {"min": 2}], "prometheus": PROMETHEUS},
        "spec.queries[0]",
        "min is above max, so that no value passes: swap them",
    ),
    ({"queries": [QUERY, QUERY], "prometheus": PROMETHEUS}, "spec.queries[1]", "Duplicate value"),
    ({"queries": [QUERY | {"name": "a b"}], "prometheus": PROMETHEUS}, "spec.queries[0].name", "is no name"),
    ({"prometheus": {"address": "prometheus:9090"}}, "spec.prometheus.address", "is no address: write it as"),
    ({"prometheus": {"address": "http://me:pw@p:9090"}}, "spec.prometheus.address", "is no address"),
    ({"webhooks": [{"name": "x", "url": "ftp://x/"}]}, "spec.webhooks[0].url", "is no address"),
    (
        {"webhooks": [{"name": "x", "url": "http://x/", "timeout": "5m"}]},
        "spec.webhooks[0].timeout",
        "must be from 1s to 1m",
    ),
    ({"jobs": [{"name": "Smoke", "image": "x"}]}, "spec.jobs[0].name", "is no name of a Job"),
    (
        {"jobs": [{"name": "smoke", "image": "x", "env": [{"name": "1A"}]}]},
        "spec.jobs[0].env[0].name",
        "is no name",
    ),
    (
        {"jobs": [{"name": "smoke", "image": "x", "timeout": "3h"}]},
        "spec.jobs[0].timeout",
        "must be from 1s to 2h",
    ),
]


@pytest.mark.integration
@pytest.mark.parametrize(("bad", "field", "words"), REFUSED)
def test_bad_input_is_refused_naming_field_and_mend(api: httpx.Client, bad, field, words):
    answer = dry_run(api, spec=bad)
    assert answer.status_code == 422
    said = answer.json()["message"]
    assert f"{field}: " in said
    assert words in said


@pytest.mark.integration
def test_a_step_is_checked_like_the_whole(api: httpx.Client):
    answer = dry_run(api, steps=[{}, {"maxP50Ms": 0}])
    assert answer.status_code == 422
    assert "steps[1].maxP50Ms: " in answer.json()["message"]


SHARES = st.floats(0, 1, allow_subnormal=False)
MILLIS = st.floats(0.001, 1e6)
NAMES = st.from_regex(r"[a-z]([-a-z0-9]{0,8}[a-z0-9])?", fullmatch=True)


def some(
    required: dict[str, Any] | None = None, **optional: st.SearchStrategy[Any]
) -> st.SearchStrategy[Any]:
    return st.fixed_dictionaries(required or {}, optional=optional)


def several(each: st.SearchStrategy[Any], most: int) -> st.SearchStrategy[Any]:
    return st.lists(each, max_size=most, unique_by=lambda one: one["name"])


REFERENCES = st.fixed_dictionaries({"name": NAMES})
QUERIES = some(
    {"name": NAMES, "promql": st.text("abc(){}$", min_size=1, max_size=20), "max": st.just(1e9)}, min=SHARES
)
WEBHOOKS = some(
    {"name": NAMES, "url": st.just("https://gate.example.org/x?y=1")},
    timeout=st.sampled_from(["1s", "10s", "1m"]),
    secretRef=REFERENCES,
    metadata=st.dictionaries(NAMES, st.text("abc", max_size=9), max_size=2),
)
JOBS = some(
    {"name": NAMES, "image": st.just("smoke:1")}, args=st.lists(NAMES, max_size=2), timeout=st.just("30s")
)
FIELDS = {
    "interval": st.sampled_from(["1s", "30s", "1m30s", "1h"]),
    "minRequests": st.integers(1, 1000),
    "maxErrorRate": SHARES,
    "maxP50Ms": MILLIS,
    "maxP99Ms": MILLIS,
    "maxDisagreement": SHARES,
    "compare": some(latency=st.booleans(), confidence=st.floats(0.8, 0.9999), maxSlower=st.floats(0.05, 1)),
    "saturation": some(maxQueueItems=st.floats(0, 1000), maxCpu=st.floats(0.01, 1)),
    "onNoData": st.sampled_from([*OnNoData]).map(str),
    "failureLimit": st.integers(1, 100),
}
SPECS = some(
    {"prometheus": some({"address": st.just(PROMETHEUS["address"])}, secretRef=REFERENCES, caSecret=NAMES)},
    **FIELDS,
    queries=several(QUERIES, 8),
    webhooks=several(WEBHOOKS, 4),
    jobs=several(JOBS, 4),
)
STEPS = some(**FIELDS, queries=several(QUERIES, 4), webhooks=several(WEBHOOKS, 2), jobs=several(JOBS, 2))


@pytest.mark.integration
@given(SPECS, STEPS)
@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
def test_what_it_takes_is_read_as_it_was_written(api: httpx.Client, wanted, step):
    answer = dry_run(api, spec=wanted, steps=[step])
    assert answer.status_code == 201, answer.json()["message"]
    stored = answer.json()
    assert AnalysisSpec.model_validate(stored["spec"]) == AnalysisSpec.model_validate(wanted)
    # What the API server fills in for a step must not undo what stands for the whole rollout.
    whole = AnalysisSpec.model_validate(wanted)
    written, filled = StepAnalysis.model_validate(step), StepAnalysis.model_validate(stored["steps"][0])
    assert whole.overlaid(filled) == whole.overlaid(written)


def test_every_field_of_the_whole_can_be_set_in_a_step():
    assert list(StepAnalysis.model_fields) == list(AnalysisSpec.model_fields)


def test_a_step_that_says_nothing_changes_nothing():
    whole = AnalysisSpec(max_error_rate=0.1, on_no_data=OnNoData.FAIL)
    assert whole.overlaid(None) == whole.overlaid(StepAnalysis()) == whole


def test_a_step_s_fields_take_the_place_of_the_whole_s():
    whole = AnalysisSpec.model_validate({"maxErrorRate": 0.1, "minRequests": 10, "prometheus": PROMETHEUS})
    found = whole.overlaid(StepAnalysis.model_validate({"maxErrorRate": 0, "onNoData": "pass"}))
    assert (found.max_error_rate, found.min_requests, found.on_no_data) == (0, 10, OnNoData.PASS)
    assert found.prometheus == whole.prometheus


def test_checks_of_a_step_are_added_or_replaced_by_name():
    whole = AnalysisSpec.model_validate({"queries": [QUERY, QUERY | {"name": "b"}], "prometheus": PROMETHEUS})
    step = StepAnalysis.model_validate({"queries": [QUERY | {"name": "c"}, QUERY | {"max": 9}]})
    found = whole.overlaid(step).queries
    assert [(query.name, query.max) for query in found] == [("carts", 9), ("b", 1), ("c", 1)]


@pytest.mark.parametrize("bad", [{"interval": "1d"}, {"minRequests": 0}, {"webhooks": [{"name": "x"}]}])
def test_what_an_api_server_would_not_take_is_not_read_either(bad):
    with pytest.raises(ValidationError):
        AnalysisSpec.model_validate(bad)


@given(SPECS)
def test_it_is_written_as_it_was_read(wanted):
    read = AnalysisSpec.model_validate(wanted)
    assert AnalysisSpec.model_validate(read.to_dict()) == read
