"""`modelyard doctor`: what the cluster has, and what that means."""

import click
from rich.table import Table
from rich.text import Text

from modelyard_cli.doctor.finding import Finding, Level
from modelyard_cli.errors import CliError
from modelyard_cli.options import cluster_options, examples, output_option
from modelyard_cli.view.output import emit, show

_MARKS = {
    Level.OK: Text("✓", "green"),
    Level.ABSENT: Text("–", "dim"),
    Level.WARNING: Text("!", "yellow"),
    Level.PROBLEM: Text("✗", "red"),
}


@click.command(
    epilog=examples(
        "modelyard doctor",
        "modelyard doctor -n team -o json | jq '.findings[] | select(.level == \"problem\")'",
    )
)
@cluster_options
@output_option
def doctor(*, namespace: str | None, context: str | None, output: str | None) -> None:
    """Look at a cluster: what of Modelyard and of what it can use is there.

    Istio, the Gateway API, the Prometheus operator, KEDA, the metrics API, storage, admission policies and
    your own rights, with versions, and what each means for you. Nothing is changed. Ends with 1 where
    Modelyard does not work.
    """
    # The client takes a second to import.
    from modelyard_cli.cluster.raw import ask  # noqa: PLC0415
    from modelyard_cli.doctor.checks import judge  # noqa: PLC0415
    from modelyard_cli.doctor.facts import gather  # noqa: PLC0415
    from modelyard_operator.kube.errors import ApiError  # noqa: PLC0415

    try:
        found = judge(ask(context, namespace, gather))
    except ApiError as error:
        raise CliError(f"the API server refused: {error}") from None
    is_working = all(each.level is not Level.PROBLEM for each in found)
    if output:
        emit({"works": is_working, "findings": [each.to_dict() for each in found]}, output)
    else:
        show(table(found))
    if not is_working:
        raise click.exceptions.Exit(1)


def table(findings: list[Finding]) -> Table:
    """For people."""
    shown = Table(box=None, header_style="dim", pad_edge=False, padding=(0, 2, 0, 0))
    shown.add_column("", no_wrap=True)
    shown.add_column("", no_wrap=True)
    shown.add_column("Found", overflow="fold")
    shown.add_column("What it means", overflow="fold")
    for each in findings:
        shown.add_row(_MARKS[each.level], each.name, each.found, each.means)
    return shown
