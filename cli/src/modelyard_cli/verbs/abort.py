"""`modelyard abort`: back to the stable revision."""

from typing import Any

import click

from modelyard_cli.options import examples
from modelyard_cli.steering import command_options, give


@click.command(epilog=examples("modelyard abort sentiment -n team"))
@command_options
def abort(**given: Any) -> None:
    """Go back to the stable revision, at once.

    All traffic is taken from the candidate of NAME, and it is given up.

    The stable revision never stopped serving. The candidate is not tried again by itself: change the spec, or
    use `modelyard retry`.
    """
    give("abort", **given)
