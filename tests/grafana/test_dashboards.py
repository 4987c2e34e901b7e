"""The dashboards: as committed, whole, and about metrics that exist."""

import functools
import re
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import REGISTRY

from grafana.__main__ import FOLDER, dashboards
from grafana.board import panels, text
from modelyard_operator.analysis.metrics import ANALYSES
from modelyard_operator.handlers.deployment_metrics import FAMILIES
from modelyard_operator.handlers.metrics import ResourceCollector
from modelyard_operator.kube.metrics import LEADER
from modelyard_operator.notify.metrics import NOTIFICATIONS
from modelyard_server.metrics import Metrics
from modelyard_server.shadow.counts import Counts
from monitoring.__main__ import groups
from tests.grafana.queries import VARIABLES, Asked, boards, fill, filled, raw
from tests.tools import promtool

BOARDS = boards()
QUERIES = list(raw())
OPERATORS = (ANALYSES, LEADER, NOTIFICATIONS)
"""Imported, so that they are registered."""
FOREIGN = re.compile(r"^(process_|container_|istio_)")


def contents(board: str) -> list[dict[str, Any]]:
    return [panel for panel in panels(BOARDS[board]) if panel["type"] != "row"]


@functools.cache
def series() -> set[str]:
    """The name of every series that our processes can have."""
    server = Metrics("a", "r1")
    Counts(server.registry, server.identity)
    families = [*server.registry.collect(), *REGISTRY.collect(), *ResourceCollector(lambda: ()).collect()]
    found = set(FAMILIES)
    for family in families:
        found.add(f"{family.name}_total" if family.type == "counter" else family.name)
        if family.type == "histogram":
            found |= {f"{family.name}_{part}" for part in ("bucket", "sum", "count")}
    return found


def names(expr: str) -> set[str]:
    """The metrics that an expression asks for, our processes' own and others'."""
    return set(re.findall(r"\b((?:modelyard|process|container|istio)_[a-z_]+)\b(?=[{\[)\s,]|$)", expr))


def test_the_files_are_what_the_code_makes() -> None:
    made = {name: text(board) for name, board in dashboards().items()}
    there = {file.name: file.read_text() for file in FOLDER.iterdir()}
    assert sorted(made) == sorted(there)
    for name, content in made.items():
        assert content == there[name], f"{name}: `make dashboards`"


def test_every_expression_is_promql(tmp_path: Path) -> None:
    asked = filled()
    rules = [{"record": f"query:{number}", "expr": expr} for number, (_, expr) in enumerate(asked)]
    file = tmp_path / "rules.yaml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "queries", "rules": rules}]}))
    done = subprocess.run(
        [promtool(), "check", "rules", str(file)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert f"{len(asked)} rules found" in done.stdout


def test_a_broken_expression_is_found(tmp_path: Path) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "a", "rules": [{"record": "a", "expr": "sum((a"}]}]}))
    assert subprocess.run([promtool(), "check", "rules", str(file)], check=False).returncode != 0


@pytest.mark.parametrize("asked", QUERIES, ids=str)
def test_its_metrics_exist(asked: Asked) -> None:
    found = names(asked.expr)
    assert found
    ours = {name for name in found if not FOREIGN.match(name)}
    assert ours <= series(), f"no metric: {sorted(ours - series())}"


def test_every_metric_of_the_rules_exists() -> None:
    recorded = {rule["record"] for group in groups() for rule in group["rules"] if "record" in rule}
    for group in groups():
        for rule in group["rules"]:
            rest = rule["expr"]
            for name in sorted(recorded, key=len, reverse=True):
                rest = rest.replace(name, "")
            assert names(rest) <= series(), rule
            assert "model:" not in rest, rule


@pytest.mark.parametrize("asked", QUERIES, ids=str)
def test_its_variables_exist(asked: Asked) -> None:
    # $1 is label_replace's.
    assert re.findall(r"\$(?!1\b)\w+", fill(asked.expr)) == []
    wanted = set(re.findall(r"\$(?:__)?[a-z_]+", asked.expr))
    assert wanted <= set(VARIABLES)
    own = {f"${each['name']}" for each in BOARDS[asked.board]["templating"]["list"]}
    assert {each for each in wanted if not each.startswith("$__")} <= own


@pytest.mark.parametrize("board", BOARDS)
def test_every_panel_says_what_it_is(board: str) -> None:
    titles: Counter[tuple[str, str]] = Counter()
    for panel in contents(board):
        assert panel["title"]
        assert panel["description"].endswith("."), panel["title"]
        assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
        assert panel["targets"], panel["title"]
        assert all(target["legendFormat"] for target in panel["targets"]), panel["title"]
        assert [target["refId"] for target in panel["targets"]] == sorted(
            {target["refId"] for target in panel["targets"]}
        )
        titles[panel["type"], panel["title"]] += 1
        if panel["type"] != "table":
            assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]
            assert panel["fieldConfig"]["defaults"]["thresholds"]["steps"]
    assert max(titles.values()) == 1, titles


@pytest.mark.parametrize("board", BOARDS)
def test_panels_lie_side_by_side(board: str) -> None:
    taken: set[tuple[int, int]] = set()
    ids = [panel["id"] for panel in panels(BOARDS[board])]
    assert len(set(ids)) == len(ids)
    for panel in BOARDS[board]["panels"]:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not taken & cells, panel["title"]
        taken |= cells


@pytest.mark.parametrize("board", BOARDS)
def test_it_leads_to_the_others(board: str) -> None:
    found = BOARDS[board]
    assert found["uid"] == f"modelyard-{board}"
    assert found["tags"] == ["modelyard"]
    assert [(link["type"], link["tags"]) for link in found["links"]] == [("dashboards", ["modelyard"])]
    assert {link["includeVars"] and link["keepTime"] for link in found["links"]} == {True}
    assert found["templating"]["list"][0]["type"] == "datasource"


@pytest.mark.parametrize("board", ["inference", "rollout"])
def test_rollouts_are_marked_at_their_time(board: str) -> None:
    marks = BOARDS[board]["annotations"]["list"]
    assert [mark["name"] for mark in marks] == ["Rollout started", "Promoted", "Rejected"]
    for mark in marks:
        assert mark["useValueForTime"]
        assert "timestamp_seconds" in mark["expr"]
        assert mark["expr"].endswith("* 1000"), "milliseconds"


def test_the_table_leads_to_a_dashboard_that_is_there() -> None:
    wanted = set(re.findall(r"/d/(modelyard-[a-z]+)", (FOLDER / "fleet.json").read_text()))
    assert wanted
    assert wanted <= {board["uid"] for board in BOARDS.values()}
