"""`modelyard skip`: the next step now."""

from typing import Any

import click

from modelyard_cli.options import examples
from modelyard_cli.steering import command_options, give


@click.command(epilog=examples("modelyard skip sentiment -n team"))
@command_options
def skip(**given: Any) -> None:
    """Go on with the next step now.

    What is left of the step that NAME is at is passed over.

    Its time, its analysis and its traffic; never an approval.
    """
    give("skip", **given)
