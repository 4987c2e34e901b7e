"""A line that tells how a load goes."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from modelyard_cli.loadtest.plan import Plan
from modelyard_cli.loadtest.record import Record
from modelyard_cli.view.output import console

_EVERY = 6
"""Points between two lines where there is no terminal."""


@contextmanager
def progress(plan: Plan) -> Iterator[Callable[[Record], None]]:
    """Show how a run goes: one line that changes on a terminal, a line now and then elsewhere."""
    screen = console(stderr=True)
    seconds = plan.scenario.seconds
    if not screen.is_terminal:
        told = 0

        def say(record: Record) -> None:
            nonlocal told
            if len(record.points) >= told + _EVERY:
                told = len(record.points)
                click.echo(f"{elapsed(record):4.0f} s of {seconds}: {line(record)}", err=True)

        yield say
        return
    columns = (TextColumn("{task.fields[name]}"), BarColumn(24), TextColumn("{task.description}"))
    with Progress(*columns, TimeRemainingColumn(), console=screen) as shown:
        task = shown.add_task("k6 starts", total=seconds, name=plan.scenario.name)

        def show(record: Record) -> None:
            if record.points:
                shown.update(task, completed=min(elapsed(record), seconds), description=line(record))

        yield show


def elapsed(record: Record) -> float:
    """Seconds from the start to the last point."""
    return record.points[-1].at - (record.began or record.points[0].at)


def line(record: Record) -> str:
    """The last point and the failures so far."""
    now, total = record.points[-1], record.total
    p99 = f"p99 {now.latency.p99:.0f} ms" if now.latency else "no answer"
    failed = f"{total.failed:,} of {total.requests:,} failed"
    return f"{now.users} users, {now.requests:.0f} requests/s, {p99}, {failed}"
