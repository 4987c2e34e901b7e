"""Options that several verbs share."""

from collections.abc import Callable
from typing import Any

import click


def cluster_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Which cluster and namespace."""
    command = click.option("--context", help="Context of the kubeconfig; without it the present one.")(
        command
    )
    return click.option(
        "-n", "--namespace", help="Namespace of the ModelDeployment; without it the context's."
    )(command)
