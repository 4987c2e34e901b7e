"""Arguments and options that several verbs share."""

from collections.abc import Callable
from typing import Any

import click

from modelyard_cli.completion import deployments

Command = Callable[..., Any]

FORMS = ("json", "yaml")


def examples(*commands: str) -> str:
    """What stands below a verb's help."""
    return "\n".join(("\b", "Examples:", *(f"  {command}" for command in commands)))


def cluster_options(command: Command) -> Command:
    """Which cluster and namespace."""
    command = click.option("--context", help="Context of the kubeconfig; without it the present one.")(
        command
    )
    return click.option("-n", "--namespace", help="The namespace; without it the context's.")(command)


def name_argument(command: Command) -> Command:
    """Which ModelDeployment."""
    return click.argument("name", shell_complete=deployments)(command)


def output_option(command: Command) -> Command:
    """For people, or for scripts."""
    return click.option(
        "-o", "--output", type=click.Choice(FORMS), help="For scripts; without it for people."
    )(command)


def timeout_option(command: Command) -> Command:
    """How long to wait for the operator."""
    return click.option(
        "--timeout", default=30.0, show_default=True, help="Seconds to wait for the operator's answer."
    )(command)


def judging_options(command: Command) -> Command:
    """How far from full precision a form of a model may be."""
    command = click.option(
        "--max-shift",
        default=0.1,
        show_default=True,
        help="Most that a score may differ from full precision's.",
    )(command)
    return click.option(
        "--max-flips",
        default=0.01,
        show_default=True,
        help="Share of the items that a form may answer otherwise than full precision does.",
    )(command)
