"""`modelyard pause`: a rollout stays where it is."""

from typing import Any

import click

from modelyard_cli.options import examples
from modelyard_cli.steering import command_options, give


@click.command(epilog=examples("modelyard pause sentiment -n team"))
@command_options
def pause(**given: Any) -> None:
    """Hold a rollout where it is.

    What speaks against the candidate of NAME still ends it. `spec.rollout.paused: true` does the same, and
    stays in the manifest.
    """
    give("pause", **given)
