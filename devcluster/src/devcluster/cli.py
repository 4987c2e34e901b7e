"""The command line."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import click

from devcluster import cleanup, preflight, report, store
from devcluster.build import TOOLS, Builder
from devcluster.cluster import Cluster
from devcluster.components.base import CLUSTER_PATH
from devcluster.components.controller_manager import HPA_FLAGS
from devcluster.config import CACHE_DIR_ENV, NAME, STATE_DIR_ENV, Settings
from devcluster.credentials import load_or_create
from devcluster.errors import DevclusterError
from devcluster.extras import EXTRAS
from devcluster.images import ImageStore
from devcluster.lock import exclusive
from devcluster.overcommit import CPUS
from devcluster.parameters import ComponentName, ExtraList
from devcluster.processes import ProcessTable
from devcluster.ui import Ui

EXIT_UNHEALTHY = 3
DEFINING = tuple(name for name, extra in EXTRAS.items() if extra.crds)
"""Extras that bring kinds of their own."""


class Commands(click.Group):
    """Shows errors that a person can mend as one message instead of a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except DevclusterError as error:
            raise click.ClickException(str(error)) from error


_WITH_HELP = "Extras that the cluster shall have besides, added to one that is up: " + "; ".join(
    f"{extra.name} ({extra.summary})" for extra in EXTRAS.values()
)
_with = click.option("--with", "extras", type=ExtraList(), multiple=True, help=f"{_WITH_HELP}.")

_UP_HELP = f"""Bring the cluster up, or take over, repair or replace the one that is there.

Prints the path of its kubeconfig (context {NAME}); ~/.kube/config is never touched. As root on Debian it
installs the packages that are missing. Programs are built once into ${CACHE_DIR_ENV} (default
~/.cache/modelyard); state lies in ${STATE_DIR_ENV} (default /var/lib/{NAME}).

Development defaults that differ from upstream: {" ".join(flag.lstrip("-") for flag in HPA_FLAGS)};
metrics every 10s; changed ConfigMaps and Secrets reach volumes within 10s; etcd without fsync; 250 pods;
no image garbage collection; at least {CPUS} CPUs offered to the scheduler;
NodePorts only on 127.0.0.1 and the node's own address.

Extras that a cluster has are kept and repaired by a plain `up`; `remove` takes them down."""


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.pass_context
def main(ctx: click.Context) -> None:
    """A real single-node Kubernetes on this machine, for development and CI."""
    # A root that came by `su` has no sbin in its path, where iptables and runc are.
    os.environ["PATH"] = f"{os.environ.get('PATH', '')}:{CLUSTER_PATH}"
    ctx.obj = (Settings.from_environment(), Ui())


def _cluster(settings: Settings, ui: Ui) -> Cluster:
    """The cluster that is up."""
    preflight.check_rights()
    cluster = Cluster(settings, ui)
    cluster.require()
    return cluster


Context = tuple[Settings, Ui]


@main.command(help=_UP_HELP)
@_with
@click.pass_obj
def up(obj: Context, extras: tuple[tuple[str, ...], ...]) -> None:
    """Bring the cluster up."""
    settings, ui = obj
    preflight.check_rights()
    names = [name for group in extras for name in group]
    with exclusive(settings.lock_file, ui.say):
        preflight.prepare(settings, ui)
        Cluster(settings, ui).up(names)
    click.echo(settings.kubeconfig)


@main.command()
@_with
@click.pass_obj
def setup(obj: Context, extras: tuple[tuple[str, ...], ...]) -> None:
    """Install missing Debian packages and build the programs, without starting anything."""
    settings, ui = obj
    preflight.check_rights()
    names = [name for group in extras for name in group]
    with exclusive(settings.lock_file, ui.say):
        preflight.prepare(settings, ui)
        Cluster(settings, ui).build(names)


@main.command()
@click.argument("extras", type=ExtraList(), nargs=-1, required=True)
@click.pass_obj
def remove(obj: Context, extras: tuple[tuple[str, ...], ...]) -> None:
    """Take EXTRAS down, with all their objects and kinds, and leave the cluster up."""
    settings, ui = obj
    cluster = _cluster(settings, ui)
    with exclusive(settings.lock_file, ui.say):
        cluster.remove([name for group in extras for name in group])


@main.group("crds")
def crds_group() -> None:
    """Faults for tests: the kinds of an extra gone and back while its daemons run."""


@crds_group.command("remove")
@click.argument("extra", type=click.Choice(DEFINING))
@click.pass_obj
def crds_remove(obj: Context, extra: str) -> None:
    """Delete the CustomResourceDefinitions of EXTRA, and with them every object of their kinds.

    Istio's EnvoyFilter stays: it keeps Envoy off the machine's outer addresses.
    """
    settings, ui = obj
    cluster = _cluster(settings, ui)
    with exclusive(settings.lock_file, ui.say):
        cluster.remove_definitions(extra)


@crds_group.command("restore")
@click.argument("extra", type=click.Choice(DEFINING))
@click.pass_obj
def crds_restore(obj: Context, extra: str) -> None:
    """Put them back, with the objects that EXTRA itself has of their kinds."""
    settings, ui = obj
    cluster = _cluster(settings, ui)
    with exclusive(settings.lock_file, ui.say):
        cluster.restore_definitions(extra)


@main.command()
@click.pass_obj
def down(obj: Context) -> None:
    """End the cluster and remove everything that it made, its data included; built programs stay."""
    settings, ui = obj
    preflight.check_rights()
    with exclusive(settings.lock_file, ui.say):
        cleanup.tear_down(settings, ui)


@main.command()
@click.option("--json", "as_json", is_flag=True, help="Machine-readable.")
@click.pass_obj
def status(obj: Context, as_json: bool) -> None:
    """Show every daemon, the artifact store and the extras; exit status 3 unless all are healthy."""
    settings, ui = obj
    preflight.check_rights()
    cluster = Cluster(settings, ui)
    health, extras = cluster.health(), cluster.extras()
    report.show(settings, health, extras, as_json=as_json)
    if any(item.problem for item in (*health, *extras)):
        sys.exit(EXIT_UNHEALTHY)


@main.command("load-image")
@click.argument(
    "archives", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@click.pass_obj
def load_image(obj: Context, archives: tuple[Path, ...]) -> None:
    """Put docker or OCI ARCHIVES into the node; what is there already is skipped."""
    settings, ui = obj
    _cluster(settings, ui)
    with exclusive(settings.lock_file, ui.say):
        for path in archives:
            ImageStore(settings, ui).load(path)


@main.command()
@click.argument("component", type=ComponentName())
@click.option("-n", "--lines", default=50, show_default=True, help="How many of the last lines.")
@click.option("-f", "--follow", is_flag=True, help="Go on as lines are written.")
@click.pass_obj
def logs(obj: Context, component: str, lines: int, follow: bool) -> None:
    """Show the log of a COMPONENT."""
    settings, _ = obj
    path = ProcessTable(settings.run_dir, settings.log_dir).log_file(component)
    if not path.exists():
        raise DevclusterError(f"{component} has no log: run `devcluster up` first.")
    command = ["tail", "-n", str(lines), *(["-F"] if follow else []), str(path)]
    sys.exit(subprocess.run(command, check=False).returncode)


@main.command()
@click.pass_obj
def kubeconfig(obj: Context) -> None:
    """Print the path of the cluster's kubeconfig."""
    settings, ui = obj
    _cluster(settings, ui)
    click.echo(settings.kubeconfig)


@main.command()
@click.argument("component", type=ComponentName())
@click.pass_obj
def restart(obj: Context, component: str) -> None:
    """Stop a COMPONENT and start it again, as a test of what depends on it."""
    settings, ui = obj
    cluster = _cluster(settings, ui)
    with exclusive(settings.lock_file, ui.say):
        cluster.restart(component)


@main.command()
@click.pass_obj
def compact(obj: Context) -> None:
    """Compact etcd up to now and print the revision: watches that resume from before get 410 Gone."""
    settings, ui = obj
    click.echo(_cluster(settings, ui).compact())


@main.command()
@click.argument("name", type=click.Choice(sorted(TOOLS)))
@click.pass_obj
def tool(obj: Context, name: str) -> None:
    """Print the path of a built program, building it first if need be."""
    settings, ui = obj
    found = shutil.which(name) if name == "kubectl" else None
    click.echo(found or Builder(settings, ui).ensure([TOOLS[name]])[name])


@main.group("store")
def store_group() -> None:
    """The artifact store: a real S3 server that pods reach."""


@store_group.command("put")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("uri")
@click.pass_obj
def store_put(obj: Context, folder: Path, uri: str) -> None:
    """Make s3://BUCKET/NAME equal to FOLDER, uploading only what differs."""
    settings, ui = obj
    _cluster(settings, ui)
    store.put(settings, load_or_create(settings), folder, store.parse_target(uri), ui)


@store_group.command("credentials")
@click.option("--name", default=store.SECRET_NAME, show_default=True, help="Name of the Secret.")
@click.option("-n", "--namespace", help="Namespace of the Secret.")
@click.option("--env", "as_env", is_flag=True, help="Lines of NAME=VALUE for this machine instead.")
@click.pass_obj
def store_credentials(obj: Context, name: str, namespace: str | None, as_env: bool) -> None:
    """Print a Secret with which pods read the store."""
    settings, ui = obj
    _cluster(settings, ui)
    credentials = load_or_create(settings)
    if as_env:
        for key, value in credentials.environment(settings.store_url).items():
            click.echo(f"{key}={value}")
        return
    click.echo(store.secret_manifest(settings, credentials, name, namespace))
