"""The command line: `modelyard-operator run` and `modelyard-operator apply`."""

import argparse
import asyncio
import os
import sys
from collections.abc import Sequence

import structlog
import uvloop
from kubernetes.aio.config import ConfigException

from modelyard_operator.applying import command as applying
from modelyard_operator.handlers.logs import configure_logs
from modelyard_operator.handlers.operator import run_operator
from modelyard_operator.handlers.settings import Settings, SettingsError, read_settings
from modelyard_operator.kube.client import find_access

EXIT_USAGE = 64

_ENVIRONMENT = """\
environment:
  MODELYARD_SERVER_IMAGE        image of the model server (required)
  MODELYARD_SERVER_IMAGE_OPENVINO
                                its variant that holds OpenVINO (none)
  MODELYARD_CACHE_IMAGE         image of the managed cache (required)
  MODELYARD_OPERATOR_NAMESPACE  where the operator runs and keeps its Lease (the pod's own)
  MODELYARD_WATCH_NAMESPACE     serve these namespaces only, with commas between them (all)
  MODELYARD_LEADER_ELECTION     true or false (true)
  MODELYARD_LEASE_NAME          operators that share it lead one at a time
                                (modelyard-operator, and which namespaces)
  MODELYARD_IMAGE_PULL_POLICY   of the pods' images (IfNotPresent)
  MODELYARD_IMAGE_PULL_SECRETS  Secrets to pull them with, with commas between (none)
  MODELYARD_WORKERS             resources worked on at once (4)
  MODELYARD_HEALTH_PORT         of /healthz and /readyz (8081)
  MODELYARD_METRICS_PORT        of /metrics (9090)
  MODELYARD_LOG_LEVEL           debug, info, warning or error (info)
  MODELYARD_KUBECONFIG, KUBECONFIG
                                a kubeconfig; without: the pod's service account, then ~/.kube/config
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; answers the exit status."""
    parser = argparse.ArgumentParser(
        prog="modelyard-operator",
        description="Reconciles ModelDeployment resources.",
        epilog=_ENVIRONMENT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    commands.add_parser(
        "run",
        help="run the operator until SIGTERM (what it does without a command too)",
        epilog=_ENVIRONMENT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    applying.add_arguments(
        commands.add_parser("apply", help="apply manifests, whose kinds may come a moment later, and end")
    )
    parsed = parser.parse_args(arguments)
    if parsed.command == "apply":
        return applying.run(parsed)
    try:
        settings = read_settings(os.environ)
    except SettingsError as error:
        sys.stderr.write(f"modelyard-operator: {error}\n")
        return EXIT_USAGE
    configure_logs(settings.log_level)
    return _run(settings)


def _run(settings: Settings) -> int:
    log = structlog.get_logger(__name__)

    async def serve() -> None:
        await run_operator(settings, await find_access())

    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(serve())
    except ConfigException as error:
        log.critical("no way to the API server: set KUBECONFIG, or run in a pod", error=str(error))
        return EXIT_USAGE
    except OSError as error:
        log.critical("the operator cannot start", error=str(error))
        return 1
    except Exception:
        log.exception("the operator ended by a fault of its own")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
