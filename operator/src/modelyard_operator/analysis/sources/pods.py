"""Asks the pods themselves: rollouts need no Prometheus."""

import asyncio
from collections.abc import Sequence

import aiohttp

from modelyard_operator.analysis.counts import Reading
from modelyard_operator.analysis.exposition import samples
from modelyard_operator.analysis.readings import reading
from modelyard_operator.analysis.sources.base import Look, SourceError, body, reason
from modelyard_operator.analysis.window import PodRef
from modelyard_operator.contract import PATH_METRICS, PORT

ANSWER_SECONDS = 3.0
CONNECT_SECONDS = 1.0
"""Pods that are gone take no longer than this from those that wait for their turn."""
ANSWER_LIMIT = 4 << 20
AT_ONCE = 64
"""Pods that are asked at the same time, over all rollouts."""


class Pods:
    """Reads `/metrics` of pods."""

    def __init__(self, session: aiohttp.ClientSession, *, port: int = PORT) -> None:
        """One for all rollouts.

        Args:
            session: for requests to pods.
            port: of the pods' API.
        """
        self._session = session
        self._port = port
        self._slots = asyncio.Semaphore(AT_ONCE)

    async def look(self, pods: Sequence[PodRef], pair: str) -> Look:
        """What they count now; those that do not answer are missing."""
        answers = await asyncio.gather(*(self._read(pod, pair) for pod in pods), return_exceptions=True)
        found, trouble = {}, None
        for pod, answer in zip(pods, answers, strict=True):
            if isinstance(answer, (aiohttp.ClientError, TimeoutError, ValueError, KeyError, SourceError)):
                trouble = trouble or f"{pod.name}: {reason(answer, ANSWER_SECONDS)}"
            elif isinstance(answer, BaseException):
                raise answer
            else:
                found[pod.uid] = answer
        return Look(found, trouble)

    async def _read(self, pod: PodRef, pair: str) -> Reading:
        host = f"[{pod.ip}]" if ":" in pod.ip else pod.ip
        async with (
            self._slots,
            self._session.get(
                f"http://{host}:{self._port}{PATH_METRICS}",
                headers={"Accept": "text/plain"},
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=ANSWER_SECONDS, sock_connect=CONNECT_SECONDS),
            ) as response,
        ):
            content = await body(response, ANSWER_LIMIT)
            if response.status != 200:
                raise SourceError(f"{PATH_METRICS} answered {response.status}")
        return reading(samples(content.decode(errors="replace")), pair)
