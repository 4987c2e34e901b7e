"""`modelyard`, which kubectl also finds as `kubectl modelyard`."""

import logging
from importlib.metadata import version

import click
import structlog

from modelyard_cli.verbs.abort import abort
from modelyard_cli.verbs.apply import apply
from modelyard_cli.verbs.approve import approve
from modelyard_cli.verbs.cache import cache
from modelyard_cli.verbs.completion import completion
from modelyard_cli.verbs.doctor import doctor
from modelyard_cli.verbs.explain import explain
from modelyard_cli.verbs.install import install
from modelyard_cli.verbs.loadtest import loadtest
from modelyard_cli.verbs.logs import logs
from modelyard_cli.verbs.pause import pause
from modelyard_cli.verbs.promote import promote
from modelyard_cli.verbs.quantize import quantize
from modelyard_cli.verbs.refresh import refresh
from modelyard_cli.verbs.reject import reject
from modelyard_cli.verbs.replay import replay
from modelyard_cli.verbs.resume import resume
from modelyard_cli.verbs.retry import retry
from modelyard_cli.verbs.rollback import rollback
from modelyard_cli.verbs.serve import serve
from modelyard_cli.verbs.skip import skip
from modelyard_cli.verbs.status import status
from modelyard_cli.verbs.tune import tune

VERBS = (
    install,
    doctor,
    apply,
    logs,
    serve,
    tune,
    quantize,
    cache,
    loadtest,
    status,
    explain,
    pause,
    resume,
    skip,
    promote,
    abort,
    retry,
    rollback,
    refresh,
    approve,
    reject,
    replay,
    completion,
)
"""One file each in `verbs`."""


_HELP = """Deploy models, make them fast, and roll them out safely.

\b
A cluster:
  modelyard install                        CRD, rights and operator
  modelyard doctor                         what it has of Istio, Prometheus, …, and what that means
  modelyard apply sentiment.yaml --wait    a deployment, until it answers
  modelyard logs sentiment -f              what its pods say

\b
A model on its way into production:
  modelyard serve -f sentiment.yaml        the same resource in this shell, without a cluster
  modelyard quantize ./my-model            smaller and faster forms, each judged against full precision
  modelyard tune ./my-model                which of them, on which engine, with how many threads
  modelyard tune my-deployment -n team     the same on the cluster's own machines
  modelyard loadtest my-deployment         how it does under load, with a report
  modelyard cache purge my-deployment      forget every remembered answer

\b
A rollout under way:
  modelyard status my-deployment --watch   revisions, traffic, steps and decisions, live
  modelyard explain my-deployment          what it waits for and why, and what you may do
  modelyard approve my-deployment          the evidence, then your decision
  modelyard abort my-deployment            all traffic back to the stable revision, at once
  modelyard rollback my-deployment         back to the revision that served before
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
