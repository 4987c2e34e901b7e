"""The rules, by Prometheus' own judgement: each alert fires when it should, and is silent when it should."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from monitoring.__main__ import RULES, WRAPPED, groups, prometheus_rule
from tests.monitoring.alerts import CASES, Case, Series, autoscaler
from tests.tools import promtool

ALERTS = {rule["alert"]: rule for group in groups() for rule in group["rules"] if "alert" in rule}
PAGE = (Path(__file__).parents[2] / "docs" / "monitoring.md").read_text()


def run(*arguments: str) -> str:
    """Why promtool is not content; empty: it is."""
    done = subprocess.run([promtool(), *arguments], capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else done.stdout + done.stderr


def trial(series: Series, case: Case, name: str, fires: bool) -> dict[str, Any]:
    labels = {"alertname": name, "alertstate": "firing", "severity": case.severity, **case.labels}
    shown = ",".join(f'{label}="{value}"' for label, value in sorted(labels.items()))
    samples = [{"labels": f"ALERTS{{{shown}}}", "value": 1}] if fires else []
    return {
        "interval": "1m",
        "input_series": [{"series": each, "values": values} for each, values in series.items()],
        "promql_expr_test": [
            {
                "expr": f'ALERTS{{alertname="{name}",alertstate="firing"}}',
                "eval_time": f"{case.at}m",
                "exp_samples": samples,
            }
        ],
    }


def judged(folder: Path, case: Case, tests: list[dict[str, Any]]) -> str:
    file = folder / "test.yaml"
    whole = {"rule_files": [str(RULES)], "evaluation_interval": case.every, "tests": tests}
    file.write_text(yaml.safe_dump(whole))
    return run("test", "rules", str(file))


def test_they_are_rules() -> None:
    assert run("check", "rules", str(RULES)) == ""


def test_every_alert_has_its_case() -> None:
    assert sorted(CASES) == sorted(ALERTS)


@pytest.mark.parametrize("name", CASES)
def test_it_fires_and_does_not(tmp_path: Path, name: str) -> None:
    case = CASES[name]
    tests = [trial(case.fires, case, name, fires=True)]
    tests += [trial(series, case, name, fires=False) for series in case.silent]
    assert judged(tmp_path, case, tests) == ""


def test_an_autoscaler_that_tells_nothing_is_judged_by_the_size(tmp_path: Path) -> None:
    name = "ModelyardAutoscalerAtMaximum"
    test = trial(autoscaler(0, 3, size=3), CASES[name], name, fires=True)
    assert judged(tmp_path, CASES[name], [test]) == ""


@pytest.mark.parametrize("name", ALERTS)
def test_it_says_what_to_do(name: str) -> None:
    annotations = ALERTS[name]["annotations"]
    assert annotations["runbook"] == f"docs/monitoring.md#{name.lower()}"
    assert re.search(rf"^### {name}$", PAGE, re.MULTILINE), "its section in docs/monitoring.md"
    assert annotations["summary"]
    assert annotations["description"]


def test_words_are_filled_in(tmp_path: Path) -> None:
    case = CASES["ModelyardErrorRate"]
    test = trial(case.fires, case, "ModelyardErrorRate", fires=True)
    expected = {
        "exp_labels": {"severity": "critical", **case.labels},
        "exp_annotations": {
            "summary": "ml/a fails",
            "description": "10% of its requests are answered with 5xx.",
            "runbook": "docs/monitoring.md#modelyarderrorrate",
        },
    }
    test["alert_rule_test"] = [
        {"eval_time": "40m", "alertname": "ModelyardErrorRate", "exp_alerts": [expected]}
    ]
    assert judged(tmp_path, case, [test]) == ""


def test_the_prometheus_operator_gets_the_same() -> None:
    assert WRAPPED.read_text() == prometheus_rule(), "`make dashboards`"
    assert yaml.safe_load(prometheus_rule())["spec"]["groups"] == groups()
