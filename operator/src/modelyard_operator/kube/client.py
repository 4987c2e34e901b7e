"""The connection to the API server: one session, raw JSON in and out.

Credentials and TLS come from the Kubernetes client's own loaders (service account, kubeconfig, exec
plug-ins); the requests are plain aiohttp with orjson, because model classes cost several times the memory.
"""

import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import orjson
from kubernetes.aio.client import Configuration
from kubernetes.aio.client.rest import RESTClientObject
from kubernetes.aio.config import load_incluster_config, load_kube_config

from modelyard_operator.kube.errors import ApiError

JSON = "application/json"
APPLY_PATCH = "application/apply-patch+yaml"
MERGE_PATCH = "application/merge-patch+json"

REQUEST_SECONDS = 30.0
"""A request, other than a watch, is given up after this."""
CONNECT_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Access:
    """Where the API server is, and how to speak to it."""

    configuration: Any
    """A `kubernetes.aio` Configuration."""

    @property
    def server(self) -> str:
        """Its URL, without a trailing slash."""
        return str(self.configuration.host).rstrip("/")

    async def headers(self) -> dict[str, str]:
        """The `Authorization` header of now: service account tokens are read again as they rotate."""
        auth = (await self.configuration.auth_settings()).get("BearerToken")
        return {"Authorization": auth["value"]} if auth else {}

    def connector(self, limit: int = 0) -> aiohttp.TCPConnector:
        """A connector of its own, bound to the running loop. `limit` 0: as many connections as needed."""
        return aiohttp.TCPConnector(ssl=RESTClientObject(self.configuration).ssl_context, limit=limit)


async def find_access(environ: Mapping[str, str] = os.environ) -> Access:
    """MODELYARD_KUBECONFIG or KUBECONFIG; else the pod's service account; else ~/.kube/config.

    Raises:
        kubernetes.aio.config.ConfigException: there is none, or it is unreadable.
    """
    configuration = Configuration()
    path = environ.get("MODELYARD_KUBECONFIG") or environ.get("KUBECONFIG")
    if not path and environ.get("KUBERNETES_SERVICE_HOST"):
        load_incluster_config(client_configuration=configuration)
    else:
        await load_kube_config(
            config_file=path or str(Path.home() / ".kube" / "config"),
            client_configuration=configuration,
            persist_config=False,
        )
    return Access(configuration)


class Client:
    """Requests to one API server over one session."""

    def __init__(self, access: Access, session: aiohttp.ClientSession) -> None:
        self._access = access
        self._session = session

    @classmethod
    @asynccontextmanager
    async def connect(cls, access: Access, user_agent: str = "modelyard-operator") -> AsyncIterator["Client"]:
        """A client that lives as long as the context, in the running loop."""
        session = aiohttp.ClientSession(connector=access.connector(), headers={"User-Agent": user_agent})
        async with session:
            yield cls(access, session)

    async def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: Any = None,
        content_type: str = JSON,
    ) -> Any:
        """One request; answers the parsed JSON.

        Raises:
            ApiError: the API server refused.
            aiohttp.ClientError, TimeoutError: it was not reached or did not answer in time.
        """
        headers = await self._access.headers()
        data = None
        if body is not None:
            data = orjson.dumps(body)
            headers["Content-Type"] = content_type
        async with self._session.request(
            method,
            self._access.server + path,
            params=params,
            data=data,
            headers=headers,
            allow_redirects=False,
            timeout=aiohttp.ClientTimeout(total=REQUEST_SECONDS, sock_connect=CONNECT_SECONDS),
        ) as response:
            content = await response.read()
            if response.status >= 300:
                raise ApiError.of(response.status, content)
            return orjson.loads(content)

    async def get(self, path: str, **params: str) -> Any:
        """GET, as `request`."""
        return await self.request("GET", path, params=params)

    async def watch(
        self, path: str, params: Mapping[str, str], *, silence: float
    ) -> AsyncIterator[dict[str, Any]]:
        """The events of a watch, parsed, until the server ends it.

        Args:
            path: of the collection.
            params: of the query.
            silence: seconds without a byte after which the connection counts as dead.

        Raises:
            ApiError: the API server refused it.
            aiohttp.ClientError, TimeoutError: not reached, or silent for too long.
        """
        async with self._session.get(
            self._access.server + path,
            params=params,
            headers=await self._access.headers(),
            allow_redirects=False,
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS, sock_read=silence),
        ) as response:
            if response.status >= 300:
                raise ApiError.of(response.status, await response.read())
            buffer = bytearray()
            # Not `async for line in content`: aiohttp refuses lines beyond its buffer, objects may be larger.
            async for chunk in response.content.iter_any():
                start = len(buffer)
                buffer += chunk
                begin = 0
                while (end := buffer.find(b"\n", max(begin, start))) >= 0:
                    if end > begin:
                        yield orjson.loads(bytes(buffer[begin:end]))
                    begin = end + 1
                del buffer[:begin]
