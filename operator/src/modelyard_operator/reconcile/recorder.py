"""Kubernetes Events on a ModelDeployment: equal ones are one object with a count.

They are told in the background, one after the other in the order of what they tell: nothing waits for them,
least of all the traffic that they tell of.
"""

import asyncio
import hashlib
from collections import OrderedDict, deque
from collections.abc import Callable
from datetime import datetime

import aiohttp
import structlog

from modelyard_operator.api.base import API_VERSION
from modelyard_operator.api.deployment import KIND
from modelyard_operator.kube.errors import ApiError
from modelyard_operator.kube.objects import Manifest, Resource
from modelyard_operator.kube.paths import EVENT
from modelyard_operator.kube.writer import Writer
from modelyard_operator.labels import MANAGER
from modelyard_operator.reconcile.model import Event

log = structlog.get_logger(__name__)

REMEMBERED = 4096
REPEAT_SECONDS = 60.0
"""An Event that repeats is counted on, but written at most this often."""
MESSAGE_LIMIT = 1024
"""Bytes that the API server takes."""
WAITING = 10_000
"""Events that wait to be sent; those beyond are lost."""
DRAIN_SECONDS = 5.0
PRESSED_SECONDS = 0.05
"""Before each Event that is sent while something is due."""


class _Seen:
    __slots__ = ("count", "written_at")

    def __init__(self) -> None:
        self.count = 0
        self.written_at = float("-inf")


class Recorder:
    """Sends Events; that it cannot is logged and never a failure of anything else."""

    def __init__(
        self,
        writer: Writer,
        identity: str,
        *,
        clock: Callable[[], float],
        now: Callable[[], datetime],
        pressed: Callable[[], bool] = lambda: False,
    ) -> None:
        """A recorder.

        Args:
            writer: writes to the API server.
            identity: of this process, as the reporting instance.
            clock: monotonic seconds.
            now: wall clock, timezone-aware.
            pressed: whether something waits whose time has come: Events then go slowly.
        """
        self._writer = writer
        self._pressed = pressed
        self._identity = identity
        self._clock = clock
        self._now = now
        self._seen: OrderedDict[str, _Seen] = OrderedDict()
        self._waiting: deque[tuple[Resource, Event, str, int, str]] = deque()
        self._sending: asyncio.Task[None] | None = None

    def record(self, resource: Resource, event: Event) -> None:
        """Send an Event, or count one more of it; returns at once."""
        text = "\0".join((resource.uid, event.reason, event.message, str(event.warning)))
        name = f"{resource.key.name}.{hashlib.sha256(text.encode()).hexdigest()[:16]}"
        mark = f"{resource.key.namespace}/{name}"
        seen = self._seen.setdefault(mark, _Seen())
        self._seen.move_to_end(mark)
        if len(self._seen) > REMEMBERED:
            self._seen.popitem(last=False)
        seen.count += 1
        clock = self._clock()
        if clock - seen.written_at < REPEAT_SECONDS:
            return
        if len(self._waiting) >= WAITING:
            log.warning("event lost: too many wait", **resource.key._asdict(), reason=event.reason)
            return
        seen.written_at = clock
        stamp = self._now().strftime("%Y-%m-%dT%H:%M:%SZ")
        self._waiting.append((resource, event, name, seen.count, stamp))
        if self._sending is None or self._sending.done():
            self._sending = asyncio.create_task(self._send_all(), name="events")

    async def close(self, seconds: float = DRAIN_SECONDS) -> None:
        """Let what waits be sent, for so long at most."""
        if self._sending is not None:
            await asyncio.wait({self._sending}, timeout=seconds)
            self._sending.cancel()

    async def _send_all(self) -> None:
        while self._waiting:
            if self._pressed():
                await asyncio.sleep(PRESSED_SECONDS)
            resource, event, name, count, stamp = self._waiting.popleft()
            try:
                await self._send(resource, event, name, count, stamp)
            except (ApiError, aiohttp.ClientError, TimeoutError, OSError) as error:
                log.warning(
                    "event not sent", **resource.key._asdict(), reason=event.reason, error=repr(error)
                )

    async def _send(self, resource: Resource, event: Event, name: str, count: int, stamp: str) -> None:
        namespace = resource.key.namespace
        again = {"count": count, "lastTimestamp": stamp}
        if count > 1:
            try:
                await self._writer.merge(EVENT, namespace, name, again)
            except ApiError as error:
                if error.status != 404:
                    raise
            else:
                return
        manifest: Manifest = {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": name, "namespace": namespace},
            "involvedObject": {
                "apiVersion": API_VERSION,
                "kind": KIND,
                "namespace": namespace,
                "name": resource.key.name,
                "uid": resource.uid,
                "resourceVersion": resource.resource_version,
            },
            "type": "Warning" if event.warning else "Normal",
            "reason": event.reason,
            "message": event.message.encode()[:MESSAGE_LIMIT].decode(errors="ignore"),
            "source": {"component": MANAGER},
            "reportingComponent": MANAGER,
            "reportingInstance": self._identity[:128],
            "firstTimestamp": stamp,
            "count": count,
            "lastTimestamp": stamp,
        }
        try:
            await self._writer.post(EVENT, namespace, manifest)
        except ApiError as error:
            if error.status != 409:
                raise
            # Sent by an operator before this one, which alone knows its count.
            await self._writer.merge(EVENT, namespace, name, {"lastTimestamp": stamp})
