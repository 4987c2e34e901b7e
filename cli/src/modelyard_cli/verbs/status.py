"""`modelyard status`: where a rollout is, live."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import click
from rich.console import Group
from rich.live import Live
from rich.text import Text

from modelyard_cli.errors import CliError
from modelyard_cli.options import cluster_options, examples, name_argument, output_option
from modelyard_cli.view.output import console, emit, show
from modelyard_cli.view.panel import panel
from modelyard_cli.view.summary import Summary, summarise


@click.command(
    epilog=examples(
        "modelyard status sentiment -n team",
        "modelyard status sentiment --watch",
        "modelyard status sentiment -o json | jq .phase",
    )
)
@name_argument
@cluster_options
@click.option("-w", "--watch", is_flag=True, help="Stay, and show every change until Ctrl-C.")
@click.option("--history", default=5, show_default=True, help="How many of the latest decisions to show.")
@output_option
def status(
    name: str, *, namespace: str | None, context: str | None, watch: bool, history: int, output: str | None
) -> None:
    """Show where a rollout is, live with --watch.

    Revisions, traffic, steps, what it waits for, and what was decided.
    """
    from modelyard_cli.cluster import client  # noqa: PLC0415 - the client takes a second to import

    cluster = client.connect(context, namespace)

    def look() -> Summary:
        return summarise(cluster.deployment(name))

    if watch:
        follow(look, history, output)
    elif output:
        emit(look().to_dict(), output)
    else:
        show(panel(look(), history=history))


def follow(
    look: Callable[[], Summary],
    history: int,
    output: str | None,
    *,
    sleep: Callable[[float], Any] = time.sleep,
    seconds: float = 1.0,
) -> None:
    """Show each change until interrupted: one frame on a terminal, a line or a document each elsewhere.

    Args:
        look: Finds out what there is to say.
        history: How many of the latest decisions to show.
        output: `json` or `yaml`; None: for people.
        sleep: Waits between two looks.
        seconds: How long.

    Raises:
        CliError: The first look failed; later ones may, and are tried again.
    """
    screen = console()
    try:
        if output is None and screen.is_terminal:
            with Live(console=screen, auto_refresh=False) as frame:
                for now, trouble in _looks(look, sleep, seconds):
                    shown = panel(now, history=history)
                    frame.update(Group(shown, Text(trouble, "red")) if trouble else shown, refresh=True)
        before: tuple[Summary, str] | None = None
        for now, trouble in _looks(look, sleep, seconds):
            if before is not None and trouble and trouble != before[1]:
                click.echo(trouble, err=True)
            if before is None or now != before[0]:
                emit(now.to_dict(), output) if output else click.echo(line(now))
            before = (now, trouble)
    except KeyboardInterrupt:
        return


def _looks(
    look: Callable[[], Summary], sleep: Callable[[float], Any], seconds: float
) -> Iterator[tuple[Summary, str]]:
    """What was seen last, and what keeps it from being seen now."""
    seen = look()
    yield seen, ""
    while True:
        sleep(seconds)
        try:
            seen, trouble = look(), ""
        except CliError as error:
            trouble = error.message
        yield seen, trouble


def line(it: Summary) -> str:
    """A rollout in one line, for logs."""
    moving = f", {it.candidate} at {it.weight or 0} %" if it.candidate else ""
    return f"{it.phase}: stable {it.stable or 'none'}{moving}: {it.message}"
