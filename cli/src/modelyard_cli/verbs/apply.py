"""`modelyard apply`: server-side apply that can wait for the kind, and for the model."""

import click

from modelyard_cli.errors import CliError
from modelyard_cli.options import cluster_options, examples


@click.command(
    epilog=examples(
        "modelyard apply examples/sentiment.yaml --wait",
        "kubectl kustomize my-models | modelyard apply -",
        "modelyard apply sentiment.yaml --wait-crd     # right after, or while, Modelyard is installed",
    )
)
@click.argument("files", nargs=-1, required=True, metavar="FILE|-...")
@cluster_options
@click.option("--wait-crd", is_flag=True, help="Wait for kinds that the cluster does not have yet.")
@click.option("--skip-missing", is_flag=True, help="Leave out other projects' kinds that it does not have.")
@click.option(
    "--wait", is_flag=True, help="Wait until each ModelDeployment is ready; 1 where one is stalled."
)
@click.option("--force-conflicts", is_flag=True, help="Take over fields that somebody else manages.")
@click.option("--timeout", default=300.0, show_default=True, help="Seconds for all of it.")
def apply(
    files: tuple[str, ...],
    *,
    namespace: str | None,
    context: str | None,
    wait_crd: bool,
    skip_missing: bool,
    wait: bool,
    force_conflicts: bool,
    timeout: float,
) -> None:
    """Apply the objects of FILE, of any kind.

    FILE is a file of YAML or JSON, a folder of such, or `-` for standard input. Where kubectl gives up on a
    kind that the cluster does not have yet, --wait-crd waits for it.
    """
    # The client takes a second to import.
    from modelyard_cli.cluster.raw import ask  # noqa: PLC0415
    from modelyard_operator.applying.apply import Applier, Options  # noqa: PLC0415
    from modelyard_operator.applying.command import load  # noqa: PLC0415
    from modelyard_operator.applying.documents import ApplyError  # noqa: PLC0415
    from modelyard_operator.kube.client import Client  # noqa: PLC0415

    try:
        documents = load(files)
    except ApplyError as error:
        raise CliError(str(error)) from None

    async def work(client: Client, chosen: str) -> None:
        options = Options(
            namespace=chosen,
            wait_crd=wait_crd,
            skip_missing=skip_missing,
            wait=wait,
            force_conflicts=force_conflicts,
            seconds=timeout,
        )
        await Applier(client, options, click.echo).run(documents)

    ask(context, namespace, work)
