"""Server-side apply of any objects, the kinds of which may come a moment later."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import aiohttp

from modelyard_operator.api.base import GROUP
from modelyard_operator.applying import served
from modelyard_operator.applying.documents import ApplyError, Document
from modelyard_operator.applying.ready import standing
from modelyard_operator.kube import paths
from modelyard_operator.kube.client import APPLY_PATCH, Client
from modelyard_operator.kube.errors import ApiError
from modelyard_operator.kube.kinds import Kind
from modelyard_operator.kube.objects import Manifest

FIELD_MANAGER = "modelyard-apply"
POLL_SECONDS = 0.5
_NO_SUCH_PATH = ("the server could not find the requested resource", "404 page not found")
"""What is answered for a kind that is listed already and not yet served."""
_UNFIT = re.compile(r"failed to create typed patch object \([^)]*\): (?:errors:\s*)?(\..*)", re.DOTALL)
"""What is answered, with status 500, for a field that the schema lacks or has another type for."""
_INDEX = re.compile(r"\[[^]]*\]")

Say = Callable[[str], None]
Sleep = Callable[[float], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Options:
    """How to apply."""

    namespace: str = "default"
    """Of the objects that name none."""
    wait_crd: bool = False
    """Wait for kinds that the cluster does not have yet."""
    skip_missing: bool = False
    """Leave out objects of other projects' kinds that the cluster does not have."""
    wait: bool = False
    """Wait until each ModelDeployment is ready."""
    force_conflicts: bool = False
    """Take over fields that somebody else manages."""
    seconds: float = 300.0
    """For all of it."""
    field_manager: str = FIELD_MANAGER


class Applier:
    """Applies objects in their order.

    Args:
        client: The cluster.
        options: How.
        say: Takes a line a step.
        sleep: Waits between two looks.
        clock: Monotonic seconds; None: the running loop's.
    """

    def __init__(
        self,
        client: Client,
        options: Options,
        say: Say,
        sleep: Sleep = asyncio.sleep,
        clock: Callable[[], float] | None = None,
    ) -> None:
        self._client = client
        self._options = options
        self._say = say
        self._sleep = sleep
        self._clock = clock or asyncio.get_running_loop().time
        self._ends = self._clock() + options.seconds

    async def run(self, documents: Sequence[Document]) -> list[Manifest]:
        """Apply them all, and wait as the options say; answers the objects as they are then.

        Raises:
            ApplyError: one was refused, or did not come about in time.
        """
        applied = [found for each in documents if (found := await self._one(each)) is not None]
        if not self._options.wait:
            return [live for _, live in applied]
        return [await self._ready(path, live) for path, live in applied]

    async def _one(self, document: Document) -> tuple[str, Manifest] | None:
        told = ""
        while True:
            try:
                found = await served.find(self._client, document)
                if found is not None:
                    return await self._apply(document, *found)
                if self._options.skip_missing and not document.api_version.startswith(f"{GROUP}/"):
                    self._say(f"{document.label} left out: the cluster has no {document.api_version}")
                    return None
                words = f"the cluster has no {document.kind} of {document.api_version}"
                is_passing = self._options.wait_crd
            except ApiError as error:
                words, is_passing = _said(error), self._passes(error)
            except (aiohttp.ClientError, TimeoutError, OSError) as error:
                words = f"the API server can't be reached: {error or type(error).__name__}"
                is_passing = self._options.wait_crd
            if not is_passing:
                raise ApplyError(f"{document.label} ({document.source}): {words}{_mend(document, words)}")
            if self._clock() >= self._ends:
                raise ApplyError(
                    f"{document.label} ({document.source}): not within {self._options.seconds:g} s: {words}"
                )
            if words != told:
                self._say(f"{document.label} waits: {words}")
                told = words
            await self._sleep(POLL_SECONDS)

    async def _apply(self, document: Document, kind: Kind, namespaced: bool) -> tuple[str, Manifest]:
        namespace = (document.namespace or self._options.namespace) if namespaced else None
        path = f"{paths.collection(kind, namespace)}/{document.name}"
        body = document.manifest
        if namespace and not document.namespace:
            body = {**body, "metadata": {**body["metadata"], "namespace": namespace}}
        before = await self._content(path)
        force = {"force": "true"} if self._options.force_conflicts else {}
        live: Manifest = await self._client.request(
            "PATCH",
            path,
            params={"fieldManager": self._options.field_manager, "fieldValidation": "Strict", **force},
            body=body,
            content_type=APPLY_PATCH,
        )
        what = "created" if before is None else "unchanged" if before == _content(live) else "configured"
        self._say(f"{document.label}{f' in {namespace}' if namespace else ''} {what}")
        return path, live

    async def _content(self, path: str) -> Manifest | None:
        try:
            return _content(await self._client.get(path))
        except ApiError as error:
            if error.status == served.NOT_FOUND:
                return None
            raise

    def _passes(self, error: ApiError) -> bool:
        """Whether it may be otherwise in a moment."""
        if not self._options.wait_crd:
            return False
        if error.status == served.NOT_FOUND:
            return any(words in error.message for words in _NO_SUCH_PATH)
        if _UNFIT.match(error.message):
            return False
        return error.status == 429 or error.status >= 500

    async def _ready(self, path: str, live: Manifest) -> Manifest:
        if live["kind"] != paths.OWN.kind:
            return live
        name, told = live["metadata"]["name"], ""
        while True:
            try:
                live = await self._client.get(path)
                now = standing(live)
                words = now.words
                if now.ready:
                    self._say(f"{live['kind']} {name} is ready at {(live.get('status') or {}).get('url')}")
                    return live
                if now.stalled is not None:
                    raise ApplyError(f"{live['kind']} {name} is stalled: {now.stalled}")
            except ApiError as error:
                if error.status < 500 and error.status != 429:
                    raise ApplyError(f"{live['kind']} {name}: {error}") from None
                words = str(error)
            except (aiohttp.ClientError, TimeoutError, OSError) as error:
                words = f"the API server can't be reached: {error or type(error).__name__}"
            if self._clock() >= self._ends:
                raise ApplyError(
                    f"{live['kind']} {name} is not ready within {self._options.seconds:g} s: {words}"
                )
            if words != told:
                self._say(f"{live['kind']} {name} waits: {words}")
                told = words
            await self._sleep(POLL_SECONDS)


def _content(live: Manifest) -> Manifest:
    """An object without what a write changes by itself."""
    metadata = {
        key: value
        for key, value in live["metadata"].items()
        if key not in {"managedFields", "resourceVersion"}
    }
    return {key: value for key, value in live.items() if key != "status"} | {"metadata": metadata}


def _said(error: ApiError) -> str:
    unfit = _UNFIT.match(error.message)
    return unfit[1] if unfit else f"{error.status} {error.reason}: {error.message}"


def _mend(document: Document, words: str) -> str:
    if words.startswith("the cluster has no "):
        return ": install what brings it (`modelyard install`), or wait for it with --wait-crd"
    if words.startswith("409 Conflict"):
        return ": --force-conflicts takes the fields over"
    if words.startswith("."):
        section = _INDEX.sub("", words.partition(":")[0]).rpartition(".")[0]
        return f": `kubectl explain {document.kind.lower()}{section}` has the fields"
    return ""
