"""The edge of one pod, put together from its settings."""

import asyncio
import os
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

from modelyard_server.edge.deadline import read_timeout
from modelyard_server.edge.exchange import Exchange, Notes
from modelyard_server.edge.gate import Gate, open_gate
from modelyard_server.edge.record import Record
from modelyard_server.edge.recorder import Recorder
from modelyard_server.edge.redaction import Redaction
from modelyard_server.edge.request_id import RequestIds
from modelyard_server.edge.settings import LogSettings, read_edge_settings
from modelyard_server.edge.sinks import SINKS
from modelyard_server.edge.trace import read_traceparent
from modelyard_server.edge.tracing import Tracing, open_tracing
from modelyard_server.settings import Settings
from modelyard_server.tally import Count


class RequestMetrics(Protocol):
    """Hears of requests that were answered."""

    def answered(
        self,
        route: str,
        code: int,
        seconds: float,
        items: int = 0,
        cached: int = 0,
        *,
        trace_id: str | None = None,
    ) -> None:
        """A prediction request was answered."""

    def log_records(self) -> Mapping[str, Count]:
        """The counters of the request log by result."""


class Shadowing(Protocol):
    """Compares this pod's answers with those of another revision."""

    def take(self, exchange: Exchange) -> None:
        """A request begins: tell whether it is a copy, and whether it is compared."""

    def note(self, exchange: Exchange, notes: Notes, status: int) -> None:
        """A request that is compared was answered; returns at once."""


class Edge:
    """Names requests, admits them and notes them; for HTTP and gRPC alike.

    A transport calls `open` when a request's head has come, `enter` (or `enter_now`) before it reads the
    body, and `leave` when the answer is out. Of a request that has `notes` it fills them in.

    Attributes:
        gate: Who may pass; None: everybody.
        shadow: Compares answers; None: nobody does.

    Args:
        metrics: Hears of requests.
        gate: See above.
        recorder: Takes records of requests; None: nobody does.
        tracing: Makes spans; None: nobody does.
        ids: Names requests.
        clock: Monotonic seconds.
        wall: Seconds since the epoch.
    """

    def __init__(
        self,
        metrics: RequestMetrics,
        *,
        gate: Gate | None = None,
        recorder: Recorder | None = None,
        tracing: Tracing | None = None,
        ids: RequestIds | None = None,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self.gate = gate
        self.shadow: Shadowing | None = None
        self._metrics = metrics
        self._recorder = recorder
        self._tracing = tracing
        self._ids = ids or RequestIds()
        self._clock = clock
        self._wall = wall

    async def start(self) -> None:
        """Start what runs in the background."""
        if self._recorder is not None:
            self._recorder.start()
        if self.gate is not None:
            await self.gate.start()

    async def close(self) -> None:
        """End what runs in the background, after what waits there is written."""
        if self.gate is not None:
            await self.gate.close()
        if self._recorder is not None:
            await asyncio.to_thread(self._recorder.close)
        if self._tracing is not None:
            await asyncio.to_thread(self._tracing.close)

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
        if self._tracing is not None:
            self._tracing.begin(exchange)
        if self._recorder is not None and self._recorder.samples():
            exchange.notes = Notes()
            exchange.notes.logged = True
        if self.shadow is not None:
            self.shadow.take(exchange)
        return exchange

    def enter_now(self, exchange: Exchange, *, learnt: bool = False) -> bool:
        """Admit a request without waiting, and note its deadline.

        Args:
            exchange: The request.
            learnt: See `Gate.identify`.

        Returns:
            Whether it is admitted; False: only `enter` can tell.

        Raises:
            ProblemError: 401, 403 or 429; 503 where tokens can't be checked yet.
            InvalidRequestError: A header can't be read.
        """
        # A copy was admitted where it came from.
        if self.gate is not None and not exchange.copy:
            exchange.identity = self.gate.identify(exchange.headers, exchange.peer, learnt=learnt)
            if exchange.identity is None:
                return False
            # Who asks too often is noted too.
            self.gate.count(exchange.identity)
        timeout = read_timeout(exchange.headers)
        if timeout is not None:
            exchange.deadline = exchange.began + timeout
        return True

    async def enter(self, exchange: Exchange) -> None:
        """Admit a request, and note its deadline; raises as `enter_now`."""
        if not self.enter_now(exchange) and self.gate is not None:
            await self.gate.learn()
            self.enter_now(exchange, learnt=True)

    def leave(self, exchange: Exchange, status: int, items: int = 0) -> None:
        """Note that a request was answered.

        Args:
            exchange: The request.
            status: The answer's HTTP status, or what comes closest to it.
            items: Items answered.
        """
        seconds = self._clock() - exchange.began
        trace = exchange.trace
        trace_id = trace.trace_id if trace is not None and trace.sampled else None
        self._metrics.answered(exchange.route, status, seconds, items, exchange.cached, trace_id=trace_id)
        if self._tracing is not None:
            self._tracing.end(exchange, status, items)
        if (notes := exchange.notes) is not None:
            if notes.logged and self._recorder is not None:
                self._recorder.note(self._record(exchange, notes, status, seconds, items))
            if notes.compared is not None and self.shadow is not None:
                self.shadow.note(exchange, notes, status)

    def _record(self, exchange: Exchange, notes: Notes, status: int, seconds: float, items: int) -> Record:
        identity = exchange.identity
        return Record(
            request_id=exchange.request_id,
            trace_id=exchange.trace.trace_id if exchange.trace is not None else None,
            time=self._wall() - seconds,
            route=exchange.route,
            status=status,
            seconds=seconds,
            identity=f"{identity.kind}:{identity.name}" if identity is not None else None,
            items=items,
            cached=exchange.cached,
            content_type=exchange.headers.get(b"content-type", b"").decode("latin-1"),
            body=notes.body,
            answer=notes.answer,
        )


def open_edge(settings: Settings, metrics: RequestMetrics, environ: Mapping[str, str] | None = None) -> Edge:
    """Make the edge that the settings ask for.

    Args:
        settings: The pod's.
        metrics: Hears of requests.
        environ: Where OpenTelemetry's variables are; None: the process' environment.

    Raises:
        SettingsError: They can't be used.
    """
    edge = read_edge_settings(settings.edge)
    served = {
        "namespace": settings.namespace,
        "model": settings.deployment,
        "revision": settings.revision,
    }
    return Edge(
        metrics,
        gate=open_gate(edge, settings.api_keys_dir),
        recorder=_open_recorder(edge.log, served, metrics) if edge.log is not None else None,
        tracing=open_tracing(os.environ if environ is None else environ, served),
    )


def _open_recorder(log: LogSettings, served: Mapping[str, str], metrics: RequestMetrics) -> Recorder:
    return Recorder(
        SINKS[log.sink](log),
        Redaction(log.redact),
        served,
        sampling=log.sampling,
        counts=metrics.log_records(),
    )
