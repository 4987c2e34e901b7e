"""Sends notifications in the background: bounded in number, attempts and time, never in the way of a rollout.

A notice is handed over once, when the status that tells of its step was stored: an operator that ends before
it has delivered it does not find it again, and says so in no place but its log. Within its life it tries
again, so a receiver whose answer was lost may get one twice, with the same id.
"""

import asyncio
import base64
import binascii
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Final, Protocol

import aiohttp
import structlog

from modelyard_operator.api.notifications import Notification
from modelyard_operator.api.status import Status
from modelyard_operator.kube.errors import ApiError
from modelyard_operator.kube.objects import Manifest, Resource
from modelyard_operator.notify import metrics
from modelyard_operator.notify.channels import open_channel
from modelyard_operator.notify.channels.base import DeliveryError, Message
from modelyard_operator.notify.notice import Notice, notice, subject, text

log = structlog.get_logger(__name__)

ATTEMPTS: Final = 6
FIRST_PAUSE: Final = 2.0
LAST_PAUSE: Final = 60.0
"""Seconds; the pauses double: the last attempt is about a minute after the first."""
AT_ONCE: Final = 8
PENDING: Final = 500
"""More than this are dropped: what waits must not grow without end while a mail server is away."""
DRAIN_SECONDS: Final = 5.0
"""At the end of the process, what is under way may go on for so long."""

Failed = Callable[[Resource, str], Awaitable[None]]
"""Told of a notification that was given up, in words."""


class Reader(Protocol):
    """Gives Secrets by name."""

    async def get_secret(self, namespace: str, name: str) -> Manifest | None:
        """A Secret, or None.

        Raises:
            ApiError: the API server refused.
        """
        ...


@dataclass(frozen=True, slots=True)
class Pauses:
    """How often and when to try again."""

    attempts: int = ATTEMPTS
    first: float = FIRST_PAUSE
    last: float = LAST_PAUSE

    def after(self, failures: int, random: Random) -> float:
        """Seconds to wait after so many failures."""
        return min(self.last, self.first * 2.0 ** (failures - 1)) * random.uniform(0.75, 1.25)


class Notifier:
    """Sends what it is given, and forgets it."""

    def __init__(
        self,
        reader: Reader,
        session: aiohttp.ClientSession,
        failed: Failed,
        *,
        now: Callable[[], datetime],
        random: Random,
        pauses: Pauses | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """A notifier with nothing to send.

        Args:
            reader: gives the channels' Secrets.
            session: for requests to the outside.
            failed: told of what was given up.
            now: wall clock, timezone-aware.
            random: jitter.
            pauses: how often to try.
            sleep: waits between two attempts.
        """
        self._reader = reader
        self._session = session
        self._failed = failed
        self._now = now
        self._random = random
        self._pauses = pauses or Pauses()
        self._sleep = sleep
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._under_way: set[asyncio.Task[None]] = set()
        self._pausing: set[asyncio.Task[None]] = set()

    @property
    def pending(self) -> int:
        """Notifications that are under way."""
        return len(self._under_way)

    def notify(
        self, resource: Resource, notifications: Iterable[Notification], notices: Iterable[Notice]
    ) -> None:
        """Begin to send each notice on each channel that wants it; returns at once."""
        told = tuple(notices)
        for spec in notifications:
            for each in told:
                if each.occasion in spec.events:
                    self._begin(resource, spec, each)

    def tell(
        self,
        resource: Resource,
        notifications: Iterable[Notification],
        steps: Iterable[tuple[str, str]],
        status: Status,
    ) -> None:
        """Begin to tell of steps that a status write has just stored; returns at once.

        Args:
            resource: as the status write found it.
            notifications: who wants to hear of what.
            steps: reason and message of each step's Event.
            status: as it was written.
        """
        now = self._now()
        found = (notice(resource, reason, message, status, now) for reason, message in steps)
        self.notify(resource, notifications, (each for each in found if each is not None))

    async def close(self, seconds: float = DRAIN_SECONDS) -> None:
        """Let what is being sent go on for so long; what waits for another attempt is given up at once."""
        lost = {*self._pausing}
        if self._under_way - lost:
            _, late = await asyncio.wait(self._under_way - lost, timeout=seconds)
            lost |= late
        for task in lost:
            task.cancel()
        await asyncio.gather(*lost, return_exceptions=True)
        if lost:
            log.warning("notifications given up: the operator ends", number=len(lost))

    def _begin(self, resource: Resource, spec: Notification, told: Notice) -> None:
        if len(self._under_way) >= PENDING:
            metrics.NOTIFICATIONS.labels(_name(spec), "dropped").inc()
            log.warning("notification dropped", **resource.key._asdict(), occasion=told.occasion.value)
            return
        task = asyncio.create_task(self._run(resource, spec, told), name=f"notify {told.id}")
        self._under_way.add(task)
        task.add_done_callback(self._ended)
        metrics.PENDING.set(len(self._under_way))

    def _ended(self, task: "asyncio.Task[None]") -> None:
        self._under_way.discard(task)
        metrics.PENDING.set(len(self._under_way))

    async def _run(self, resource: Resource, spec: Notification, told: Notice) -> None:
        bound = log.bind(**resource.key._asdict(), occasion=told.occasion.value, channel=_name(spec))
        for failures in range(1, self._pauses.attempts + 1):
            try:
                async with self._slots:
                    await self._deliver(spec, told)
            except DeliveryError as error:
                words, again = str(error), error.again
            except Exception as error:
                # A fault of ours: it must not be lost with the task, and the next attempt has it too.
                bound.exception("notification failed")
                words, again = repr(error), False
            else:
                metrics.NOTIFICATIONS.labels(_name(spec), "delivered").inc()
                bound.info("notification delivered", attempts=failures)
                return
            if not again or failures == self._pauses.attempts:
                metrics.NOTIFICATIONS.labels(_name(spec), "failed").inc()
                bound.warning("notification given up", error=words, attempts=failures)
                what = f"{told.occasion.value} by {_name(spec)}"
                await self._failed(resource, f"{what} was not delivered in {failures} attempts: {words}")
                return
            metrics.NOTIFICATIONS.labels(_name(spec), "retried").inc()
            pause = self._pauses.after(failures, self._random)
            bound.warning("notification not taken", error=words, again_in=round(pause, 1))
            await self._pause(pause)

    async def _pause(self, seconds: float) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._pausing.add(task)
            task.add_done_callback(self._pausing.discard)
        await self._sleep(seconds)
        if task is not None:
            self._pausing.discard(task)

    async def _deliver(self, spec: Notification, told: Notice) -> None:
        opened = open_channel(spec, self._session, self._now)
        if opened is None:
            raise DeliveryError("it names no channel that this operator knows", again=False)
        channel, secret = opened
        values = {} if secret is None else await self._values(told.namespace, secret.name)
        whole = text(told, spec.template)
        head = subject(told) if spec.template is None else whole.partition("\n")[0].strip() or subject(told)
        await channel.deliver(Message(told, head, whole, values))

    async def _values(self, namespace: str, name: str) -> dict[str, str]:
        """What a Secret holds, decoded; its name alone is ever told."""
        try:
            found = await self._reader.get_secret(namespace, name)
        except (ApiError, aiohttp.ClientError, TimeoutError) as error:
            raise DeliveryError(f"Secret {namespace}/{name} cannot be read: {error}") from None
        if found is None:
            raise DeliveryError(f"Secret {namespace}/{name} does not exist: create it")
        try:
            data = (found.get("data") or {}).items()
            return {key: base64.b64decode(value).decode() for key, value in data}
        except (binascii.Error, UnicodeDecodeError):
            raise DeliveryError(f"Secret {namespace}/{name} holds what is no text", again=False) from None


def _name(spec: Notification) -> str:
    return next((kind for kind in ("smtp", "slack", "webhook") if getattr(spec, kind) is not None), "none")
