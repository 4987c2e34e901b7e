"""`modelyard`, which kubectl also finds as `kubectl modelyard`."""

import logging
from importlib.metadata import version

import click
import structlog

from modelyard_cli.verbs.cache import cache
from modelyard_cli.verbs.quantize import quantize
from modelyard_cli.verbs.tune import tune

VERBS = (tune, quantize, cache)
"""One file each in `verbs`."""


_HELP = """Make models fast before they are deployed, and command deployments.

\b
A model on its way into production:
  modelyard quantize ./my-model            smaller and faster forms, each judged against full precision
  modelyard tune ./my-model                which of them, on which engine, with how many threads
  modelyard tune my-deployment -n team     the same on the cluster's own machines
  modelyard cache purge my-deployment      forget every remembered answer
"""


@click.group(
    help=_HELP,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    epilog="As a plug-in of kubectl: `kubectl modelyard VERB`. The cluster is the one of your present "
    "kubeconfig; --context and -n choose another and its namespace.",
)
@click.version_option(version("modelyard-cli"), prog_name="modelyard")
def main() -> None:
    """Run the command line."""
    # The server's code logs what a pod's log should have; here a verb says what a person wants to know.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))


for verb in VERBS:
    main.add_command(verb)

if __name__ == "__main__":
    main()
