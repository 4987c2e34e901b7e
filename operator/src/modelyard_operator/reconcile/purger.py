"""Has pods forget their cached answers, in the background.

What a pod answered lands in memory and the resource is looked at again. A pod that failed is asked again
after a pause that doubles, for as long as the plan asks for it: the plan gives up after a while.
"""

from collections.abc import Callable, Iterable
from functools import partial
from random import Random

import aiohttp
import structlog

from modelyard_operator.contract import PATH_PURGE
from modelyard_operator.kube.errors import ApiError
from modelyard_operator.kube.objects import Key
from modelyard_operator.kube.queue import WorkQueue
from modelyard_operator.reconcile.admin import Admin
from modelyard_operator.reconcile.errands import Errands
from modelyard_operator.reconcile.gather import Gathered
from modelyard_operator.reconcile.memory import Memory, Purging
from modelyard_operator.reconcile.model import Purge

log = structlog.get_logger(__name__)

ANSWER_SECONDS = 15.0
"""A pod goes through all of its deployment's entries in Redis before it answers."""
FIRST_PAUSE = 0.5
LAST_PAUSE = 16.0


class Purger:
    """Sends `POST /admin/cache/purge` to pods."""

    def __init__(
        self, admin: Admin, queue: WorkQueue[Key], *, clock: Callable[[], float], random: Random
    ) -> None:
        """A purger.

        Args:
            admin: asks pods.
            queue: where resources go whose pods answered.
            clock: monotonic seconds.
            random: jitter.
        """
        self._admin = admin
        self._queue = queue
        self._clock = clock
        self._random = random
        self._errands = Errands()

    @property
    def pending(self) -> int:
        """Pods that are being asked."""
        return len(self._errands)

    def purge(self, gathered: Gathered, purges: Iterable[Purge]) -> None:
        """Begin to ask those pods that have not answered this purge yet."""
        memory, key = gathered.memory, gathered.resource.key
        for purge in purges:
            before = memory.purges.get(purge.pod_uid)
            if before is None or before.nonce != purge.nonce:
                before = memory.purges[purge.pod_uid] = Purging(purge.nonce)
            if before.is_done or purge.pod_uid in self._errands or self._clock() < before.again_at:
                continue
            errand = partial(self._run, key, memory, purge)
            self._errands.begin(purge.pod_uid, errand, f"purge {purge.pod_name}")

    async def close(self) -> None:
        """Give up what is under way."""
        await self._errands.close()

    async def _run(self, key: Key, memory: Memory, purge: Purge) -> None:
        failure: str | None = None
        try:
            await self._admin.ask(key, "POST", purge.ip, PATH_PURGE, seconds=ANSWER_SECONDS)
        except TimeoutError:
            failure = f"no answer within {ANSWER_SECONDS:g} s"
        except (ApiError, aiohttp.ClientError, ValueError) as error:
            failure = str(error)
        asked = memory.purges.get(purge.pod_uid)
        if asked is None or asked.nonce != purge.nonce:
            self._queue.add(key)  # The pod is gone, or another purge was asked for meanwhile.
            return
        asked.is_done, asked.failure = failure is None, failure
        if failure is None:
            log.info("cache purged", **key._asdict(), pod=purge.pod_name)
            self._queue.add(key)
            return
        pause = min(LAST_PAUSE, FIRST_PAUSE * 2.0**asked.failures) * self._random.uniform(0.75, 1.25)
        asked.failures += 1
        asked.again_at = self._clock() + pause
        log.warning(
            "cache not purged", **key._asdict(), pod=purge.pod_name, error=failure, again_in=round(pause, 1)
        )
        self._queue.add_after(key, pause)
