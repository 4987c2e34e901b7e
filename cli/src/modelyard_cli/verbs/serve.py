"""`modelyard serve`: a ModelDeployment in this shell, without a cluster."""

import os

import click

from modelyard_cli.options import examples


@click.command(
    epilog=examples(
        "modelyard serve -f examples/sentiment.yaml --model examples/sentiment/model",
        "modelyard serve -f deployment.yaml --redis redis://127.0.0.1:6379 --port 8001",
        "modelyard serve -f deployment.yaml --secret artifact-store=./keys",
    )
)
@click.option("-f", "--file", required=True, metavar="FILE|-", help="A file of YAML or JSON, or a folder.")
@click.option("--name", help="Which ModelDeployment, where FILE holds several.")
@click.option("--model", metavar="FOLDER|URI", help="Another source than spec.model.uri.")
@click.option(
    "--secret",
    "given",
    multiple=True,
    metavar="NAME=FOLDER",
    help="A Secret that the spec names, as a folder with a file for each key. May be given again.",
)
@click.option("--redis", metavar="URL", help="A Redis in place of the managed cache.")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", default=8080, show_default=True, type=click.IntRange(1, 65535), help="The port.")
def serve(
    *,
    file: str,
    name: str | None,
    model: str | None,
    given: tuple[str, ...],
    redis: str | None,
    host: str,
    port: int,
) -> None:
    """Serve the ModelDeployment of FILE in this shell, with no cluster.

    Its source is resolved and fetched as in a cluster, and kept in the cache folder for the next time. The
    same server answers, set as the operator would set it. A line tells of each field that means nothing here.
    """
    # The operator's models take a second to import.
    from modelyard_cli.serving import environment, run  # noqa: PLC0415
    from modelyard_cli.serving.differences import differences  # noqa: PLC0415
    from modelyard_cli.serving.document import from_another_source, read  # noqa: PLC0415
    from modelyard_cli.serving.secrets import folders, needed  # noqa: PLC0415

    wanted = read(file, name)
    secrets = folders(given)
    if model is not None:
        wanted = from_another_source(wanted, model)
    for line in differences(wanted, secrets, redis):
        _say(f"not as in a cluster: {line}")
    auth = wanted.spec.server.auth
    keys = auth.api_keys if auth is not None else None
    field = "spec.server.auth.apiKeys.secretRef"
    place = environment.Place(
        run.cache_folder(os.environ) / wanted.namespace / wanted.name,
        host,
        port,
        None if keys is None else needed(secrets, keys.secret_ref.name, field),
    )
    run.lay_runtime(wanted, place, secrets, redis)
    found = run.bring(wanted, place, secrets, _say)
    _say(f"it answers on http://{host}:{port}: POST /predict, /docs, /metrics; Ctrl-C ends it")
    run.become_server(environment.to_serve(wanted, found, place))


def _say(line: str) -> None:
    click.echo(line, err=True)
