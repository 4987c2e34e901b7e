"""`modelyard refresh`: the source is resolved again."""

from typing import Any

import click

from modelyard_cli.options import examples
from modelyard_cli.steering import command_options, give


@click.command(epilog=examples("modelyard refresh sentiment -n team"))
@command_options
def refresh(**given: Any) -> None:
    """Look again at what the source holds.

    A source that moves (a branch, a prefix that was written over) makes no revision by itself: this resolves
    that of NAME again, and a rollout begins if it holds something else.
    """
    give("refresh", **given)
