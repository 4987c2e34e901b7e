"""What `approve` and `reject` share: the evidence first, then the question, then the ModelApproval."""

import secrets
import time
from collections.abc import Callable
from typing import Any

import click

from modelyard_cli.options import cluster_options, name_argument, output_option, timeout_option
from modelyard_cli.view.evidence import evidence_panel, frozen
from modelyard_cli.view.output import console, emit, progress
from modelyard_cli.view.summary import AWAITING, Summary, summarise

APPROVER = "modelyard-approve"
"""The ClusterRole of those who decide."""
_POLL_SECONDS = 0.5


def decision_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """NAME and the options of a decision."""
    command = click.option("-y", "--yes", is_flag=True, help="Do not ask.")(command)
    command = click.option("-r", "--reason", default="", help="Why; it stands in the ModelApproval.")(command)
    for add in (output_option, timeout_option, cluster_options, name_argument):
        command = add(command)
    return command


def decide(decision: str, **given: Any) -> None:
    """Make a ModelApproval for the evidence as it is shown, and tell what came of it.

    Args:
        decision: `approve` or `reject`.
        given: The options of `decision_options`.

    Raises:
        CliError: There is nothing to decide, or the API server refused.
    """
    from modelyard_cli.cluster import client, rights  # noqa: PLC0415 - the client takes a second to import

    cluster = client.connect(given["context"], given["namespace"])
    name, output = given["name"], given["output"]
    found = cluster.deployment(name)
    document, digest = frozen(found)
    revision = str(found["status"].get("candidateRevision") or document.get("revision"))
    # Scripts read standard output; the evidence is for whoever is asked.
    console(stderr=output is not None).print(evidence_panel(name, document, digest))
    user = cluster.user()
    if not given["yes"]:
        click.confirm(
            f"{decision.capitalize()} revision {revision} of {name} as {user}?", abort=True, err=True
        )
    body = approval(name, revision, digest, decision, user=user, reason=given["reason"])
    with rights.given_by(APPROVER, cluster):
        made = cluster.approve(body)
    with progress(f"{decision} {name}: waiting for the operator"):
        after = _wait(lambda: summarise(cluster.deployment(name)), digest, user, given["timeout"])
    if output:
        emit({"approval": made, "phase": after.phase, "message": after.message}, output)
        return
    click.echo(f"modelapproval {made['metadata']['name']} created")
    click.echo(after.message)


def approval(
    name: str, revision: str, digest: str, decision: str, *, user: str, reason: str
) -> dict[str, Any]:
    """The ModelApproval to create."""
    return {
        "apiVersion": "modelyard.dev/v1alpha1",
        "kind": "ModelApproval",
        "metadata": {"name": f"{name}-{revision}-{secrets.token_hex(3)}"},
        "spec": {
            "deployment": name,
            "revision": revision,
            "evidence": digest,
            "decision": decision,
            "reason": reason,
            "approver": user,
        },
    }


def _wait(
    look: Callable[[], Summary],
    digest: str,
    user: str,
    seconds: float,
    *,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> Summary:
    """The rollout once it has gone on, or counts this approver, or says what is wrong, or time is over."""
    ends = clock() + seconds
    first = look()
    while True:
        now = look()
        gone_on = now.phase != AWAITING or now.evidence_digest != digest
        if gone_on or user in now.approvals or now.message != first.message or clock() >= ends:
            return now
        sleep(_POLL_SECONDS)
