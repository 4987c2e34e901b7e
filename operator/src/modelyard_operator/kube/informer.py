"""One informer for every kind: list, watch, list again and compare, and never end the process.

kopf's own watching loses deletions that happen while it re-lists after a 410, and ends the process when a
kind answers 403 or 404; here a kind that cannot be had is marked so, in words, and retried.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Generic, TypeVar

import aiohttp
import orjson
import structlog

from modelyard_operator.kube import metrics
from modelyard_operator.kube.client import Client
from modelyard_operator.kube.errors import ApiError
from modelyard_operator.kube.kinds import Kind
from modelyard_operator.kube.paths import collection
from modelyard_operator.kube.store import Store

T = TypeVar("T")

log = structlog.get_logger(__name__)

UNAVAILABLE = frozenset({403, 404})
PAGE = 100
"""Objects in one answer of a list. Raw objects are large and many kinds are listed at once: with 300
resources the process kept 18 MB more at 500 than at 100."""


@dataclass(frozen=True, slots=True)
class Timing:
    """How long an informer waits for what, in seconds."""

    relist: float = 300.0
    """Between two lists, give or take a tenth."""
    silence: float = 130.0
    """A watch without a byte (bookmarks come each minute) is cut and begun again."""
    overrun: float = 15.0
    """A watch that the server does not end when it was asked to is cut after so much more."""
    first_retry: float = 0.5
    last_retry: float = 30.0
    """The longest pause after failures; also how late a kind that became available is noticed."""


class Informer(Generic[T]):
    """Keeps `store` as the API server has it."""

    def __init__(
        self,
        client: Client,
        kind: Kind,
        store: Store[T],
        *,
        namespace: str | None,
        selector: str | None,
        clock: Callable[[], float],
        random: Random,
        watch: bool = True,
        timing: Timing | None = None,
        availability: Callable[[], None] = lambda: None,
    ) -> None:
        """An informer that has not begun.

        Args:
            client: the connection.
            kind: what to list and watch.
            store: where the objects go.
            namespace: watch one namespace; None: all.
            selector: a label selector for the server.
            clock: monotonic seconds.
            random: jitter.
            watch: False: only list (another watch feeds the store).
            timing: waits.
            availability: told when the kind becomes available or unavailable.
        """
        self.kind = kind
        self.store = store
        self.synced = asyncio.Event()
        """Set once a whole list was taken, or the kind was found to be unavailable."""
        self.unavailable: str | None = None
        """Why the kind cannot be had, in words; None: it can."""
        self.listed = 0
        """Lists that were taken."""
        self._client = client
        self._path = collection(kind, namespace)
        self._selector = {"labelSelector": selector} if selector else {}
        self._clock = clock
        self._random = random
        self._watch_too = watch
        self._timing = timing or Timing()
        self._availability = availability
        self._again = asyncio.Event()
        self._heard = clock()
        """When the API server last answered, or was found not to."""
        self._version = ""
        metrics.CACHED_OBJECTS.labels(kind.kind).set_function(lambda: len(store))

    @property
    def idle_for(self) -> float:
        """Seconds since the API server last said anything about this kind, or could not be reached."""
        return self._clock() - self._heard

    @property
    def planned_silence(self) -> float:
        """Seconds of silence that are as they should be."""
        return 0.0 if self._watch_too else self._timing.relist * 1.1

    def relist(self) -> None:
        """List again soon (a list-only informer; a watching one does so by itself)."""
        self._again.set()

    async def run(self) -> None:
        """Until cancelled."""
        failures, cause = 0, "start"
        while True:
            try:
                await self._list(cause)
                failures = 0
                cause = await self._follow()
            except ApiError as error:
                if error.status in UNAVAILABLE:
                    self._set_unavailable(error)
                cause = "expired" if error.status == 410 else "refused"
                if error.status != 410:
                    log.warning("watch refused", kind=self.kind.kind, error=str(error))
                # A first 410 is ordinary: list at once. One that repeats waits like any failure.
                if error.status == 410 and failures == 0:
                    failures = 1
                    continue
            except (aiohttp.ClientError, TimeoutError, OSError, orjson.JSONDecodeError) as error:
                cause = "unreachable"
                log.warning("watch failed", kind=self.kind.kind, error=repr(error))
            except Exception:
                # One object that cannot be read must not end the watching of all others.
                cause = "error"
                log.exception("informer failed", kind=self.kind.kind)
            else:
                continue
            self._heard = self._clock()
            failures += 1
            await asyncio.sleep(self._pause(failures))

    def _pause(self, failures: int) -> float:
        longest = min(self._timing.last_retry, self._timing.first_retry * 2.0 ** min(failures - 1, 16))
        return longest * self._random.uniform(0.5, 1.0)

    async def _list(self, cause: str) -> None:
        """Take a whole list, page by page.

        No resourceVersion is asked for, so the answer is as new as any write that was made before it.
        """
        self._again.clear()
        metrics.LISTS.labels(self.kind.kind, cause).inc()
        listing = self.store.listing()
        params = {"limit": str(PAGE), **self._selector}
        while True:
            answer = await self._client.get(self._path, **params)
            self._heard = self._clock()
            metadata = answer["metadata"]
            listing.page(answer["items"])
            del answer  # a page of raw objects is megabytes: not while waiting for the next
            if not metadata.get("continue"):
                break
            params["continue"] = metadata["continue"]
        listing.finish()
        if self.listed:
            metrics.LIST_DIFFERENCES.labels(self.kind.kind).inc(listing.differed)
        self.listed += 1
        self._version = str(metadata["resourceVersion"])
        self._set_available()

    async def _follow(self) -> str:
        """Watch from the list on until it is time for the next list; answers the cause of that."""
        due = self._clock() + self._timing.relist * self._random.uniform(0.9, 1.1)
        if not self._watch_too:
            try:
                await asyncio.wait_for(self._again.wait(), due - self._clock())
            except TimeoutError:
                return "period"
            return "asked"
        quick_ends = 0
        while (left := due - self._clock()) > 1:
            began = self._clock()
            try:
                await self._watch(left)
            except (aiohttp.ClientError, TimeoutError, OSError) as error:
                self._heard = self._clock()
                log.info("watch broke off", kind=self.kind.kind, error=repr(error))
            quick_ends = quick_ends + 1 if self._clock() - began < 5 else 0
            if quick_ends:
                await asyncio.sleep(self._pause(quick_ends))
            if quick_ends > 3:
                return "broken"
        return "period"

    async def _watch(self, left: float) -> None:
        """One watch request of at most `left` seconds, from the newest resourceVersion that was seen."""
        metrics.WATCH_STARTS.labels(self.kind.kind).inc()
        params = {
            "watch": "true",
            "allowWatchBookmarks": "true",
            "resourceVersion": self._version,
            "timeoutSeconds": str(max(1, int(left))),
            **self._selector,
        }
        async with asyncio.timeout(left + self._timing.overrun):
            await self._take(params)

    async def _take(self, params: dict[str, str]) -> None:
        async for event in self._client.watch(self._path, params, silence=self._timing.silence):
            self._heard = self._clock()
            kind, raw = event["type"], event["object"]
            if kind == "ERROR":
                raise ApiError.of_status(raw)
            if kind in ("ADDED", "MODIFIED"):
                self.store.put(raw)
            elif kind == "DELETED":
                self.store.drop(raw)
            self._version = raw["metadata"]["resourceVersion"]

    def _set_available(self) -> None:
        was = self.unavailable
        self.unavailable = None
        metrics.KIND_AVAILABLE.labels(self.kind.kind).set(1)
        self.synced.set()
        if was:
            log.info("kind is available again", kind=self.kind.kind)
            self._availability()

    def _set_unavailable(self, error: ApiError) -> None:
        was = self.unavailable
        self.unavailable = (
            f"{self.kind.plural} of {self.kind.api_version} may not be listed and watched: {error.message}"
            if error.status == 403
            else f"the API server has no {self.kind.plural} of {self.kind.api_version}"
        )
        metrics.KIND_AVAILABLE.labels(self.kind.kind).set(0)
        if error.status == 404:
            self.store.clear()
        self.synced.set()
        if not was:
            self._availability()
