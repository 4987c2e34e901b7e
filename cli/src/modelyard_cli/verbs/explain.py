"""`modelyard explain`: what a rollout waits for and why, in a sentence, and what one may do."""

import click

from modelyard_cli.options import cluster_options, examples, name_argument, output_option
from modelyard_cli.view.advice import advice
from modelyard_cli.view.output import emit
from modelyard_cli.view.summary import Summary, summarise


@click.command(epilog=examples("modelyard explain sentiment -n team"))
@name_argument
@cluster_options
@output_option
def explain(name: str, *, namespace: str | None, context: str | None, output: str | None) -> None:
    """Say what a rollout waits for and why.

    A sentence, the decisions that led there, and what you may do about it.
    """
    from modelyard_cli.cluster import client  # noqa: PLC0415 - the client takes a second to import

    it = summarise(client.connect(context, namespace).deployment(name))
    if output:
        commands = [{"command": command, "does": does} for command, does in advice(it)]
        emit({"message": sentence(it), "phase": it.phase, "commands": commands}, output)
        return
    click.echo(sentence(it))
    for moment in it.history[:3]:
        click.echo(f"  {moment.at}  {moment.what}: {moment.why}")
    for command, does in advice(it):
        click.echo(f"  {command:<44}  {does}")


def sentence(it: Summary) -> str:
    """What it waits for and why."""
    if it.message:
        return f"{it.name}: {it.message}"
    if it.stable:
        return f"{it.name}: revision {it.stable} serves, and nothing is under way"
    return f"{it.name}: nothing serves, and the operator says nothing of it"
