"""`modelyard reject`: a person ends a rollout."""

from typing import Any

import click

from modelyard_cli.approving import decide, decision_options
from modelyard_cli.options import examples


@click.command(epilog=examples('modelyard reject sentiment -n team --reason "flips negative reviews"'))
@decision_options
def reject(**given: Any) -> None:
    """Show the evidence, ask, and end it.

    One who rejects is enough. The candidate of NAME is given up as by `modelyard abort`, and your name and
    reason stand in the history.
    """
    decide("reject", **given)
