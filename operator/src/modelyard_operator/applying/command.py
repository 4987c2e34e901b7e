"""`modelyard-operator apply`: what the Job of an overlay runs in the operator's image."""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

from kubernetes.aio.config import ConfigException

from modelyard_operator.applying.apply import Applier, Options
from modelyard_operator.applying.documents import ApplyError, Document, read
from modelyard_operator.kube.client import Access, Client, find_access
from modelyard_operator.kube.objects import Manifest

NAMESPACE_FILE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
SUFFIXES = (".yaml", ".yml", ".json")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Its part of the command line."""
    parser.add_argument("file", nargs="+", help="files, folders of .yaml and .json files, or - for stdin")
    parser.add_argument("-n", "--namespace", help="of objects that name none (the pod's own, or default)")
    parser.add_argument("--wait-crd", action="store_true", help="wait for kinds that are not there yet")
    parser.add_argument(
        "--skip-missing", action="store_true", help="leave out other projects' kinds that are not there"
    )
    parser.add_argument("--wait", action="store_true", help="wait until each ModelDeployment is ready")
    parser.add_argument("--force-conflicts", action="store_true", help="take over fields that others manage")
    parser.add_argument("--timeout", type=float, default=300.0, help="seconds for all of it (300)")


def run(arguments: argparse.Namespace) -> int:
    """Carry it out; answers the exit status."""
    own = NAMESPACE_FILE.read_text().strip() if NAMESPACE_FILE.exists() else "default"
    options = Options(
        namespace=arguments.namespace or own,
        wait_crd=arguments.wait_crd,
        skip_missing=arguments.skip_missing,
        wait=arguments.wait,
        force_conflicts=arguments.force_conflicts,
        seconds=arguments.timeout,
    )
    try:
        documents = load(arguments.file)
        asyncio.run(_with_own_access(documents, options))
    except (ApplyError, ConfigException) as error:
        sys.stderr.write(f"modelyard-operator apply: {error}\n")
        return 1
    return 0


async def _with_own_access(documents: Sequence[Document], options: Options) -> None:
    await apply(await find_access(), documents, options)


async def apply(
    access: Access, documents: Sequence[Document], options: Options, user_agent: str = "modelyard-apply"
) -> list[Manifest]:
    """Apply documents to a cluster, with a line on standard output for each step.

    Raises:
        ApplyError: one was refused, or did not come about in time.
    """
    async with Client.connect(access, user_agent) as client:
        return await Applier(client, options, _say).run(documents)


def load(names: Sequence[str]) -> list[Document]:
    """The objects of files, folders and standard input.

    Raises:
        ApplyError: one can't be read, or there is nothing in them.
    """
    found: list[Document] = []
    for name in names:
        if name == "-":
            found += read(sys.stdin.read(), "standard input")
            continue
        path = Path(name)
        # A mounted ConfigMap keeps its versions in folders that begin with two dots.
        files = (
            sorted(each for each in path.iterdir() if each.suffix in SUFFIXES and each.is_file())
            if path.is_dir()
            else [path]
        )
        for file in files:
            try:
                found += read(file.read_text(encoding="utf-8"), str(file))
            except (OSError, UnicodeDecodeError) as error:
                why = error.strerror if isinstance(error, OSError) else error
                raise ApplyError(f"{file} can't be read: {why}") from None
    if not found:
        raise ApplyError(f"there is nothing to apply in {', '.join(names)}")
    return found


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
