"""`modelyard cache`: the answers that a deployment remembers."""

from typing import Any

import click

from modelyard_cli.options import cluster_options, examples, name_argument

_AGAIN = "give the command again"
"""How the operator's message of a purge ends that did not reach every pod."""


@click.group()
def cache() -> None:
    """The answers that a deployment remembers."""


@cache.command(epilog=examples("modelyard cache purge sentiment -n team"))
@name_argument
@cluster_options
@click.option("--timeout", default=60.0, show_default=True, help="Seconds to wait for every pod.")
def purge(name: str, namespace: str | None, context: str | None, timeout: float) -> None:
    """Forget every remembered answer of the ModelDeployment NAME.

    In Redis and in the memory of every pod. It costs nothing but work: answers are computed again. A new
    revision never needs it, because its answers are kept apart from the old one's.
    """
    from modelyard_cli.cluster import client, commands  # noqa: PLC0415 - the client takes a second to import

    def look(found: dict[str, Any], nonce: str) -> commands.Progress:
        status = (found.get("status") or {}).get("cachePurge") or {}
        if status.get("nonce") != nonce:
            return commands.Progress(accepted=False)
        if not status.get("endedAt"):
            return commands.Progress(accepted=True)
        message = str(status.get("message") or "the cache was purged")
        return commands.Progress(accepted=True, ended=message, failed=message.endswith(_AGAIN))

    cluster = client.connect(context, namespace)
    click.echo(commands.command(cluster, name, "purge", look, seconds=timeout))
