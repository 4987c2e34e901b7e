"""Every query, asked of recorded series: those of a rollout by the names and labels that our own registries
give, and those of the mesh by https://istio.io/latest/docs/reference/config/metrics/.
"""

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from grafana.pods import SIDECARS
from tests.grafana.queries import VARIABLES, Asked, filled
from tests.grafana.world import NAMES, everything
from tests.tools import promtool

MESH = [(asked, expr) for asked, expr in filled() if asked.row == SIDECARS]
MILLISECONDS = "istio_request_duration_milliseconds_bucket"


def sidecars(namespace: str, deployment: str) -> dict[str, str]:
    """What the proxy beside a pod tells that answers twice a second within 100 ms."""
    labels = (
        f'reporter="destination",destination_workload_namespace="{namespace}",'
        f'destination_workload="{deployment}-rabcdefgh2",response_code="200"'
    )
    return {
        f"istio_requests_total{{{labels}}}": "0+60x10",
        f'{MILLISECONDS}{{{labels},le="100"}}': "0+60x10",
        f'{MILLISECONDS}{{{labels},le="+Inf"}}': "0+60x10",
    }


EXPECTED = {
    "{{response_code}}": [{"labels": '{response_code="200"}', "value": 2}],
    "p50": [{"labels": "{}", "value": 50}],
    "p99": [{"labels": "{}", "value": 99}],
}


def judged(folder: Path, expr: str, series: dict[str, str], expected: list[dict[str, Any]]) -> str:
    return judge(folder, series, [{"expr": expr, "eval_time": "4m", "exp_samples": expected}])


def judge(folder: Path, series: dict[str, str], questions: list[dict[str, Any]]) -> str:
    test = {
        "interval": "30s",
        "input_series": [{"series": each, "values": values} for each, values in series.items()],
        "promql_expr_test": questions,
    }
    file = folder / "test.yaml"
    file.write_text(yaml.safe_dump({"rule_files": [], "evaluation_interval": "30s", "tests": [test]}))
    done = subprocess.run(
        [promtool(), "test", "rules", str(file)], capture_output=True, text=True, check=False
    )
    return done.stdout + done.stderr if done.returncode else ""


def test_there_are_some() -> None:
    assert [asked.legend for asked, _ in MESH] == ["{{response_code}}", "p50", "p99"]


@pytest.mark.parametrize(("asked", "expr"), MESH, ids=str)
def test_it_has_data(tmp_path: Path, asked: Asked, expr: str) -> None:
    told = {name: sidecars("default", name) for name in ("sentiment", "sentiments")}
    assert judged(tmp_path, expr, told["sentiment"], EXPECTED[asked.legend]) == ""
    assert judged(tmp_path, expr, told["sentiments"], []) == "", "another deployment's"


def has_data(expr: str) -> dict[str, Any]:
    """That it gives series with numbers: what is compared with itself is no NaN."""
    told = f"count(({expr}) == ({expr})) > bool 0"
    return {"expr": told, "eval_time": "4m", "exp_samples": [{"labels": "{}", "value": 1}]}


def test_every_query_has_data_of_a_rollout(tmp_path: Path) -> None:
    told = {**everything(), **sidecars(NAMES["$namespace"], NAMES["$deployment"])}
    asked = [has_data(expr) for _, expr in filled({**VARIABLES, **NAMES})]
    assert judge(tmp_path, told, asked) == ""


def test_a_query_without_data_is_found(tmp_path: Path) -> None:
    assert judge(tmp_path, everything(), [has_data('modelyard_ready{model_name="b"}')]) != ""
