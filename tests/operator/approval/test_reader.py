"""Reading the admission policies where the API server does not answer as it should."""

import asyncio
import random
import time
from typing import Any

from modelyard_operator.approval.guards import UNREAD, Guard
from modelyard_operator.approval.reader import REFRESH_SECONDS, TRUSTED_SECONDS, GuardReader
from modelyard_operator.kube.errors import ApiError
from modelyard_operator.kube.objects import Key
from modelyard_operator.kube.queue import WorkQueue

KEY = Key("shop", "sentiment")


class Api:
    """Has no policies, and may be away."""

    away: Exception | None = None

    async def get(self, path: str) -> Any:
        raise self.away or ApiError(404, "NotFound", path)


class Reading:
    """A reader whose clock stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.api = Api()
        self.queue: WorkQueue[Key] = WorkQueue(random.Random(1), time.monotonic)
        self.reader = GuardReader(self.api, self.queue, clock=lambda: self.now)  # type: ignore[arg-type]

    async def read(self) -> bool:
        """Whether the resource that waits is looked at again."""
        self.now += REFRESH_SECONDS
        self.reader.keep(KEY)
        async with asyncio.timeout(10):
            while self.reader.pending:  # noqa: ASYNC110 - it tells only the queue
                await asyncio.sleep(0)
        if not self.queue.depth:
            return False
        key, _ = await self.queue.get()
        self.queue.done(key)
        return key == KEY


async def test_what_cannot_be_read_is_told_once_and_is_over_once_it_can() -> None:
    it = Reading()
    it.api.away = ApiError(503, "ServiceUnavailable", "try later")
    assert await it.read()
    guards = it.reader.guards
    assert (guards.approver, guards.changed_by) == (Guard(), Guard()), "nothing is known"
    assert guards.trouble == "the admission policies cannot be read: 503 ServiceUnavailable: try later"
    assert not await it.read(), "that is told already"
    it.api.away = None
    assert await it.read()
    assert it.reader.guards.approver.is_known
    assert not it.reader.guards.trouble


async def test_what_was_read_stands_for_a_while_when_it_cannot_be_read_again() -> None:
    it = Reading()
    assert await it.read()
    known = it.reader.guards
    it.api.away = TimeoutError()
    assert not await it.read()
    assert it.reader.guards == known
    it.now += TRUSTED_SECONDS
    assert it.reader.guards.approver == UNREAD.approver
    assert it.reader.guards.trouble == "the admission policies cannot be read: TimeoutError"
