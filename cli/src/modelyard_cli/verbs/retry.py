"""`modelyard retry`: a revision that was given up is tried again."""

from typing import Any

import click

from modelyard_cli.options import examples
from modelyard_cli.steering import command_options, give


@click.command(epilog=examples("modelyard retry sentiment -n team"))
@command_options
def retry(**given: Any) -> None:
    """Try again what was given up.

    The revision that the spec of NAME asks for, or the resolving of its source.
    """
    give("retry", given_up, **given)


def given_up(found: dict[str, Any]) -> str:
    """The revision that was given up last; while there is none, the one that is there."""
    from modelyard_cli.cluster.steering import candidate  # noqa: PLC0415 - the client takes a second to import

    rejected = ((found.get("status") or {}).get("rollout") or {}).get("rejected") or ()
    return str(rejected[-1]["revision"]) if rejected else candidate(found)
