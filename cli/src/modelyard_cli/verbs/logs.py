"""`modelyard logs`: what the pods of a deployment say."""

import os
import sys
from collections.abc import Iterable
from typing import Any

import click

from modelyard_cli.errors import CliError
from modelyard_cli.options import cluster_options, examples, name_argument

CONTAINERS = ("server", "fetch")


@click.command(
    epilog=examples(
        "modelyard logs sentiment -n team",
        "modelyard logs sentiment -f --revision r5ka0zq2mx",
        "modelyard logs sentiment --container fetch    # how the model came into the pod",
    )
)
@name_argument
@cluster_options
@click.option("-f", "--follow", is_flag=True, help="Stay, and show what comes, of new pods too.")
@click.option("--revision", help="Only of this revision; without it of all.")
@click.option("--container", type=click.Choice(CONTAINERS), default="server", show_default=True)
@click.option("--tail", type=click.IntRange(min=0), default=100, show_default=True, help="Lines of each pod.")
def logs(
    name: str,
    *,
    namespace: str | None,
    context: str | None,
    follow: bool,
    revision: str | None,
    container: str,
    tail: int,
) -> None:
    """Show the logs of NAME's pods, each line with its pod, whose name has the revision."""
    from modelyard_cli.cluster import client, pod_logs  # noqa: PLC0415 - the client takes a second to import

    cluster = client.connect(context, namespace)
    cluster.deployment(name)

    def look() -> list[pod_logs.Pod]:
        return pod_logs.pods(cluster, name, revision, container)

    found = look()
    if not found and not follow:
        which = f"revision {revision} of {name}" if revision else name
        raise CliError(f"{which} has no pods: `modelyard explain {name}` says why")
    for pod in found:
        if pod.waits is not None:
            click.echo(f"{pod.name}: no log yet: {pod.waits}", err=True)
        elif not follow:
            _show(pod_logs.past(cluster, pod, container, tail))
    if follow:
        try:
            for line in pod_logs.follow(cluster, look, container, tail):
                _show([line])
        except KeyboardInterrupt:
            sys.stdout.flush()
            # Threads that wait for a pod's next line hold its stream, which an orderly end would trip over.
            os._exit(0)


def _show(lines: Iterable[tuple[Any, str]]) -> None:
    for pod, text in lines:
        click.echo(f"{pod.name}  {text}")
