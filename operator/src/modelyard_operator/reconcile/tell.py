"""Tells pods whether they serve stable traffic, and whose answers they compare, in the background.

The answer lands in memory and the resource is looked at again. A pod that did not hear is told the same again
after a pause that doubles, however often its resource is looked at meanwhile.
"""

import asyncio
from collections.abc import Iterable
from functools import partial
from random import Random

import aiohttp
import structlog

from modelyard_operator.contract import PATH_SERVING, PATH_SHADOW
from modelyard_operator.kube.errors import ApiError
from modelyard_operator.kube.objects import Key
from modelyard_operator.kube.queue import WorkQueue
from modelyard_operator.reconcile.admin import Admin, AnswerError
from modelyard_operator.reconcile.errands import Errands
from modelyard_operator.reconcile.gather import Gathered
from modelyard_operator.reconcile.memory import Memory, Told, Unheard
from modelyard_operator.reconcile.model import Readiness, Tell
from modelyard_operator.reconcile.part import body, restarts

log = structlog.get_logger(__name__)

ANSWER_SECONDS = 2.0
FIRST_PAUSE = 0.5
LAST_PAUSE = 300.0
"""A pod that never hears, behind a stranger's network policy say, costs one look in so many seconds."""


UNKNOWN = frozenset({404, 405})
"""What a server answers that does not know the path."""


class Teller:
    """Sends `PUT /admin/serving` and `PUT /admin/shadow` to pods."""

    def __init__(
        self,
        admin: Admin,
        queue: WorkQueue[Key],
        *,
        random: Random,
    ) -> None:
        """A teller.

        Args:
            admin: asks pods.
            queue: where resources go whose pods answered.
            random: jitter.
        """
        self._admin = admin
        self._queue = queue
        self._random = random
        self._errands = Errands()

    @property
    def pending(self) -> int:
        """Pods that are being told."""
        return len(self._errands)

    def tell(self, gathered: Gathered, tells: Iterable[Tell]) -> None:
        """Begin to tell those pods that have not heard the same yet."""
        pods = {pod.uid: pod for pod in gathered.observed.pods}
        for tell in tells:
            pod = pods.get(tell.pod_uid)
            if pod is None or tell.pod_uid in self._errands:
                continue
            told = Told(tell.serving, restarts(pod), tell.part)
            if gathered.memory.told.get(tell.pod_uid) == told:
                continue
            unheard = gathered.memory.unheard.get(tell.pod_uid)
            if unheard is not None and unheard.told == told and unheard.pausing:
                continue
            errand = partial(self._run, gathered.resource.key, gathered.memory, tell, told)
            self._errands.begin(tell.pod_uid, errand, f"tell {pod.name}")

    async def close(self) -> None:
        """Give up what is under way."""
        await self._errands.close()

    async def _run(self, key: Key, memory: Memory, tell: Tell, told: Told) -> None:
        try:
            readiness = await self._put(key, tell)
            if _needs_part(memory.told.get(tell.pod_uid), told):
                await self._put_part(key, tell)
        except (ApiError, aiohttp.ClientError, TimeoutError, ValueError) as error:
            self._pause(key, memory, tell, told, error)
            return
        memory.told[tell.pod_uid] = told
        memory.unheard.pop(tell.pod_uid, None)
        memory.readiness[tell.pod_uid] = readiness
        part = None if tell.part is None else tell.part.role.value
        log.info("pod told", **key._asdict(), pod=tell.pod_uid, serving=tell.serving, compares=part)
        self._queue.add(key)

    def _pause(self, key: Key, memory: Memory, tell: Tell, told: Told, error: Exception) -> None:
        before = memory.unheard.get(tell.pod_uid)
        failures = before.failures + 1 if before is not None and before.told == told else 1
        unheard = memory.unheard[tell.pod_uid] = Unheard(told, failures)
        pause = min(LAST_PAUSE, FIRST_PAUSE * 2.0 ** min(failures - 1, 16)) * self._random.uniform(0.75, 1.25)
        # Once is enough for people: that it did not hear shows for as long as "pod told" does not follow.
        (log.warning if failures == 1 else log.debug)(
            "pod did not hear",
            **key._asdict(),
            pod=tell.pod_uid,
            ip=tell.ip,
            error=repr(error),
            again_in=round(pause, 1),
        )
        asyncio.get_running_loop().call_later(pause, self._again, key, unheard)

    def _again(self, key: Key, unheard: Unheard) -> None:
        unheard.pausing = False
        self._queue.add(key)

    async def _put(self, key: Key, tell: Tell) -> Readiness:
        serving = {"serving": tell.serving}
        answer = await self._admin.ask(
            key, "PUT", tell.ip, PATH_SERVING, seconds=ANSWER_SECONDS, body=serving
        )
        task = answer.get("task")
        return Readiness(
            load_seconds=_seconds(answer.get("loadSeconds")),
            warm_seconds=_seconds(answer.get("warmSeconds")),
            task=task if isinstance(task, str) else None,
        )

    async def _put_part(self, key: Key, tell: Tell) -> None:
        try:
            await self._admin.ask(
                key, "PUT", tell.ip, PATH_SHADOW, seconds=ANSWER_SECONDS, body=body(tell.part)
            )
        except AnswerError as error:
            # The server of an older revision may know no parts, and so has none.
            if tell.part is not None or error.status not in UNKNOWN:
                raise


def _needs_part(before: Told | None, told: Told) -> bool:
    """Whether a pod must hear its part.

    One that began anew has none; what others were told, the operator may have forgotten.
    """
    if told.part is not None or before is None:
        return True
    return before.part is not None and before.restarts == told.restarts


def _seconds(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None
