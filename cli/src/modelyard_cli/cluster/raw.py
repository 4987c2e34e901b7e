"""The cluster of the user's kubeconfig as raw JSON, for kinds of which this program has no models."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import aiohttp
from kubernetes.aio.client import Configuration
from kubernetes.aio.config import ConfigException, load_kube_config

from modelyard_cli.cluster import kubeconfig
from modelyard_cli.cluster.client import connect
from modelyard_cli.errors import CliError
from modelyard_operator.applying.documents import ApplyError
from modelyard_operator.kube.client import Access, Client

Answer = TypeVar("Answer")
AGENT = "modelyard-cli"


def ask(
    context: str | None, namespace: str | None, question: Callable[[Client, str], Awaitable[Answer]]
) -> Answer:
    """Connect as kubectl would, ask, and hang up.

    Args:
        context: Of the kubeconfig; None: the present one.
        namespace: None: the context's own, else `default`.
        question: Gets the connection and the namespace.

    Raises:
        CliError: There is no kubeconfig, the cluster can't be reached, or the question ended in one.
    """
    chosen = connect(context, namespace).namespace

    async def asked() -> Answer:
        configuration = Configuration()
        file = kubeconfig.find()
        try:
            await load_kube_config(
                config_file=file, context=context, client_configuration=configuration, persist_config=False
            )
        except (ConfigException, *kubeconfig.WRONG) as error:
            raise kubeconfig.untold(file, error) from None
        async with Client.connect(Access(configuration), AGENT) as client:
            return await question(client, chosen)

    try:
        return asyncio.run(asked())
    except ApplyError as error:
        raise CliError(str(error)) from None
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise CliError(f"the API server can't be reached: {error or type(error).__name__}") from None
