"""How connections end: announced with an answer, never under a request.

kube-proxy balances connections, not requests: a client that keeps its connection would stay with one pod
for ever. So each connection is ended after a while, a pod that serves no stable traffic any more ends its
connections with their next answers, and a pod that shuts down does so for a while before it goes. An
answer with `Connection: close` is the only end that can't cost a request
(https://www.rfc-editor.org/rfc/rfc9112#section-9.6): a client must not send another one after it.
"""

import asyncio
import random
import time
from collections.abc import Callable
from typing import Any

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

JITTER = 0.1
"""Share of the age by which connections differ, so that those of one moment do not end in one."""


class ConnectionPolicy:
    """Decides which connections end with their next answer.

    Args:
        max_age: Seconds after which a connection ends; 0: never.
        clock: Monotonic seconds.
        uniform: Draws between two bounds.
    """

    def __init__(
        self,
        max_age: float,
        clock: Callable[[], float] = time.monotonic,
        uniform: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self._max_age = max_age
        self._clock = clock
        self._uniform = uniform
        self._connections: set[AgeingProtocol] = set()
        self.closing = False

    def opened(self, connection: "AgeingProtocol") -> float:
        """Note a connection; returns the moment from which on it is old."""
        self._connections.add(connection)
        if not self._max_age:
            return float("inf")
        return self._clock() + self._max_age * self._uniform(1 - JITTER, 1 + JITTER)

    def closed(self, connection: "AgeingProtocol") -> None:
        """Forget a connection."""
        self._connections.discard(connection)

    def ends(self, old_from: float) -> bool:
        """Whether a connection's next answer should be its last."""
        return self.closing or self._clock() >= old_from

    def close_all(self, closing: bool) -> None:
        """End every connection with its next answer, those being worked on included; or stop doing so."""
        self.closing = closing
        if closing:
            for connection in self._connections:
                connection.end_with_this_answer()


class AgeingProtocol(HttpToolsProtocol):
    """uvicorn's HTTP/1.1 protocol, with connections that end as the policy says."""

    policy: ConnectionPolicy

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's
        """Note when the connection began."""
        super().connection_made(transport)
        self._old_from = self.policy.opened(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self.policy.closed(self)
        super().connection_lost(exc)

    def on_headers_complete(self) -> None:
        """Decide with each request whether its answer is the last."""
        super().on_headers_complete()
        if self.cycle is not None and self.policy.ends(self._old_from):
            self.cycle.keep_alive = False

    def end_with_this_answer(self) -> None:
        """Announce the end with the answer that is being worked on, if its head is not out yet."""
        if self.cycle is not None and not self.cycle.response_started:
            self.cycle.keep_alive = False


def protocol_class(policy: ConnectionPolicy) -> type[AgeingProtocol]:
    """The protocol bound to a policy, for uvicorn's `http` setting, which takes a class."""

    class _Protocol(AgeingProtocol):
        def __init__(
            self,
            config: Config,
            server_state: ServerState,
            app_state: dict[str, Any],
            _loop: asyncio.AbstractEventLoop | None = None,
        ) -> None:
            super().__init__(config, server_state, app_state, _loop)
            self.policy = policy

    return _Protocol
