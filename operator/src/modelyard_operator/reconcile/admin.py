"""The admin routes of pods, behind the token that only the operator and the pods know."""

from collections.abc import Callable
from typing import Any

import aiohttp
import orjson

from modelyard_operator.contract import ADMIN_TOKEN_FILE, PORT
from modelyard_operator.kube.objects import Key, Manifest
from modelyard_operator.kube.writer import Writer
from modelyard_operator.reconcile.secrets import read_key

TOKEN_SECONDS = 60.0
ANSWER_LIMIT = 65_536
UNAUTHORIZED = frozenset({401, 403})


class AnswerError(ValueError):
    """A pod answers with another status than 200; the message has its own words."""

    def __init__(self, status: int, detail: str) -> None:
        """Say which.

        Args:
            status: the answer's.
            detail: the pod's words, or nothing.
        """
        super().__init__(f"the pod answered {status}{detail}")
        self.status = status


class Admin:
    """Asks pods."""

    def __init__(
        self,
        writer: Writer,
        session: aiohttp.ClientSession,
        *,
        clock: Callable[[], float],
        port: int = PORT,
    ) -> None:
        """One for all resources.

        Args:
            writer: reads the admin token's Secret.
            session: for requests to pods.
            clock: monotonic seconds.
            port: of the pods' API.
        """
        self._writer = writer
        self._session = session
        self._clock = clock
        self._port = port
        self._tokens: dict[Key, tuple[float, str]] = {}

    async def ask(
        self, key: Key, method: str, ip: str, path: str, *, seconds: float, body: Manifest | None = None
    ) -> Manifest:
        """What a pod of the resource `key` answers, within `seconds`.

        Raises:
            ApiError: the API server does not hand out the token.
            aiohttp.ClientError, TimeoutError: the pod does not answer.
            ValueError: it answers anything but 200 (an AnswerError) and JSON; the message says what, in its
                own words.
        """
        host = f"[{ip}]" if ":" in ip else ip
        async with self._session.request(
            method,
            f"http://{host}:{self._port}{path}",
            json=body,
            headers={"Authorization": f"Bearer {await self._token(key)}"},
            allow_redirects=False,
            timeout=aiohttp.ClientTimeout(total=seconds),
        ) as response:
            content = await response.content.read(ANSWER_LIMIT)
            if response.status in UNAUTHORIZED:
                self._tokens.pop(key, None)
            if response.status != 200:
                raise AnswerError(response.status, _detail(content))
        answer = orjson.loads(content)
        return answer if isinstance(answer, dict) else {}

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


def _detail(content: bytes) -> str:
    """The words of problem+json (RFC 9457), if it is that."""
    try:
        problem: Any = orjson.loads(content)
    except orjson.JSONDecodeError:
        return ""
    detail = problem.get("detail") if isinstance(problem, dict) else None
    return f": {detail}" if isinstance(detail, str) else ""
