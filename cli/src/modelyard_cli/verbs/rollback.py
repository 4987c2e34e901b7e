"""`modelyard rollback`: a former revision serves again."""

from functools import partial
from typing import Any

import click

from modelyard_cli.completion import former_revisions
from modelyard_cli.errors import CliError
from modelyard_cli.options import examples
from modelyard_cli.steering import command_options, give


@click.command(
    epilog=examples("modelyard rollback sentiment -n team", "modelyard rollback sentiment r5ka0zq2mx -n team")
)
@command_options
@click.argument("revision", required=False, shell_complete=former_revisions)
def rollback(revision: str | None, **given: Any) -> None:
    """Let a former revision serve again.

    Whatever the spec of NAME asks for.

    Without REVISION: the stable one while a rollout is under way, else the one that served before. One that
    is still warm has its traffic back at once; a cold one starts first. The spec is left as it is, so mend it
    before its next change.
    """
    give("rollback", partial(target, revision), **given)


def target(revision: str | None, found: dict[str, Any]) -> str:
    """The revision to go back to.

    Raises:
        CliError: None was named, and there is none.
    """
    if revision is not None:
        return revision
    status = found.get("status") or {}
    if status.get("candidateRevision") and status.get("stableRevision"):
        return str(status["stableRevision"])
    former = [each for each in status.get("revisions") or () if each.get("state") in ("Warm", "Cold")]
    if not former:
        raise CliError(f"{found['metadata']['name']}: no former revision is remembered")
    newest = max(former, key=lambda each: (each.get("retiredAt") or "", each.get("createdAt") or ""))
    return str(newest["name"])
