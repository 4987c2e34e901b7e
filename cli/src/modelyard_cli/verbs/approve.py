"""`modelyard approve`: a person lets a rollout go on."""

from typing import Any

import click

from modelyard_cli.approving import decide, decision_options
from modelyard_cli.options import examples


@click.command(
    epilog=examples(
        'modelyard approve sentiment -n team --reason "compared 2,000 answers by hand"',
        "modelyard approve sentiment --yes",
    )
)
@decision_options
def approve(**given: Any) -> None:
    """Show the evidence, ask, and go on.

    What you approve of NAME is this very evidence: a ModelApproval with its digest, in your name. A change of
    the candidate makes it void, and what is measured later can still abort the rollout. Your right is
    RBAC's `create` on modelapprovals (ClusterRole modelyard-approve).
    """
    decide("approve", **given)
