"""A load test as one file of HTML that needs nothing else to be read."""

import json
from datetime import UTC, datetime
from html import escape
from importlib.resources import files
from pathlib import Path

from modelyard_cli.loadtest.record import Latency
from modelyard_cli.loadtest.report.series import Chart, charts
from modelyard_cli.loadtest.report.words import seconds_of, share
from modelyard_cli.loadtest.run import Outcome

_LATENCY = ("p50 ms", "p90 ms", "p95 ms", "p99 ms", "max ms")


def write(path: Path, outcome: Outcome, *, name: str) -> None:
    """Write the page.

    Args:
        path: Where; its folder is made.
        outcome: What it tells of.
        name: Of the deployment, or the address.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page(outcome, name=name), encoding="utf-8")


def page(outcome: Outcome, *, name: str) -> str:
    """The page."""
    scenario = outcome.plan.scenario
    shown = charts(outcome)
    title = f"{scenario.name} on {name}"
    form = ", short form" if outcome.plan.short else ""
    words, tone = (
        ("Every threshold holds", "good") if outcome.passed else ("A threshold does not hold", "bad")
    )
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Load test: {escape(title)}</title>
<style>{_asset("uPlot.min.css")}{_asset("page.css")}</style>
</head>
<body>
<h1>Load test: {escape(title)}</h1>
<p class="faint">{escape(scenario.says)}{form} · {_date(outcome)} · {seconds_of(outcome):.0f} s</p>
<p class="verdict {tone}">{words}</p>
{_figures(outcome)}
<h2>Over time</h2>
<div class="charts">{"".join(_figure(index, chart) for index, chart in enumerate(shown))}</div>
<p class="faint">A point stands for {outcome.plan.period} s of the load. Dashed lines part its stages. Drag to
zoom, double click to zoom out.</p>
<h2>By stage</h2>
{_stages(outcome)}
<h2>Thresholds</h2>
{_thresholds(outcome)}
<h2>About this run</h2>
{_about(outcome)}
<script id="data" type="application/json">{_data(outcome, shown)}</script>
<script>{_asset("uPlot.iife.min.js")}</script>
<script>{_asset("charts.js")}</script>
</body>
</html>
"""


def _asset(name: str) -> str:
    return (files(__package__) / name).read_text(encoding="utf-8")


def _date(outcome: Outcome) -> str:
    at = outcome.record.began or outcome.record.points[0].at
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M UTC")


def _figures(outcome: Outcome) -> str:
    record, total = outcome.record, outcome.record.total
    items, cached = record.items
    ready = [sample.ready for sample in outcome.samples if sample.ready is not None]
    cpu = [sample.cpu for sample in outcome.samples if sample.cpu is not None]
    shown = [
        (f"{total.requests / seconds_of(outcome):,.1f}", "requests/s"),
        (f"{total.requests:,}", "requests"),
        (f"{total.failed:,}", "failed"),
        (_ms(total.latency, "med"), "p50, ms"),
        (_ms(total.latency, "p95"), "p95, ms"),
        (_ms(total.latency, "p99"), "p99, ms"),
        (share(cached, items), "from a cache"),
    ]
    if ready:
        shown.append((f"{min(ready):.0f} to {max(ready):.0f}", "pods ready"))
    if cpu:
        shown.append((f"{max(cpu):.2f}", "cores at most"))
    return (
        f'<div class="figures">{"".join(f"<div><b>{value}</b>{what}</div>" for value, what in shown)}</div>'
    )


def _figure(index: int, chart: Chart) -> str:
    return (
        f"<figure><h3>{escape(chart.title)} <span class=faint>{escape(chart.unit)}</span></h3>"
        f'<p class="faint">{escape(chart.says)}</p><div data-chart="{index}"></div></figure>'
    )


def _stages(outcome: Outcome) -> str:
    rows, end = [], 0
    began = outcome.record.began or outcome.record.points[0].at
    for index, stage in enumerate(outcome.plan.scenario.stages):
        total = outcome.record.stage(index)
        seen = [it for it in outcome.samples if end <= it.at - began < end + stage.seconds]
        end += stage.seconds
        ready = [it.ready for it in seen if it.ready is not None]
        cpu = [it.cpu for it in seen if it.cpu is not None]
        rows.append(
            [
                stage.name,
                f"{stage.seconds}",
                f"{stage.users:,}",
                f"{total.requests:,}",
                f"{total.requests / stage.seconds:,.1f}",
                f"{total.failed:,}",
                *(_ms(total.latency, field) for field in ("med", "p90", "p95", "p99", "max")),
                f"{max(ready):.0f}" if ready else "–",
                f"{sum(cpu) / len(cpu):.2f}" if cpu else "–",
            ]
        )
    head = ["stage", "seconds", "users at its end", "requests", "a second", "failed"]
    return _table([*head, *_LATENCY, "pods at most", "cores on average"], rows)


def _thresholds(outcome: Outcome) -> str:
    record = outcome.record
    rows = []
    for metric, sources in sorted(record.thresholds.items()):
        for source in sources:
            crossed = source in record.crossed.get(metric, ())
            word, tone = ("does not hold", "bad") if crossed else ("holds", "good")
            rows.append(f"<tr><td>{escape(metric)} {escape(source)}</td><td class={tone}>{word}</td></tr>")
    return f'<div class="scroll"><table>{"".join(rows)}</table></div>'


def _about(outcome: Outcome) -> str:
    plan = outcome.plan
    items = "drawn by k6"
    if plan.payload is not None:
        items = f"{plan.payload.kind.value.lower()} of {len(plan.payload.files)} file(s)"
    rate = plan.scenario.cache_rate if plan.cache_rate is None else plan.cache_rate
    facts = [
        ("asked", f"{plan.target}/predict"),
        ("items", f"{items}; {rate:.0%} of the requests for one of ten that were asked before"),
        ("k6 ran on", outcome.where),
        ("command given on", f"a machine with {outcome.machine}"),
        ("pods seen by", outcome.source or "nobody"),
    ]
    if outcome.trouble:
        facts.append(("not seen", outcome.trouble))
    return f"<dl>{''.join(f'<dt>{name}</dt><dd>{escape(value)}</dd>' for name, value in facts)}</dl>"


def _table(head: list[str], rows: list[list[str]]) -> str:
    top = "".join(f"<th>{escape(name)}</th>" for name in head)
    body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows)
    return f'<div class="scroll"><table><tr>{top}</tr>{body}</table></div>'


def _ms(latency: Latency | None, field: str) -> str:
    if latency is None:
        return "–"
    value = float(getattr(latency, field))
    return f"{value:,.1f}" if value < 100 else f"{value:,.0f}"


def _data(outcome: Outcome, shown: list[Chart]) -> str:
    ends, end = [], 0
    for stage in outcome.plan.scenario.stages:
        end += stage.seconds
        ends.append(end)
    last = max([float(end), *(chart.moments[-1] for chart in shown)])
    data = {"charts": [chart.to_dict() for chart in shown], "ends": ends, "from": 0, "to": last}
    # `<` could end the script's element.
    return json.dumps(data).replace("<", "\\u003c")
