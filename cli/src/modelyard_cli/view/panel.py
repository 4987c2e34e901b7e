"""A rollout on a terminal."""

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from modelyard_cli.view.summary import IDLE, Moment, Revision, Summary

_STATES = {"Stable": "green", "Candidate": "cyan", "Rejected": "red", "Warm": "yellow"}
_BAD = frozenset({"Rejected", "Aborted", "AnalysisFailed", "TrafficLost", "PromotionTakenBack"})
_BAR = 20
"""Characters of a full bar."""


def panel(it: Summary, *, history: int = 5) -> RenderableType:
    """Everything that status has to say, in one frame.

    Args:
        it: What there is to say.
        history: How many of the latest decisions to show.
    """
    parts: list[RenderableType] = [_facts(it)]
    if it.revisions:
        parts += [Text(), _revisions(it.revisions)]
    if it.steps:
        parts += [Text(), _steps(it)]
    if it.history and history:
        parts += [Text(), _history(it.history[:history])]
    border = "red" if it.problem else "green" if it.phase == IDLE and it.ready == "True" else "cyan"
    return Panel(
        Group(*parts), title=f"[b]{it.name}[/b] in {it.namespace}", title_align="left", border_style=border
    )


def _facts(it: Summary) -> Table:
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="dim", no_wrap=True)
    facts.add_column(overflow="fold")
    facts.add_row("Phase", Text(_phase(it), "red" if it.problem else "bold"))
    if it.message:
        facts.add_row("Says", Text(it.message))
    if it.problem and it.problem != it.message:
        facts.add_row("Stalled", Text(it.problem, "red"))
    facts.add_row("Stable", Text(it.stable or "none yet", "green" if it.stable else "dim"))
    if it.candidate:
        facts.add_row("Candidate", Text(it.candidate, "cyan"))
    if it.candidate and it.weight is not None:
        facts.add_row("Weight", Text(_weight(it)))
    if it.shadow:
        facts.add_row("Shadow", Text(f"{it.shadow} % of the requests are copied"))
    if it.required is not None:
        names = f": {', '.join(it.approvals)}" if it.approvals else ""
        facts.add_row("Approval", Text(f"{len(it.approvals)} of {it.required}{names}"))
    if it.evidence_digest:
        facts.add_row("Evidence", Text(it.evidence_digest, "dim"))
    if it.failures:
        facts.add_row("Analysis", Text(f"{it.failures} failed in this step", "red"))
    measured = next((moment for moment in it.history if moment.numbers), None)
    if measured is not None:
        values = ", ".join(f"{name} {value:g}" for name, value in measured.numbers.items())
        facts.add_row("Measured", Text(f"{values} ({measured.at})"))
    if it.mode:
        facts.add_row("Routing", Text(f"{it.mode}: {it.mode_reason}" if it.mode_reason else it.mode))
    facts.add_row("Ready", Text(it.ready, "green" if it.ready == "True" else "red"))
    if it.url:
        facts.add_row("URL", Text(it.url))
    if it.rejected:
        facts.add_row("Given up", Text(", ".join(it.rejected)))
    return facts


def _phase(it: Summary) -> str:
    paused = ", paused" if it.paused else ""
    if it.step is None or not it.steps or not it.candidate:
        return f"{it.phase}{paused}"
    if it.step > len(it.steps):
        return f"{it.phase}, all {len(it.steps)} steps done{paused}"
    return f"{it.phase}, step {it.step} of {len(it.steps)}: {it.steps[it.step - 1]}{paused}"


def _weight(it: Summary) -> str:
    achieved = next((r.achieved for r in it.revisions if r.name == it.candidate), None)
    measured = "" if achieved is None else f", {achieved} % achieved"
    return f"{it.weight} % desired{measured}"


def _revisions(revisions: tuple[Revision, ...]) -> Table:
    table = Table(box=None, header_style="dim", pad_edge=False, padding=(0, 2, 0, 0))
    for name in ("Revision", "State", "Pods", "Traffic", ""):
        table.add_column(name, no_wrap=True)
    for each in revisions:
        traffic = each.achieved if each.achieved is not None else each.desired
        wanted = each.desired if each.desired not in (None, each.achieved) else None
        of = f" of {wanted} %" if wanted is not None and each.achieved is not None else ""
        table.add_row(
            each.name,
            Text(each.state, _STATES.get(each.state, "dim")),
            f"{each.ready}/{each.replicas}",
            "" if traffic is None else f"{traffic} %{of}",
            Text(_bar(traffic or 0), _STATES.get(each.state, "dim")),
        )
    return table


def _bar(percent: int) -> str:
    filled = round(max(0, min(100, percent)) / 100 * _BAR)
    return "█" * filled


def _steps(it: Summary) -> Text:
    text = Text("Steps  ", "dim")
    for place, words in enumerate(it.steps, start=1):
        if place > 1:
            text.append(" → ", "dim")
        if not it.candidate or it.step is None or place > it.step:
            text.append(words, "dim")
        elif place < it.step:
            text.append(f"✓ {words}", "green")
        else:
            text.append(f"▶ {words}", "bold cyan")
    return text


def _history(moments: tuple[Moment, ...]) -> Table:
    table = Table(box=None, header_style="dim", pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("When", style="dim", no_wrap=True)
    table.add_column("What", no_wrap=True)
    table.add_column("Why", overflow="fold")
    for each in moments:
        table.add_row(each.at, Text(each.what, "red" if each.what in _BAD else ""), Text(each.why))
    return table
