"""uvicorn's HTTP/1.1 protocol with connections that end well, clients that may not dawdle, and a short way.

The short way: a request that has come whole, and whose answer needs no waiting, is answered in the callback
that received it; one whose answer does need waiting takes a single task, which ends with its connection.
ASGI's messages, the event between them and a watch for the client's leave cost more than a cached answer.
"""

import asyncio
from collections.abc import Callable
from typing import Any, Final

import httptools
from starlette.types import Receive, Scope, Send
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from modelyard_server.connections import ConnectionPolicy
from modelyard_server.errors import ProblemError
from modelyard_server.routes.reply import Later, Reply, problem_headers
from modelyard_server.upgrade import fresh_parser, offers, without_offer

HEAD_SECONDS: Final = 15.0
"""Seconds that a client may take to send a request's head, once it has begun."""
BODY_SECONDS: Final = 20.0
"""Seconds that it may take for the body, and one more for every BODY_RATE bytes of it."""
BODY_RATE: Final = 4096
STUCK_SECONDS: Final = 60.0
"""Seconds that it may leave an answer unread, or a connection half closed."""
MAX_HEAD_BYTES: Final = 64 * 1024

# At most so many requests of one read are answered the short way: others wait for the loop.
_DIRECT_IN_A_ROW = 32

_INVALID: Final = "Invalid HTTP request received."

Direct = Callable[[Any, bytes], Reply | Later | None]
"""Answers a request of which all is there; see `PredictEndpoint.answer_now`."""


class HttpProtocol(HttpToolsProtocol):
    """One connection.

    Attributes:
        policy: Decides when connections end.
        direct_path: The path that has a short way.
        direct: The short way.
    """

    policy: ConnectionPolicy
    direct_path: str
    direct: Direct

    # --- the connection -----------------------------------------------------------------------------
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's
        """Note when the connection began, or refuse it."""
        super().connection_made(transport)
        self._held: tuple[RequestResponseCycle, Any] | None = None
        self._answering: asyncio.Task[None] | None = None
        self._direct_left = 0
        self._chunk = 0
        # Since when the client has been sending a request; None: it is not.
        self._sending_since: float | None = None
        self._in_head = False
        # Bytes of the head, then of the body.
        self._received = 0
        self._head_too_large = False
        self._idle_since = self.loop.time()
        self._stuck_since: float | None = None
        full = self.policy.full
        self._old_from = self.policy.opened(self)
        if full:
            self._end(_FULL)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection, and drop the work for it."""
        self.policy.closed(self)
        if self._answering is not None:
            self._answering.cancel()
        super().connection_lost(exc)

    def end_with_this_answer(self) -> None:
        """See `connections.Connection`."""
        if self.cycle is not None and not self.cycle.response_started:
            self.cycle.keep_alive = False

    def look(self, now: float) -> None:
        """See `connections.Connection`."""
        if self.transport.is_closing() or self.flow.write_paused:
            if self._stuck_since is None:
                self._stuck_since = now
            elif now - self._stuck_since > STUCK_SECONDS:
                self.transport.abort()
            return
        self._stuck_since = None
        if self._sending_since is None:
            answering = self.cycle is not None and not self.cycle.response_complete
            if not answering and now - self._idle_since > self.timeout_keep_alive:
                self.transport.close()
        elif self.flow.read_paused:
            # It is the server that is slow.
            self._sending_since = now
        elif self._in_head:
            if now - self._sending_since > HEAD_SECONDS:
                self._end(_SLOW)
        elif now - self._sending_since > BODY_SECONDS + self._received / BODY_RATE:
            self._end(_SLOW)

    def _end(self, problem: ProblemError) -> None:
        # An answer under way can't be taken back; without one the client hears why.
        if self.cycle is None or self.cycle.response_complete or not self.cycle.response_started:
            headers = [*problem_headers(problem), (b"connection", b"close")]
            self.transport.write(self._serialized(Reply(problem.status, problem.body(), headers)))
        self.transport.close()

    # --- receiving ----------------------------------------------------------------------------------
    def data_received(self, data: bytes) -> None:
        """Parse, then answer what can be answered at once."""
        self._chunk = len(data)
        self._direct_left = _DIRECT_IN_A_ROW
        self._parse(data)
        if self._in_head:
            self._received += self._chunk
            if self._received > MAX_HEAD_BYTES:
                self._end(_HEAD_TOO_LARGE)
        while self._held is not None:
            (cycle, app), self._held = self._held, None
            if not self.transport.is_closing():
                self._answer_or_start(cycle, app)
        self._direct_left = 0

    def _parse(self, data: bytes) -> None:
        unread: list[bytes | memoryview] = [data]
        while unread:
            part = unread.pop()
            try:
                self.parser.feed_data(part)
            except httptools.HttpParserError:
                self.logger.warning(_INVALID)
                self.send_400_response(_INVALID)
                return
            except httptools.HttpParserUpgrade as pause:
                if not offers(self.parser):
                    return
                head = without_offer(self.parser, self.url, self.headers)
                self.parser = fresh_parser(self)
                unread += memoryview(part)[pause.args[0] :], head

    def _should_upgrade(self) -> bool:
        # uvicorn asks this of a request with an offer, and leaves it alone: it comes again without.
        return offers(self.parser)

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self._sending_since = self.loop.time()
        self._in_head = True
        self._head_too_large = False
        # What of this read belongs to the request before it is not known: count from the next one on.
        self._received = -self._chunk

    def on_headers_complete(self) -> None:
        """Decide with each request whether its answer is the last."""
        if offers(self.parser):
            return
        self._in_head = False
        # Only a large read can hold a large head, unless it came in many.
        if self._chunk + max(self._received, 0) > MAX_HEAD_BYTES:
            size = len(self.url) + sum(len(name) + len(value) for name, value in self.headers)
            self._head_too_large = size > MAX_HEAD_BYTES
        self._received = 0
        super().on_headers_complete()
        if self.policy.ends(self._old_from) and self.cycle is not None:
            self.cycle.keep_alive = False

    def on_body(self, body: bytes) -> None:
        """A part of the body is there."""
        self._received += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """A request is there."""
        self._sending_since = None
        super().on_message_complete()

    # --- answering ----------------------------------------------------------------------------------
    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        if self._head_too_large:
            super()._start_asgi_task(cycle, _refuse_head)  # type: ignore[arg-type]  # Starlette's types
        elif (
            self._direct_left
            and not cycle.waiting_for_100_continue
            and cycle.scope["path"] == self.direct_path
        ):
            # Its body may be in the same read.
            self._direct_left -= 1
            self._held = (cycle, app)
        else:
            super()._start_asgi_task(cycle, app)

    def _answer_or_start(self, cycle: RequestResponseCycle, app: Any) -> None:
        if cycle.more_body or self.flow.write_paused:
            super()._start_asgi_task(cycle, app)
            return
        outcome = self.direct(cycle.scope, bytes(cycle.body))
        if outcome is None:
            super()._start_asgi_task(cycle, app)
        elif isinstance(outcome, Reply):
            self._answer(cycle, outcome)
        else:
            self._answering = self.loop.create_task(self._answer_later(cycle, outcome))
            # The server waits for them before it ends.
            self.tasks.add(self._answering)
            self._answering.add_done_callback(self.tasks.discard)

    async def _answer_later(self, cycle: RequestResponseCycle, later: Later) -> None:
        self._answer(cycle, await later)

    def _answer(self, cycle: RequestResponseCycle, reply: Reply) -> None:
        headers = reply.headers
        if not cycle.keep_alive or (b"connection", b"close") in headers:
            cycle.keep_alive = False
            headers.append((b"connection", b"close"))
        cycle.response_started = cycle.response_complete = True
        self.transport.write(self._serialized(reply))
        if not cycle.keep_alive:
            self.transport.close()
        self.on_response_complete()

    def _serialized(self, reply: Reply) -> bytes:
        lines = [b"%b: %b\r\n" % pair for pair in self.server_state.default_headers + reply.headers]
        head = b"".join(lines)
        return b"%bcontent-length: %d\r\n%b\r\n%b" % (
            STATUS_LINE[reply.status],
            len(reply.body),
            head,
            reply.body,
        )

    def on_response_complete(self) -> None:
        """An answer is out. `look` ends the connection if nothing follows: no timer a request."""
        self.server_state.total_requests += 1
        self._idle_since = self.loop.time()
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            cycle, app = self.pipeline.pop()
            self._start_asgi_task(cycle, app)


def protocol_class(policy: ConnectionPolicy, path: str, direct: Direct) -> type[HttpProtocol]:
    """The protocol bound to what it needs, for uvicorn's `http` setting, which takes a class.

    Args:
        policy: Decides when connections end.
        path: The path that has a short way.
        direct: The short way.
    """

    class _Protocol(HttpProtocol):
        def __init__(
            self,
            config: Config,
            server_state: ServerState,
            app_state: dict[str, Any],
            _loop: asyncio.AbstractEventLoop | None = None,
        ) -> None:
            super().__init__(config, server_state, app_state, _loop)
            self.policy = policy
            self.direct_path = path
            self.direct = direct

    return _Protocol


_FULL: Final = ProblemError(
    503, "Too many connections", "this pod has no room for one more; try again in 1 s", retry_after=1
)
_SLOW: Final = ProblemError(
    408, "Request timeout", "the request came too slowly: send it faster, or in several smaller ones"
)
_HEAD_TOO_LARGE: Final = ProblemError(
    431, "The head is too large", f"address and headers may have {MAX_HEAD_BYTES:,} bytes at most"
)


async def _refuse_head(_: Scope, __: Receive, send: Send) -> None:
    body = _HEAD_TOO_LARGE.body()
    headers = [
        *problem_headers(_HEAD_TOO_LARGE),
        (b"content-length", b"%d" % len(body)),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": _HEAD_TOO_LARGE.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
