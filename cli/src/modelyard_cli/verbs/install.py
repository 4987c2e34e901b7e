"""`modelyard install`: CRD, rights and operator into the cluster."""

import re
from collections.abc import Callable

import click
import yaml

from modelyard_cli.errors import CliError
from modelyard_cli.installing.base import REGISTRY, TAG, Images, manifests
from modelyard_cli.options import examples
from modelyard_cli.view.output import progress

NAMESPACE, OPERATOR = "modelyard-system", "modelyard-operator"
FIELD_MANAGER = "modelyard-install"

Check = Callable[[click.Context, click.Parameter, str | None], str | None]


def _fits(pattern: re.Pattern[str], mend: str) -> Check:
    def check(_: click.Context, __: click.Parameter, value: str | None) -> str | None:
        if value and not pattern.fullmatch(value):
            raise click.BadParameter(f"{value!r} {mend}")
        return value

    return check


@click.command(
    epilog=examples(
        "modelyard install --registry registry.example.com/modelyard",
        "modelyard install --print | less",
        "modelyard install --print --registry registry.example.com/modelyard > gitops/modelyard.yaml",
    )
)
@click.option("--context", help="Context of the kubeconfig; without it the present one.")
@click.option(
    "--registry",
    metavar="HOST[:PORT][/PATH]",
    callback=_fits(
        REGISTRY,
        "can't stand before an image's name: write HOST[:PORT][/PATH] without https://, such as "
        "registry.example.com/modelyard",
    ),
    help="Where the operator's and the server's image are; without it on the nodes.",
)
@click.option(
    "--tag",
    callback=_fits(
        TAG,
        "is no tag: write letters, digits, '_', '.' and '-', 128 at most, the first no '.' or '-'",
    ),
    help="Their tag; without it that of this version.",
)
@click.option("--print", "is_print", is_flag=True, help="Print the manifests and change nothing.")
@click.option("--force-conflicts", is_flag=True, help="Take over fields that somebody else manages.")
@click.option("--timeout", default=180.0, show_default=True, help="Seconds until the operator is ready.")
def install(
    *,
    context: str | None,
    registry: str | None,
    tag: str | None,
    is_print: bool,
    force_conflicts: bool,
    timeout: float,
) -> None:
    """Install Modelyard, or bring it to this version.

    What is applied is k8s/base as this package brings it: CRDs, RBAC, admission policies and the operator in
    the namespace modelyard-system. It needs the rights of an administrator of the cluster. A second time it
    changes only what differs; models go on serving.
    """
    found = manifests(Images(registry, tag))
    if is_print:
        click.echo(yaml.safe_dump_all(found, sort_keys=False, width=110), nl=False)
        return
    # The client takes a second to import.
    from modelyard_cli.cluster.raw import ask  # noqa: PLC0415
    from modelyard_cli.installing.rollout import until_ready  # noqa: PLC0415
    from modelyard_operator.applying.apply import Applier, Options  # noqa: PLC0415
    from modelyard_operator.applying.documents import Document  # noqa: PLC0415
    from modelyard_operator.kube.client import Client  # noqa: PLC0415
    from modelyard_operator.kube.errors import ApiError  # noqa: PLC0415

    documents = [Document(each, "k8s/base") for each in found]
    options = Options(
        namespace=NAMESPACE,
        force_conflicts=force_conflicts,
        seconds=timeout,
        field_manager=FIELD_MANAGER,
    )

    async def work(client: Client, _: str) -> None:
        await Applier(client, options, click.echo).run(documents)
        try:
            await until_ready(client, NAMESPACE, OPERATOR, timeout)
        except ApiError as error:
            raise CliError(f"{OPERATOR} in {NAMESPACE}: {error}") from None

    with progress(f"waiting for {OPERATOR}"):
        ask(context, NAMESPACE, work)
    click.echo(
        "Modelyard is installed. Next: modelyard doctor, then modelyard apply FILE --wait with a model. "
        "What examples/ has reads from a store of yours: examples/README.md says how"
    )
