"""What every verb does that gives a command to a rollout: give it, wait, and tell what came of it."""

from collections.abc import Callable
from typing import Any

import click

from modelyard_cli.options import cluster_options, name_argument, output_option, timeout_option
from modelyard_cli.view.output import emit, progress

Choose = Callable[[dict[str, Any]], str]


def command_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """NAME and the options of a command to a rollout."""
    for add in (output_option, timeout_option, cluster_options, name_argument):
        command = add(command)
    return command


def give(verb: str, choose: Choose | None = None, /, **given: Any) -> None:
    """Give a command to the rollout that the options name.

    Args:
        verb: What the operator is to do.
        choose: Tells which revision it is about; None: the candidate.
        given: The options of `command_options`.

    Raises:
        CliError: It was refused or not heard.
    """
    from modelyard_cli.cluster import client, steering  # noqa: PLC0415 - the client takes a second to import

    cluster = client.connect(given["context"], given["namespace"])
    name = given["name"]
    with progress(f"{verb} {name}: waiting for the operator"):
        done = steering.steer(cluster, name, verb, choose or steering.candidate, seconds=given["timeout"])
    if given["output"]:
        emit(done.to_dict(), given["output"])
        return
    for decision in done.decisions:
        click.echo(f"{decision.what}: {decision.why}")
    click.echo(done.after.message or f"{verb}: done")
