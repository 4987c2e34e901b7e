"""What KEDA is told to ask, by the engine that answers it."""

import json
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from modelyard_operator.api.scaling import ToZero
from modelyard_operator.kube.objects import ScaledState
from modelyard_operator.resources.interceptor_route import COUNTED_SECONDS, interceptor_route
from modelyard_operator.resources.scaled_object import SCALED_OBJECT, scaled_object
from tests import tools
from tests.operator.resources.cases import context

POD = 'model_name="keda",namespace="default",revision="r1",pod="{}"'
OTHER = 'model_name="keda",namespace="default",revision="r2",pod="c"'


def queries() -> dict[str, str]:
    triggers = scaled_object(context("keda"), "r1", 1, 3)["spec"]["triggers"]
    return {each["name"]: each["metadata"]["query"] for each in triggers if each["type"] == "prometheus"}


@pytest.mark.parametrize(
    ("name", "series", "value"),
    [
        (
            "requests-per-second",
            {
                f"modelyard_requests_total{{{POD.format('a')}}}": "0+600x10",
                f"modelyard_requests_total{{{POD.format('b')}}}": "0+300x10",
                f"modelyard_requests_total{{{OTHER}}}": "0+6000x10",
            },
            30,
        ),
        ("requests-per-second", {f"modelyard_in_flight_requests{{{POD.format('a')}}}": "0x20"}, 0),
        ("requests-per-second", {f"modelyard_in_flight_requests{{{OTHER}}}": "4x20"}, None),
        (
            "in-flight",
            {
                f"modelyard_in_flight_requests{{{POD.format('a')}}}": "4x20",
                f"modelyard_in_flight_requests{{{POD.format('b')}}}": "3x20",
                f"modelyard_in_flight_requests{{{OTHER}}}": "9x20",
            },
            7,
        ),
        ("in-flight", {f"modelyard_requests_total{{{OTHER}}}": "0+6000x10"}, None),
    ],
)
def test_all_pods_of_the_revision_count_and_silence_is_no_zero(
    tmp_path: Path, name: str, series: dict[str, str], value: float | None
) -> None:
    samples = [] if value is None else [{"labels": "{}", "value": value}]
    test = {
        "evaluation_interval": "30s",
        "tests": [
            {
                "interval": "30s",
                "input_series": [{"series": key, "values": values} for key, values in series.items()],
                "promql_expr_test": [{"expr": queries()[name], "eval_time": "5m", "exp_samples": samples}],
            }
        ],
    }
    (tmp_path / "test.yaml").write_text(json.dumps(test))
    promtool = str(Path(tools.prometheus()).with_name("promtool"))
    done = subprocess.run(
        [promtool, "test", "rules", "test.yaml"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{done.stdout}{done.stderr}"


def test_what_keda_says_is_kept() -> None:
    spec = {"minReplicaCount": 2, "maxReplicaCount": 9}
    refused = {"type": "Ready", "status": "False", "message": "no such trigger"}
    active = {"type": "Active", "status": "False"}
    said = SCALED_OBJECT.project({"spec": spec, "status": {"conditions": [active, refused]}})
    assert said == ScaledState(2, 9, False, "no such trigger")
    ready = SCALED_OBJECT.project({"spec": spec, "status": {"conditions": [refused | {"status": "True"}]}})
    assert ready == ScaledState(2, 9, True)
    assert SCALED_OBJECT.project({"spec": spec}) == ScaledState(2, 9, None)
    partly = {"type": "Ready", "status": "Unknown", "message": "Some triggers are not working"}
    said = SCALED_OBJECT.project({"spec": spec, "status": {"conditions": [partly]}})
    assert said == ScaledState(2, 9, False, "Some triggers are not working")
    # As KEDA makes it before it has looked.
    unknown = {"type": "Ready", "status": "Unknown"}
    assert SCALED_OBJECT.project({"spec": spec, "status": {"conditions": [unknown]}}).ready is None


def test_the_last_pod_goes_soon_after_no_request_has_come_for_as_long_as_asked_and_never_before() -> None:
    ctx = context("zero")
    scaling = ctx.spec.scaling.model_copy(update={"to_zero": ToZero(idle="10m")})
    ctx = replace(ctx, spec=ctx.spec.model_copy(update={"scaling": scaling}))
    spec = scaled_object(ctx, "r1", 1, 3, held_by="keda", may_sleep=True)["spec"]
    # KEDA counts from the moment when the add-on has ceased to count the last request.
    assert spec["cooldownPeriod"] == 600
    assert spec["pollingInterval"] == COUNTED_SECONDS
    rate = interceptor_route(ctx, "r1")["spec"]["scalingMetric"]["requestRate"]
    assert rate["window"] == f"{COUNTED_SECONDS}s"
