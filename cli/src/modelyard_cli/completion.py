"""What the shell offers after `modelyard VERB`: names from the cluster. Silent whatever goes wrong."""

import click
from click.shell_completion import CompletionItem

SECONDS = 2.0
"""A person waits for the shell."""


def deployments(context: click.Context, _: click.Parameter, begun: str) -> list[CompletionItem]:
    """The ModelDeployments of the namespace that stands on the line."""
    try:
        from modelyard_cli.cluster import client  # noqa: PLC0415 - the client takes a second to import

        cluster = client.connect(context.params.get("context"), context.params.get("namespace"))
        return [CompletionItem(name) for name in cluster.names(SECONDS) if name.startswith(begun)]
    except Exception:  # A traceback on the prompt would be worse, whatever it is.
        return []


def former_revisions(context: click.Context, _: click.Parameter, begun: str) -> list[CompletionItem]:
    """The revisions that NAME may go back to."""
    try:
        from modelyard_cli.cluster import client  # noqa: PLC0415 - the client takes a second to import

        cluster = client.connect(context.params.get("context"), context.params.get("namespace"))
        status = cluster.deployment(context.params["name"]).get("status") or {}
        return [
            CompletionItem(each["name"], help=each.get("pinned"))
            for each in status.get("revisions") or ()
            if each["name"].startswith(begun) and each["name"] != status.get("candidateRevision")
        ]
    except Exception:
        return []
