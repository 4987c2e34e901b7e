"""The edge of one pod, put together from its settings."""

import time
from collections.abc import Callable, Iterable
from typing import Protocol

from modelyard_server.edge.deadline import read_timeout
from modelyard_server.edge.exchange import Exchange
from modelyard_server.edge.gate import Gate, open_gate
from modelyard_server.edge.request_id import RequestIds
from modelyard_server.edge.settings import read_edge_settings
from modelyard_server.edge.trace import read_traceparent
from modelyard_server.settings import Settings


class RequestMetrics(Protocol):
    """Hears of requests that were answered."""

    def answered(self, route: str, code: int, seconds: float, items: int = 0) -> None:
        """A prediction request was answered."""


class Edge:
    """Names requests, admits them and notes them; for HTTP and gRPC alike.

    A transport calls `open` when a request's head has come, `enter` (or `enter_now`) before it reads the
    body, and `leave` when the answer is out.

    Attributes:
        gate: Who may pass; None: everybody.

    Args:
        metrics: Hears of requests.
        gate: See above.
        ids: Names requests.
        clock: Monotonic seconds.
    """

    def __init__(
        self,
        metrics: RequestMetrics,
        gate: Gate | None = None,
        ids: RequestIds | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.gate = gate
        self._metrics = metrics
        self._ids = ids or RequestIds()
        self._clock = clock

    async def start(self) -> None:
        """Start what runs in the background."""
        if self.gate is not None:
            await self.gate.start()

    async def close(self) -> None:
        """End what runs in the background."""
        if self.gate is not None:
            await self.gate.close()

    def open(
        self, route: str, headers: Iterable[tuple[bytes, bytes]], peer: tuple[str, int] | None
    ) -> Exchange:
        """Begin a request.

        Args:
            route: Its route, as metrics name it.
            headers: Its headers (for gRPC, its metadata), names in lower case.
            peer: Address and port at the other end of its connection.
        """
        given = dict(headers)
        request_id = self._ids.take(given.get(b"x-request-id"))
        exchange = Exchange(route, self._clock(), given, peer[0] if peer else "", request_id)
        if (parent := given.get(b"traceparent")) is not None:
            exchange.trace = read_traceparent(parent)
        return exchange

    def enter_now(self, exchange: Exchange) -> bool:
        """Admit a request without waiting, and note its deadline.

        Returns:
            Whether it is admitted; False: only `enter` can tell.

        Raises:
            ProblemError: 401, 403 or 429; 503 where tokens can't be checked yet.
            InvalidRequestError: A header can't be read.
        """
        if self.gate is not None:
            exchange.identity = self.gate.admit_now(exchange.headers, exchange.peer)
            if exchange.identity is None:
                return False
        timeout = read_timeout(exchange.headers)
        if timeout is not None:
            exchange.deadline = exchange.began + timeout
        return True

    async def enter(self, exchange: Exchange) -> None:
        """Admit a request, and note its deadline; raises as `enter_now`."""
        while not self.enter_now(exchange):
            if self.gate is not None:
                await self.gate.learn()

    def leave(self, exchange: Exchange, status: int, items: int = 0) -> None:
        """Note that a request was answered.

        Args:
            exchange: The request.
            status: The answer's HTTP status, or what comes closest to it.
            items: Items answered.
        """
        self._metrics.answered(exchange.route, status, self._clock() - exchange.began, items)


def open_edge(settings: Settings, metrics: RequestMetrics) -> Edge:
    """Make the edge that the settings ask for.

    Raises:
        SettingsError: They can't be used.
    """
    edge = read_edge_settings(settings.edge)
    return Edge(metrics, open_gate(edge, settings.api_keys_dir))
