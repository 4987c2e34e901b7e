"""The queries of the dashboards, with Grafana's variables filled in."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from grafana.__main__ import FOLDER
from grafana.board import panels

VARIABLES: Mapping[str, str] = {
    "$__rate_interval": "1m",
    "$__range": "10m",
    "$namespace": "default",
    "$deployment": "sentiment",
    "$revision": ".+",
    "$cpu_price": "0.04",
    "$memory_price": "0.005",
}


@dataclass(frozen=True)
class Asked:
    """One query: where it stands, and what is asked."""

    board: str
    row: str
    panel: str
    legend: str
    expr: str
    is_instant: bool = False
    """Asked of the end of the time shown, as tables are."""

    def __str__(self) -> str:
        return f"{self.board}: {self.panel}: {self.legend}"


def boards() -> dict[str, dict[str, Any]]:
    """The dashboards as they are committed, by the names of their files."""
    return {file.stem: json.loads(file.read_text()) for file in sorted(FOLDER.glob("*.json"))}


def raw() -> Iterator[Asked]:
    """Every query of every panel, and the marks of rollouts."""
    for name, board in boards().items():
        row = ""
        for panel in panels(board):
            if panel["type"] == "row":
                row = panel["title"]
            for target in panel.get("targets", ()):
                words = (name, row, panel["title"], target["legendFormat"], target["expr"])
                yield Asked(*words, is_instant=target.get("instant", False))
        for mark in board["annotations"]["list"]:
            yield Asked(name, "", "marks", mark["name"], mark["expr"])


def filled(variables: Mapping[str, str] = VARIABLES) -> list[tuple[Asked, str]]:
    """Every query, and what Prometheus is asked."""
    return [(asked, fill(asked.expr, variables)) for asked in raw()]


def fill(expr: str, variables: Mapping[str, str] = VARIABLES) -> str:
    """What Prometheus is asked. The longer names first: one may begin with another."""
    for name in sorted(variables, key=len, reverse=True):
        expr = expr.replace(name, variables[name])
    return expr
