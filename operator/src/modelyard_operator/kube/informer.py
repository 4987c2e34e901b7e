"""One informer for every kind: list, watch, list again and compare, and never end the process.

kopf's own watching loses deletions that happen while it re-lists after a 410, and ends the process when a
kind answers 403 or 404; here a kind that cannot be had is marked so, in words, and retried.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
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
from modelyard_operator.kube.store import Listing, Store

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
    refused_retry: float = 15.0
    """How late a namespace is noticed whose rights are back, where others are watched meanwhile."""


class Informer(Generic[T]):
    """Keeps `store` as the API server has it."""

    def __init__(
        self,
        client: Client,
        kind: Kind,
        store: Store[T],
        *,
        namespaces: Sequence[str],
        selector: str | None,
        clock: Callable[[], float],
        random: Random,
        watch: bool = True,
        timing: Timing | None = None,
        availability: Callable[[], None] = lambda: None,
        name: str | None = None,
    ) -> None:
        """An informer that has not begun.

        Args:
            client: the connection.
            kind: what to list and watch.
            store: where the objects go.
            namespaces: the ones to watch; none: all, and those to come.
            selector: a label selector for the server.
            clock: monotonic seconds.
            random: jitter.
            watch: False: only list (another watch feeds the store).
            timing: waits.
            availability: told when the kind becomes available or unavailable.
            name: what metrics and logs call it; None: as the kind.
        """
        self.kind = kind
        self.name = name or kind.kind
        self.store = store
        self.synced = asyncio.Event()
        """Set once a whole list was taken, or the kind was found to be unavailable."""
        self.unavailable: str | None = None
        """Why the kind cannot be had, in words; None: it can."""
        self.refused: Mapping[str, str] = {}
        """Namespaces where this kind may not be listed, while it may in others; and why, in words."""
        self.is_missing = False
        """The API server has no such kind."""
        self.listed = 0
        """Lists that were taken."""
        self._client = client
        self._paths = {name: collection(kind, name) for name in namespaces or (None,)}
        self._selector = {"labelSelector": selector} if selector else {}
        self._clock = clock
        self._random = random
        self._watch_too = watch
        self._timing = timing or Timing()
        self._availability = availability
        self._again = asyncio.Event()
        self._heard = clock()
        """When the API server last answered, or was found not to."""
        self._versions: dict[str, str] = {}
        """The newest resourceVersion that was seen, by path: those that are watched."""
        metrics.CACHED_OBJECTS.labels(self.name).set_function(lambda: len(store))

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
                if error.status != 410 and not (self.kind.is_optional and error.status in UNAVAILABLE):
                    log.warning("watch refused", kind=self.name, error=str(error))
                # A first 410 is ordinary: list at once. One that repeats waits like any failure.
                if error.status == 410 and failures == 0:
                    failures = 1
                    continue
            except (aiohttp.ClientError, TimeoutError, OSError, orjson.JSONDecodeError) as error:
                cause = "unreachable"
                log.warning("watch failed", kind=self.name, error=repr(error))
            except Exception:
                # One object that cannot be read must not end the watching of all others.
                cause = "error"
                log.exception("informer failed", kind=self.name)
            else:
                continue
            self._heard = self._clock()
            failures += 1
            await asyncio.sleep(self._pause(failures))

    def _pause(self, failures: int) -> float:
        longest = min(self._timing.last_retry, self._timing.first_retry * 2.0 ** min(failures - 1, 16))
        return longest * self._random.uniform(0.5, 1.0)

    async def _list(self, cause: str) -> None:
        """Take a whole list, of every namespace that is not refused.

        What is held of a refused one stays: it is not known to be gone.
        """
        self._again.clear()
        metrics.LISTS.labels(self.name, cause).inc()
        listing = self.store.listing()
        versions: dict[str, str] = {}
        refused: dict[str, ApiError] = {}
        for namespace, path in self._paths.items():
            try:
                versions[path] = await self._list_path(path, listing)
            except ApiError as error:
                if error.status != 403 or namespace is None:
                    raise
                refused[namespace] = error
        if refused and not versions:
            raise next(iter(refused.values()))
        listing.finish(spare=refused.keys())
        if self.listed:
            metrics.LIST_DIFFERENCES.labels(self.name).inc(listing.differed)
        self.listed += 1
        self._versions = versions
        self._set_available()
        self._set_refused({name: error.message for name, error in refused.items()})

    async def _list_path(self, path: str, listing: Listing[T]) -> str:
        """Take a list page by page; answers its resourceVersion.

        None is asked for, so the answer is as new as any write that was made before it.
        """
        params = {"limit": str(PAGE), **self._selector}
        while True:
            answer = await self._client.get(path, **params)
            self._heard = self._clock()
            metadata = answer["metadata"]
            listing.page(answer["items"])
            del answer  # a page of raw objects is megabytes: not while waiting for the next
            if not metadata.get("continue"):
                return str(metadata["resourceVersion"])
            params["continue"] = metadata["continue"]

    async def _follow(self) -> str:
        """Watch from the list on until it is time for the next list; answers the cause of that."""
        period = self._timing.refused_retry if self.refused else self._timing.relist
        due = self._clock() + period * self._random.uniform(0.9, 1.1)
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
                log.info("watch broke off", kind=self.name, error=repr(error))
            quick_ends = quick_ends + 1 if self._clock() - began < 5 else 0
            if quick_ends:
                await asyncio.sleep(self._pause(quick_ends))
            if quick_ends > 3:
                return "broken"
        return "period"

    async def _watch(self, left: float) -> None:
        """One watch of at most `left` seconds, from the newest resourceVersions that were seen."""
        metrics.WATCH_STARTS.labels(self.name).inc()
        params = {
            "watch": "true",
            "allowWatchBookmarks": "true",
            "timeoutSeconds": str(max(1, int(left))),
            **self._selector,
        }
        async with asyncio.timeout(left + self._timing.overrun):
            tasks = [asyncio.create_task(self._take(path, params)) for path in self._versions]
            try:
                # The first that ends, ends all: none is left unwatched.
                done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
            for task in done:
                task.result()

    async def _take(self, path: str, params: dict[str, str]) -> None:
        params = params | {"resourceVersion": self._versions[path]}
        async for event in self._client.watch(path, params, silence=self._timing.silence):
            self._heard = self._clock()
            kind, raw = event["type"], event["object"]
            if kind == "ERROR":
                raise ApiError.of_status(raw)
            if kind in ("ADDED", "MODIFIED"):
                self.store.put(raw)
            elif kind == "DELETED":
                self.store.drop(raw)
            self._versions[path] = raw["metadata"]["resourceVersion"]

    def _set_available(self) -> None:
        was = self.unavailable
        self.unavailable, self.is_missing = None, False
        metrics.KIND_AVAILABLE.labels(self.name).set(1)
        self.synced.set()
        if was:
            log.info("kind is available again", kind=self.name)
            self._availability()

    def _set_refused(self, refused: dict[str, str]) -> None:
        if refused.keys() == self.refused.keys():
            return
        for name in refused.keys() - self.refused.keys():
            log.warning("namespace is left out", kind=self.name, namespace=name, because=refused[name])
        for name in self.refused.keys() - refused.keys():
            log.info("namespace is served again", kind=self.name, namespace=name)
        self.refused = refused
        self._availability()

    def _set_unavailable(self, error: ApiError) -> None:
        was = self.unavailable
        self.unavailable = (
            f"{self.kind.plural} of {self.kind.api_version} may not be listed and watched: {error.message}"
            if error.status == 403
            else f"the API server has no {self.kind.plural} of {self.kind.api_version}"
        )
        metrics.KIND_AVAILABLE.labels(self.name).set(0)
        self.is_missing = error.status == 404
        if self.is_missing:
            self.store.clear()
        self.synced.set()
        if not was:
            if self.kind.is_optional:
                log.info("kind is not available", kind=self.name, because=self.unavailable)
            self._availability()
