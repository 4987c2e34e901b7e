"""Draws panels from recorded answers of Prometheus: `python -m grafana.pictures ANSWERS FOLDER`.

The pictures of docs/monitoring.md. Grafana draws the same answers in its own manner.
"""

import json
import math
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from pathlib import Path
from typing import Any

from grafana.__main__ import dashboards
from grafana.board import panels

WIDTH, HEIGHT = 400, 230
"""Of a panel."""
COLUMNS = 3
LEFT, RIGHT, TOP, BOTTOM = 62, 22, 30, 62
POINTS = 120
"""Most values of a line: more than that is finer than the picture."""
MOST = 6
"""Most lines of a panel, the largest first."""
COLORS = ("#3274d9", "#e0752d", "#299c46", "#a352cc", "#c4162a", "#5a6872")
_REVISION = re.compile(r"\b(r[a-z2-7]{4})[a-z2-7]{5}\b")
"""A revision's name, of which a legend shows the beginning."""
_SCALES: Mapping[str, tuple[tuple[float, str], ...]] = {
    "s": ((1e-3, "µs:1e6"), (1, "ms:1e3"), (math.inf, "s:1")),
    "bytes": ((2**20, "KiB:9.765625e-4"), (2**30, "MiB:9.5367e-7"), (math.inf, "GiB:9.3132e-10")),
    "Bps": ((2**10, "B/s:1"), (2**20, "KiB/s:9.765625e-4"), (math.inf, "MiB/s:9.5367e-7")),
    "percentunit": ((math.inf, "%:100"),),
    "currencyUSD": ((math.inf, "$:1"),),
    "reqps": ((math.inf, "/s:1"),),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One series: its name, and seconds with values."""

    name: str
    points: tuple[tuple[float, float], ...]

    @property
    def highest(self) -> float:
        """Its largest value."""
        return max(value for _, value in self.points)


def lines(answers: Iterable[Mapping[str, Any]]) -> list[Line]:
    """The series of a panel that have a number, the largest first."""
    found = []
    for answer in answers:
        for series in answer["series"]:
            told = [(at, float(value)) for at, value in series["values"]]
            points = [(at, value) for at, value in told if math.isfinite(value)]
            if points:
                every = math.ceil(len(points) / POINTS)
                found.append(Line(_named(answer["legend"], series["metric"]), tuple(points[::every])))
    return sorted(found, key=lambda line: -line.highest)[:MOST]


def _named(legend: str, labels: Mapping[str, str]) -> str:
    return re.sub(r"{{\s*(\w+)\s*}}", lambda match: labels.get(match[1], ""), legend).strip() or "none"


def _scale(unit: str, highest: float) -> tuple[str, float]:
    for bound, written in _SCALES.get(unit, ((math.inf, ":1"),)):
        if highest < bound:
            name, _, factor = written.partition(":")
            return name, float(factor)
    raise AssertionError(unit)


@dataclass(frozen=True, slots=True)
class Mark:
    """A moment that the dashboard marks, in seconds, and its colour."""

    at: float
    color: str


@dataclass(frozen=True, slots=True)
class Shown:
    """The time shown, in seconds, and what is marked in it."""

    begin: float
    end: float
    marks: tuple[Mark, ...] = ()

    def x(self, at: float) -> float:
        """Where a moment lies in a panel."""
        return LEFT + (WIDTH - LEFT - RIGHT) * (at - self.begin) / (self.end - self.begin)


def marks(board: Mapping[str, Any], answers: Sequence[Mapping[str, Any]]) -> list[Mark]:
    """When rollouts began, ended well and were given up: the values tell it, in milliseconds."""
    found = set()
    for annotation in board["annotations"]["list"]:
        for answer in answers:
            if (answer["panel"], answer["legend"]) == ("marks", annotation["name"]):
                moments = {float(value) for series in answer["series"] for _, value in series["values"]}
                found |= {Mark(at / 1000, annotation["iconColor"]) for at in moments}
    return sorted(found, key=lambda mark: mark.at)


def draw(title: str, unit: str, found: Sequence[Line], shown: Shown) -> str:
    """One panel, as an SVG group."""
    inner, tall = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM
    highest = max((line.highest for line in found), default=0) or 1.0
    if unit == "percentunit" and highest > 0.5:
        highest = max(1.0, highest)
    name, factor = _scale(unit, highest)
    out = [f'<rect width="{WIDTH}" height="{HEIGHT}" rx="3" fill="#fff" stroke="#d8d9da"/>']
    out.append(f'<text x="12" y="20" font-weight="600">{escape(title)}</text>')
    for part in range(5):
        y = TOP + tall - tall * part / 4
        out.append(f'<path d="M{LEFT} {y:.1f}h{inner}" stroke="#eceded"/>')
        value = _number(highest * part / 4 * factor) + name
        out.append(f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end" class="small">{value}</text>')
    for part in range(4):
        x = LEFT + inner * part / 3
        minutes, seconds = divmod(round((shown.end - shown.begin) * part / 3), 60)
        place = f'x="{x:.0f}" y="{TOP + tall + 14}" text-anchor="middle" class="small"'
        out.append(f"<text {place}>{minutes}:{seconds:02}</text>")
    for mark in shown.marks:
        place = f"M{shown.x(mark.at):.0f} {TOP}v{tall}"
        out.append(f'<path d="{place}" stroke="{mark.color}" stroke-dasharray="3 2"/>')
    gaps = [after[0] - at for line in found for (at, _), after in pairwise(line.points)]
    usual = 2.5 * max((shown.end - shown.begin) / POINTS, min(gaps, default=0.0))
    for number, line in enumerate(found):
        color = COLORS[number]
        path = _path(line, shown, highest, usual)
        out.append(f'<path d="{path}" fill="none" stroke="{color}" stroke-width="1.3"/>')
    out.extend(_legend(found))
    return "".join(out)


def _legend(found: Sequence[Line]) -> Iterable[str]:
    """Names beside their colours: two rows of three, or three rows of two where names are long."""
    names = [_REVISION.sub(r"\1…", line.name) for line in found]
    columns, longest, pitch = (3, 17, 15) if max(map(len, names)) <= 17 else (2, 32, 13)
    for number, name in enumerate(names):
        x = 14 + (WIDTH - 16) // columns * (number % columns)
        y = HEIGHT - BOTTOM + 30 + pitch * (number // columns)
        yield f'<path d="M{x} {y - 4}h10" stroke="{COLORS[number]}" stroke-width="3"/>'
        # The end tells pods apart.
        label = name if len(name) <= longest else f"…{name[1 - longest :]}"
        yield f'<text x="{x + 14}" y="{y}" class="small">{escape(label)}</text>'


def _number(value: float) -> str:
    return f"{value / 1000:.3g}k" if value >= 1000 else f"{value:.3g}"


def _path(line: Line, shown: Shown, highest: float, usual: float) -> str:
    """Broken where nothing was told for longer than usual."""
    tall = HEIGHT - TOP - BOTTOM
    steps, before = [], -math.inf
    for at, value in line.points:
        y = TOP + tall * (1 - max(0.0, value) / highest)
        steps.append(f"{'M' if at - before > usual else 'L'}{shown.x(at):.0f} {y:.1f}")
        before = at
    return "".join(steps)


def sheet(board: Mapping[str, Any], answers: Sequence[Mapping[str, Any]]) -> str:
    """The graphs of a dashboard that have data, side by side."""
    told = [at for each in answers for series in each["series"] for at, _ in series["values"]]
    begin, end = min(told), max(told)
    shown = Shown(begin, end, tuple(mark for mark in marks(board, answers) if begin <= mark.at <= end))
    drawn = []
    for panel in panels(dict(board)):
        if panel["type"] != "timeseries":
            continue
        # A number may have the title of a graph.
        asked = {(panel["title"], target["legendFormat"]) for target in panel["targets"]}
        found = lines(each for each in answers if (each["panel"], each["legend"]) in asked)
        if found:
            unit = panel["fieldConfig"]["defaults"]["unit"]
            drawn.append(draw(panel["title"], unit, found, shown))
    height = (HEIGHT + 10) * math.ceil(len(drawn) / COLUMNS)
    width = (WIDTH + 10) * COLUMNS
    placed = []
    for number, each in enumerate(drawn):
        x, y = 5 + (WIDTH + 10) * (number % COLUMNS), 5 + (HEIGHT + 10) * (number // COLUMNS)
        placed.append(f'<g transform="translate({x} {y})">{each}</g>\n')
    style = "text{font:12px sans-serif;fill:#24292e}.small{font-size:10px;fill:#5a6872}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}">\n<style>{style}</style>\n<rect width="100%" height="100%" fill="#f4f5f5"/>\n'
        f"{''.join(placed)}</svg>\n"
    )


def write(answers: Sequence[Mapping[str, Any]], folder: Path) -> None:
    """A picture of each dashboard that there are answers for."""
    for name, board in dashboards().items():
        stem = Path(name).stem
        found = [each for each in answers if each["board"] == stem and each["series"]]
        if found:
            (folder / f"dashboard-{stem}.svg").write_text(sheet(board, found), encoding="utf-8")


if __name__ == "__main__":
    write(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")), Path(sys.argv[2]))
