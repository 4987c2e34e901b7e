"""Writes what was measured into docs/performance*.md, between the marks that name each table."""

import re
from pathlib import Path

from benchmarks.goal import Goal, read

_MARKED = re.compile(r"<!-- results/(?P<name>\S+)\.json -->\n(?P<table>.*?)<!-- end -->", re.DOTALL)
_HEAD = "| what | median | least to most | goal | |\n| --- | ---: | --- | --- | --- |\n"


def write_page(page: Path, results: Path, since: float) -> None:
    """Fill the marked places of what was measured; the others keep what they hold.

    Args:
        page: A Markdown file.
        results: Where the results are.
        since: When measuring began, in seconds of the epoch: older results stay out.
    """

    def filled(found: re.Match[str]) -> str:
        name = found["name"]
        file = results / f"{name}.json"
        goals = read(file) if file.exists() and file.stat().st_mtime >= since else []
        body = table(goals) if goals else found["table"]
        return f"<!-- results/{name}.json -->\n{body}<!-- end -->"

    page.write_text(_MARKED.sub(filled, page.read_text()))


def table(goals: list[Goal]) -> str:
    """A Markdown table, one row a goal."""
    return _HEAD + "".join(_row(goal) for goal in goals)


def _row(goal: Goal) -> str:
    verdict = "" if goal.holds is None else f"**{goal.verdict}**"
    what = f"{goal.name} ({goal.detail})" if goal.detail else goal.name
    return f"| {what} | {_number(goal.value)} {goal.unit} | {goal.spread} | {goal.bound} | {verdict} |\n"


def _number(value: float) -> str:
    if value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.4g}"
