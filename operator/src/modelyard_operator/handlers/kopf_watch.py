"""Our own kind, watched by kopf: a handler that hands each event over, and the supervision of kopf itself.

kopf runs in a thread with a loop of its own for two reasons that were tried: at its end it cancels every
task of the loop that was made after it began, and it does end, when the CRD goes away or may not be read.
So it is started only while the CRD can be listed, and started again when it ended or fell silent. What it
loses (deletions during a re-list) shows in the list that its own re-listing sets off here.
"""

import asyncio
import threading
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import aiohttp
import kopf
import structlog

from modelyard_operator.api.base import GROUP, VERSION
from modelyard_operator.api.deployment import PLURAL
from modelyard_operator.kube.client import CONNECT_SECONDS, Access
from modelyard_operator.kube.informer import Informer
from modelyard_operator.kube.objects import Manifest, Resource

log = structlog.get_logger(__name__)

WATCH_SECONDS = 60
"""One watch request lasts this long, so kopf is heard of about once a minute."""
SILENCE_SECONDS = 170.0
"""kopf is started anew when nothing was heard of it for so long."""
STOP_SECONDS = 10.0
FIRST_RESTART = 1.0
LAST_RESTART = 30.0


class _Run:
    """One life of kopf, in a thread."""

    def __init__(self, access: Access, namespaces: Sequence[str], watch: "KopfWatch") -> None:
        self._access = access
        self._namespaces = namespaces
        self._watch = watch
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self.ended = asyncio.Event()
        self._home = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._main, name="kopf", daemon=True)
        self._thread.start()

    async def stop(self) -> None:
        """Ask kopf to end; a thread that does not is left behind, which harms nothing but memory."""
        if self._loop and self._stop and not self.ended.is_set():
            try:
                self._loop.call_soon_threadsafe(self._stop.set)
            except RuntimeError:
                return
        try:
            await asyncio.wait_for(self.ended.wait(), STOP_SECONDS)
        except TimeoutError:
            log.warning("kopf did not end when asked")

    def _main(self) -> None:
        try:
            asyncio.run(self._operate())
        except Exception as error:
            log.warning("kopf ended", error=repr(error))
        finally:
            self._at_home(self.ended.set)

    def _at_home(self, call: Callable[..., object], *args: Any) -> None:
        try:
            self._home.call_soon_threadsafe(call, *args)
        except RuntimeError:  # the process is ending, and its loop has before this thread
            return

    async def _operate(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        trace = aiohttp.TraceConfig()
        trace.on_request_start.append(self._begun)
        trace.on_request_end.append(self._answered)
        session = aiohttp.ClientSession(
            connector=self._access.connector(),
            trace_configs=[trace],
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS),
        )
        registry = kopf.OperatorRegistry()

        @kopf.on.login(registry=registry)
        async def login(**_: object) -> kopf.AiohttpSession:
            return kopf.AiohttpSession(server=self._access.server, aiohttp_session=session)

        @kopf.on.event(GROUP, VERSION, PLURAL, registry=registry)
        async def observed(event: Any, **_: object) -> None:
            self._at_home(self._watch.take, event["type"], event["object"])

        async with session:
            await kopf.operator(
                registry=registry,
                settings=kopf_settings(),
                standalone=True,
                clusterwide=not self._namespaces,
                namespaces=self._namespaces,
                stop_flag=self._stop,
            )

    async def _begun(self, _: object, __: object, params: aiohttp.TraceRequestStartParams) -> None:
        params.headers.update(await self._access.headers())
        if params.url.path.endswith(f"/{PLURAL}") and "watch" not in params.url.query:
            self._at_home(self._watch.listed)

    async def _answered(self, _: object, __: object, params: aiohttp.TraceRequestEndParams) -> None:
        if params.response.status == 200:
            self._at_home(self._watch.heard)


class NoDifferences(kopf.DiffBaseStorage):
    """What changed between two events is never asked for: kopf would copy every object to find out."""

    def build(
        self,
        *,
        body: kopf.Body,  # noqa: ARG002 - kopf's signature
        extra_fields: Iterable[kopf.FieldSpec] | None = None,  # noqa: ARG002
    ) -> kopf.BodyEssence:
        """Nothing of the object."""
        return kopf.BodyEssence()

    def fetch(self, *, body: kopf.Body) -> kopf.BodyEssence | None:  # noqa: ARG002 - kopf's signature
        """Nothing was stored."""
        return None

    def store(self, *, body: kopf.Body, patch: kopf.Patch, essence: kopf.BodyEssence) -> None:
        """Store nothing: the resource is the user's."""


def kopf_settings() -> kopf.OperatorSettings:
    """kopf as a watcher alone: no finalizers, annotations, peering, Events, scanning or signals."""
    settings = kopf.OperatorSettings()
    settings.process.ultimate_exiting_timeout = None
    settings.posting.enabled = False
    settings.scanning.disabled = True
    settings.peering.standalone = True
    settings.watching.server_timeout = WATCH_SECONDS
    settings.watching.client_timeout = WATCH_SECONDS + 15
    settings.watching.connect_timeout = CONNECT_SECONDS
    settings.watching.chunk_size = 500
    settings.networking.connect_timeout = CONNECT_SECONDS
    settings.networking.request_timeout = 60
    settings.networking.error_backoffs = (0.5, 1, 2)
    settings.queueing.idle_timeout = 1.0
    settings.persistence.diffbase_storage = NoDifferences()
    return settings


class KopfWatch:
    """Keeps kopf running while our kind exists, and its events flowing into the store."""

    def __init__(
        self,
        access: Access,
        namespaces: Sequence[str],
        own: Informer[Resource],
        *,
        clock: Callable[[], float],
    ) -> None:
        """A watch that has not begun.

        Args:
            access: where the API server is.
            namespaces: the ones to watch; none: all.
            own: lists our kind, and so says whether it exists; its store takes the events.
            clock: monotonic seconds.
        """
        self._access = access
        self._namespaces = namespaces
        self._own = own
        self._clock = clock
        self._heard = clock()
        self.running = False
        """kopf was started and has not ended."""
        self.starts = 0

    @property
    def silent_for(self) -> float:
        """Seconds since kopf was last heard of, while it should be running."""
        return self._clock() - self._heard if self.running else 0.0

    async def run(self) -> None:
        """Until cancelled."""
        pause = FIRST_RESTART
        while True:
            if not self._own.listed or self._own.unavailable:
                await asyncio.sleep(0.2)
                continue
            began = self._clock()
            await self._once()
            pause = FIRST_RESTART if self._clock() - began > 60 else min(LAST_RESTART, pause * 2)
            await asyncio.sleep(pause)

    async def _once(self) -> None:
        self.heard()
        self.starts += 1
        refused = self._own.refused
        served = [name for name in self._namespaces if name not in refused]
        run = _Run(self._access, served, self)
        self.running = True
        try:
            while not (run.ended.is_set() or self._own.unavailable or self._own.refused != refused) and (
                self.silent_for < SILENCE_SECONDS
            ):
                try:
                    await asyncio.wait_for(run.ended.wait(), 1.0)
                except TimeoutError:
                    continue
        finally:
            self.running = False
            await run.stop()
        # Whether the kind is still there shows in a list; so does what was deleted meanwhile.
        self._own.relist()

    def heard(self) -> None:
        """kopf had an answer."""
        self._heard = self._clock()

    def listed(self) -> None:
        """kopf lists (again): what was deleted before, it will not tell."""
        self._own.relist()

    def take(self, kind: str | None, raw: Manifest) -> None:
        """An event from kopf; `kind` None: found by a list."""
        if kind == "DELETED":
            self._own.store.drop(raw)
        else:
            self._own.store.put(raw)
