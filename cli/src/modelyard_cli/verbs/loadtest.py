"""`modelyard loadtest`: how a model API does under load."""

from pathlib import Path

import click

from modelyard_cli.completion import deployments
from modelyard_cli.errors import CliError
from modelyard_cli.loadtest import k6
from modelyard_cli.loadtest.address import Address, is_address, is_name
from modelyard_cli.loadtest.asking import Unanswered, ask
from modelyard_cli.loadtest.job import IMAGE
from modelyard_cli.loadtest.payload import payload as read_payload
from modelyard_cli.loadtest.plan import Plan
from modelyard_cli.loadtest.progress import progress
from modelyard_cli.loadtest.report.page import write
from modelyard_cli.loadtest.report.words import verdict
from modelyard_cli.loadtest.run import Runner, run
from modelyard_cli.loadtest.scenario import names
from modelyard_cli.loadtest.scenario import scenario as read_scenario
from modelyard_cli.loadtest.watch.sample import Watch
from modelyard_cli.options import cluster_options, examples

_PATIENCE = 5.0


@click.command(
    epilog=examples(
        "modelyard loadtest sentiment -n team --in-cluster",
        "modelyard loadtest sentiment -n team --url https://sentiment.example.org",
        "modelyard loadtest http://127.0.0.1:8080 --scenario plates --payload ./pictures --short",
        "modelyard loadtest sentiment --prometheus http://127.0.0.1:9090 --out report.html",
    )
)
@click.argument("target", metavar="NAME|URL", shell_complete=deployments)
@cluster_options
@click.option(
    "--scenario", type=click.Choice(names()), default="sentiment", show_default=True, help="What is asked."
)
@click.option("--short", is_flag=True, help="The scenario's form of some seconds, for pipelines.")
@click.option(
    "--url", help="Where this machine reaches the deployment NAME; without it its route or Service."
)
@click.option("--host", help="A Host header, for a gateway.")
@click.option("--token", envvar="MODELYARD_TOKEN", help="A bearer token, or MODELYARD_TOKEN.")
@click.option(
    "--payload",
    type=click.Path(exists=True, path_type=Path),
    help="What to ask: a file with a text or a picture's address a line, a picture, or a folder of pictures. "
    "Without it k6 draws sentences or pictures.",
)
@click.option(
    "--cache-rate",
    type=click.FloatRange(0, 1),
    help="Share of the requests whose item was asked before, instead of the scenario's.",
)
@click.option("--in-cluster", is_flag=True, help="Run k6 as a Job beside the deployment.")
@click.option("--k6-image", default=IMAGE, show_default=True, help="The image of that Job.")
@click.option("--node-selector", multiple=True, metavar="KEY=VALUE", help="Where that Job runs.")
@click.option("--prometheus", help="A Prometheus that scrapes the pods; without it the pods are asked.")
@click.option("--settle", default=0.0, help="Seconds to watch the pods for after the load has ended.")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("loadtest.html"),
    show_default=True,
    help="The report.",
)
def loadtest(
    target: str,
    *,
    namespace: str | None,
    context: str | None,
    scenario: str,
    short: bool,
    url: str | None,
    host: str | None,
    token: str | None,
    payload: Path | None,
    cache_rate: float | None,
    in_cluster: bool,
    k6_image: str,
    node_selector: tuple[str, ...],
    prometheus: str | None,
    settle: float,
    out: Path,
) -> None:
    """Put a load on a model API and write a report.

    NAME is a ModelDeployment, whose pods, CPU, memory and cache are watched meanwhile; URL is any address of
    an API. Requests come from this machine, which needs k6, or with --in-cluster from a Job.

    The report is one file of HTML: latency, throughput and failures over time and by stage, beside what the
    pods did. Ends with 1 where a threshold of the scenario does not hold.
    """
    by_name = not is_address(target)
    if by_name and not is_name(target):
        raise click.UsageError(
            f"{target} is no address that a load can be put on: write http://HOST or https://HOST, or the "
            "NAME of a ModelDeployment"
        )
    if url and not is_address(url):
        raise click.UsageError(f"--url {url}: write http://HOST or https://HOST")
    chosen = read_scenario(scenario, short=short)
    items = None if payload is None else read_payload(payload, chosen)
    if not by_name and (in_cluster or url or prometheus):
        raise click.UsageError("--in-cluster, --url and --prometheus need the NAME of a ModelDeployment")
    if in_cluster and url:
        raise click.UsageError(
            "--url says where this machine reaches the API, and --in-cluster asks from within"
        )
    watch: Watch | None = None
    runner: Runner
    if by_name:
        from modelyard_cli.cluster import client, rights  # noqa: PLC0415 - the client takes a second to import
        from modelyard_cli.cluster.loadtest import ROLE, InCluster  # noqa: PLC0415 - the same
        from modelyard_cli.loadtest import target as addresses  # noqa: PLC0415 - the same
        from modelyard_cli.loadtest.watch import pods  # noqa: PLC0415 - the same
        from modelyard_cli.loadtest.watch.prometheus import prometheus as asked  # noqa: PLC0415 - beside it

        cluster = client.connect(context, namespace)
        if in_cluster:
            with rights.given_by(ROLE, cluster):
                address = addresses.inside(cluster, target)
            runner = InCluster(cluster, target, _say, image=k6_image, node_selector=_pairs(node_selector))
        else:
            runner = k6.Local(k6.find())
            address = Address(url.rstrip("/"), "--url") if url else addresses.outside(cluster, target)
        watch = pods.PodsWatch(cluster, target)
        if prometheus is not None:
            watch = asked(prometheus, target, cluster.namespace)
    else:
        runner, address = k6.Local(k6.find()), Address(target.rstrip("/"), "the address given")
    if not in_cluster:
        _check_reachable(address, host)
    plan = Plan(chosen, short, address.url, items, cache_rate, host, token)
    _say(f"{scenario}: {chosen.says}; {chosen.seconds} s against {address.url} ({address.says})")
    with progress(plan) as tell:
        outcome = run(plan, runner, watch, tell, settle=settle)
    write(out, outcome, name=target)
    for words in verdict(outcome):
        click.echo(words)
    _say(f"report: {out}")
    if not outcome.passed:
        raise SystemExit(1)


def _say(words: str) -> None:
    click.echo(words, err=True)


def _pairs(written: tuple[str, ...]) -> dict[str, str]:
    pairs = {}
    for each in written:
        key, is_pair, value = each.partition("=")
        if not is_pair:
            raise click.UsageError(f"--node-selector {each}: it must be KEY=VALUE")
        pairs[key] = value
    return pairs


def _check_reachable(address: Address, host: str | None) -> None:
    try:
        # Who answers is there; what the API thinks of the requests is k6's to tell.
        ask(f"{address.url}/health", headers={"Host": host} if host else None, patience=_PATIENCE)
    except Unanswered as error:
        raise CliError(
            f"{address.url} ({address.says}) can't be reached from here: {error}; name an address that can "
            "by --url, or run the load beside the pods with --in-cluster"
        ) from None
