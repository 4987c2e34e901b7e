"""`modelyard tune`: how a model runs best, on this machine or on the cluster's."""

import json
from pathlib import Path

import click

from modelyard_cli import manifest_file
from modelyard_cli.errors import CliError
from modelyard_cli.local_tune import tune_here
from modelyard_cli.options import cluster_options, examples, judging_options
from modelyard_server.artifact.tuning_section import Tuning


@click.command(
    epilog=examples(
        "modelyard tune ./my-model --samples reviews.txt",
        "modelyard tune sentiment -n team",
    )
)
@click.argument("target", metavar="PATH|NAME")
@cluster_options
@click.option(
    "--samples",
    type=click.Path(exists=True, path_type=Path),
    help="Your own items: a body of /predict (.json), one a line (.jsonl), a text a line (.txt), a picture, "
    "or a folder of these. Without it the examples of the task's documentation are taken.",
)
@click.option("--seconds", default=1.0, show_default=True, help="How long each batch size is measured.")
@click.option("--limit", default=600.0, show_default=True, help="Seconds after which nothing new is begun.")
@judging_options
@click.option("--image", help="In the cluster: another server image, such as the variant with OpenVINO.")
@click.option("--dry-run", is_flag=True, help="Measure and print; write nothing.")
def tune(
    target: str,
    *,
    namespace: str | None,
    context: str | None,
    samples: Path | None,
    seconds: float,
    limit: float,
    max_flips: float,
    max_shift: float,
    image: str | None,
    dry_run: bool,
) -> None:
    """Measure which engine, form, number of threads and batch size a model runs best with.

    PATH is an artifact's folder: it is measured on this machine, and the table is kept in its modelyard.json
    under `tuning`. NAME is a ModelDeployment: a Job with its image, resources and artifact measures it in the
    cluster, and the table is kept in the ConfigMap NAME-tuning, which every pod reads when it starts. A
    folder of that name counts for more, unless -n is given.

    Tables are kept by kind of CPU and number of threads: a server on another kind ignores them. They never
    make a new revision, and what spec.server says counts for more.

    A form whose answers depend on the batch, or are too far from full precision's, is measured and shown with
    an x, and not chosen; spec.model.variant can still name it.
    """
    variables = {
        "MODELYARD_TUNE_SECONDS": str(seconds),
        "MODELYARD_TUNE_LIMIT_SECONDS": str(limit),
        "MODELYARD_TUNE_MAX_FLIPS": str(max_flips),
        "MODELYARD_TUNE_MAX_SHIFT": str(max_shift),
    }
    path = Path(target)
    if namespace is None and path.exists():
        if image is not None:
            raise click.UsageError("--image is for a ModelDeployment: here the installed server measures")
        if samples is not None:
            variables["MODELYARD_TUNE_SAMPLES"] = str(samples.resolve())
        _keep_in_artifact(path, tune_here(path, variables), dry_run=dry_run)
        return
    if "/" in target or target.startswith("."):
        raise CliError(f"{target}: there is no such folder")
    from modelyard_cli.cluster import client, tuning  # noqa: PLC0415 - the client takes a second to import

    cluster = client.connect(context, namespace)
    measured = tuning.tune_in_cluster(cluster, target, variables, samples=samples, image=image, say=_say)
    if dry_run:
        click.echo(measured.model_dump_json(exclude_none=True))
        return
    tuning.keep(cluster, target, measured)
    click.echo(
        f"kept in ConfigMap {tuning.config_map_name(target)} in namespace {cluster.namespace}; pods that "
        "start from now on use it",
        err=True,
    )


def _say(line: str) -> None:
    click.echo(line, err=True)


def _keep_in_artifact(path: Path, measured: Tuning, *, dry_run: bool) -> None:
    table = json.loads(measured.model_dump_json(exclude_none=True))
    if dry_run or path.is_file():
        # One file has no manifest: the table can only be printed.
        click.echo(json.dumps(table))
        return
    document = manifest_file.read(path)
    document["tuning"] = {**document.get("tuning", {}), **table}
    click.echo(f"kept in {manifest_file.write(path, document)}", err=True)
