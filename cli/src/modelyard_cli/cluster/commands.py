"""One-shot commands to the operator: an annotation, and waiting until it was carried out."""

import secrets
import time
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from modelyard_cli.cluster.client import Cluster
from modelyard_cli.errors import CliError

ANNOTATION: Final = "modelyard.dev/command"
_POLL_SECONDS = 0.5


class Progress(NamedTuple):
    """How far a command is.

    Attributes:
        accepted: Whether the operator has taken it up.
        ended: How it ended; None: it has not.
        failed: Whether it ended without what was asked for.
    """

    accepted: bool
    ended: str | None = None
    failed: bool = False


Look = Callable[[dict[str, Any], str], Progress]
"""Tells from a ModelDeployment and a command's nonce how far it is."""


def command(
    cluster: Cluster,
    name: str,
    verb: str,
    look: Look,
    *,
    seconds: float,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> str:
    """Give a command and wait for its end.

    Args:
        cluster: Where.
        name: The ModelDeployment.
        verb: What the operator is to do.
        look: Tells how far it is.
        seconds: How long to wait.
        sleep: Waits between two looks.
        clock: Monotonic seconds.

    Returns:
        How it ended.

    Raises:
        CliError: It was refused, failed, or nothing was heard in time.
    """
    status = cluster.deployment(name).get("status") or {}
    revision = status.get("stableRevision") or status.get("candidateRevision") or "none"
    nonce = secrets.token_hex(6)
    cluster.annotate(name, ANNOTATION, f"{verb}@{revision}#{nonce}")
    ends = clock() + seconds
    while clock() < ends:
        found = cluster.deployment(name)
        progress = look(found, nonce)
        if progress.ended is not None:
            if progress.failed:
                raise CliError(f"{verb}: {progress.ended}")
            return progress.ended
        # Older refusals stand among the Events too; this one is told by the status first.
        if _heard(found) == nonce and not progress.accepted:
            raise CliError(f"{verb} was refused: {_refusal(cluster, found)}")
        sleep(_POLL_SECONDS)
    raise CliError(
        f"{verb}: no answer within {seconds:.0f} s; is the operator running? The command stays: it is "
        "carried out when the operator is back"
    )


def _heard(found: dict[str, Any]) -> str | None:
    rollout = (found.get("status") or {}).get("rollout") or {}
    return rollout.get("lastCommand")


def _refusal(cluster: Cluster, found: dict[str, Any]) -> str:
    words = found["status"]["rollout"].get("lastCommandRefusal")
    if words is not None:
        return str(words)
    # An operator of before tells it in an Event alone.
    refusals = cluster.refusals(found["metadata"]["uid"])
    newest = refusals[-1] if refusals else {}
    return str(newest.get("message") or f"`kubectl describe mdep {found['metadata']['name']}` says why")
