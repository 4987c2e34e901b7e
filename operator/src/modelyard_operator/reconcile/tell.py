"""Tells pods whether they serve stable traffic, in the background.

The answer lands in memory and the resource is looked at again. A pod that did not hear is told the same again
after a pause that doubles, however often its resource is looked at meanwhile.
"""

import asyncio
from collections.abc import Callable, Iterable
from functools import partial
from random import Random

import aiohttp
import orjson
import structlog

from modelyard_operator.contract import ADMIN_TOKEN_FILE, PATH_SERVING, PORT, SERVER_CONTAINER
from modelyard_operator.kube.errors import ApiError
from modelyard_operator.kube.objects import Key, Pod
from modelyard_operator.kube.queue import WorkQueue
from modelyard_operator.kube.writer import Writer
from modelyard_operator.reconcile.gather import Gathered
from modelyard_operator.reconcile.memory import Memory, Told, Unheard
from modelyard_operator.reconcile.model import Readiness, Tell
from modelyard_operator.reconcile.secrets import read_key

log = structlog.get_logger(__name__)

ANSWER_SECONDS = 2.0
TOKEN_SECONDS = 60.0
FIRST_PAUSE = 0.5
LAST_PAUSE = 300.0
"""A pod that never hears, behind a stranger's network policy say, costs one look in so many seconds."""
AT_ONCE = 32
ANSWER_LIMIT = 65_536
UNAUTHORIZED = frozenset({401, 403})


class Teller:
    """Sends `PUT /admin/serving` to pods."""

    def __init__(
        self,
        writer: Writer,
        session: aiohttp.ClientSession,
        queue: WorkQueue[Key],
        *,
        clock: Callable[[], float],
        random: Random,
        port: int = PORT,
    ) -> None:
        """A teller.

        Args:
            writer: reads the admin token's Secret.
            session: for requests to pods.
            queue: where resources go whose pods answered.
            clock: monotonic seconds.
            random: jitter.
            port: of the pods' API.
        """
        self._writer = writer
        self._session = session
        self._queue = queue
        self._clock = clock
        self._random = random
        self._port = port
        self._tokens: dict[Key, tuple[float, str]] = {}
        self._pending: dict[str, asyncio.Task[None]] = {}
        self._slots = asyncio.Semaphore(AT_ONCE)

    @property
    def pending(self) -> int:
        """Pods that are being told."""
        return len(self._pending)

    def tell(self, gathered: Gathered, tells: Iterable[Tell]) -> None:
        """Begin to tell those pods that have not heard the same yet."""
        pods = {pod.uid: pod for pod in gathered.observed.pods}
        for tell in tells:
            pod = pods.get(tell.pod_uid)
            if pod is None or tell.pod_uid in self._pending:
                continue
            told = Told(tell.serving, _restarts(pod))
            if gathered.memory.told.get(tell.pod_uid) == told:
                continue
            unheard = gathered.memory.unheard.get(tell.pod_uid)
            if unheard is not None and unheard.told == told and unheard.pausing:
                continue
            task = asyncio.create_task(
                self._run(gathered.resource.key, gathered.memory, tell, told), name=f"tell {pod.name}"
            )
            self._pending[tell.pod_uid] = task
            task.add_done_callback(partial(self._ended, tell.pod_uid))

    def _ended(self, uid: str, _: "asyncio.Task[None]") -> None:
        self._pending.pop(uid, None)

    async def close(self) -> None:
        """Give up what is under way."""
        tasks = list(self._pending.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(self, key: Key, memory: Memory, tell: Tell, told: Told) -> None:
        try:
            async with self._slots:
                readiness = await self._put(key, tell)
        except (ApiError, aiohttp.ClientError, TimeoutError, ValueError) as error:
            self._pause(key, memory, tell, told, error)
            return
        memory.told[tell.pod_uid] = told
        memory.unheard.pop(tell.pod_uid, None)
        memory.readiness[tell.pod_uid] = readiness
        log.info("pod told", **key._asdict(), pod=tell.pod_uid, serving=tell.serving)
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
        host = f"[{tell.ip}]" if ":" in tell.ip else tell.ip
        async with self._session.put(
            f"http://{host}:{self._port}{PATH_SERVING}",
            json={"serving": tell.serving},
            headers={"Authorization": f"Bearer {await self._token(key)}"},
            allow_redirects=False,
            timeout=aiohttp.ClientTimeout(total=ANSWER_SECONDS),
        ) as response:
            if response.status in UNAUTHORIZED:
                self._tokens.pop(key, None)
            if response.status != 200:
                raise ValueError(f"the pod answered {response.status}")
            answer = orjson.loads(await response.content.read(ANSWER_LIMIT))
        return Readiness(_seconds(answer.get("loadSeconds")), _seconds(answer.get("warmSeconds")))

    async def _token(self, key: Key) -> str:
        held = self._tokens.get(key)
        if held and self._clock() - held[0] < TOKEN_SECONDS:
            return held[1]
        self._tokens = {k: v for k, v in self._tokens.items() if self._clock() - v[0] < TOKEN_SECONDS}
        token = await read_key(self._writer, key.namespace, f"{key.name}-keys", ADMIN_TOKEN_FILE)
        if token is None:
            raise ValueError(f"Secret {key.namespace}/{key.name}-keys has no {ADMIN_TOKEN_FILE}")
        self._tokens[key] = (self._clock(), token)
        return token


def _restarts(pod: Pod) -> int:
    return next((c.restarts for c in pod.containers if c.name == SERVER_CONTAINER), 0)


def _seconds(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None
