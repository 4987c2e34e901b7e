"""`modelyard promote`: a candidate takes over now."""

from typing import Any

import click

from modelyard_cli.options import examples
from modelyard_cli.steering import command_options, give


@click.command(epilog=examples("modelyard promote sentiment -n team"))
@command_options
def promote(**given: Any) -> None:
    """Let the candidate take over now.

    What is left of the steps of NAME is passed over.

    It still needs ready pods for all of the traffic. Refused while the last analysis speaks against it, and
    where a step that is left is an approval: that cannot be passed over.
    """
    give("promote", **given)
