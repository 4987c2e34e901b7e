"""`modelyard resume`: a rollout goes on."""

from typing import Any

import click

from modelyard_cli.options import examples
from modelyard_cli.steering import command_options, give


@click.command(epilog=examples("modelyard resume sentiment -n team"))
@command_options
def resume(**given: Any) -> None:
    """Let a paused rollout go on."""
    give("resume", **given)
