"""A prediction route as an ASGI endpoint that nothing stands before: what the protocols' routes share.

The framework's routing and middleware take more time than a cached answer does, so the application hands
these paths over before them (see `app.py`); the documentation lists them all the same.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, NamedTuple, TypeVar

from starlette.types import Receive, Scope, Send

from modelyard_server.bodies import ClientGoneError, expects_continue_over
from modelyard_server.dataplane import Answers
from modelyard_server.edge.exchange import Exchange
from modelyard_server.errors import InvalidRequestError, ProblemError
from modelyard_server.refusals import refused
from modelyard_server.routes.encoding import check_encoding, inflate
from modelyard_server.routes.reply import JSON, Reply, name, send_reply
from modelyard_server.routes.traffic import CLIENT_GONE, answer, parse, truncated
from modelyard_server.service import Service
from modelyard_server.tasks.base import Parsed, Task


class Incoming(NamedTuple):
    """A request as it came.

    Attributes:
        body: Its body, decompressed.
        headers: Its headers by lower-case name.
        query: The part of its address behind the question mark.
    """

    body: bytes
    headers: Mapping[bytes, bytes]
    query: bytes

    def header(self, name: bytes) -> str:
        """A header's value; empty where there is none."""
        return self.headers.get(name, b"").decode("latin-1")


Context = TypeVar("Context")


@dataclass(frozen=True, slots=True)
class Reading(Generic[Context]):
    """A request that its protocol has read.

    Attributes:
        parsed: Its items.
        context: What the protocol needs to write the answer.
        timeout: Seconds that the client waits, if its request says so; None: it does not.
    """

    parsed: Parsed
    context: Context
    timeout: float | None = None


class Endpoint(ABC, Generic[Context]):
    """Answers `POST` on one protocol's prediction route.

    Args:
        service: The pod.
        route: The route's name in the metrics.
    """

    def __init__(self, service: Service, route: str) -> None:
        self._service = service
        self._route = route
        self._limit = service.settings.max_body_bytes

    @abstractmethod
    def read(self, task: Task, incoming: Incoming) -> Reading[Context]:
        """Read a request; called off the event loop where the body is large.

        Raises:
            InvalidRequestError: Naming the field and the mend.
        """

    @abstractmethod
    def write(self, task: Task, context: Context, answers: Answers) -> Reply:
        """Write an answer.

        Raises:
            InvalidRequestError: The request asks for what is not in it.
        """

    @abstractmethod
    def refuse(self, status: int, message: str) -> Reply:
        """Say in the protocol's shape why there is no answer.

        Args:
            status: HTTP status.
            message: What is wrong, where, and what to do.
        """

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, whatever happens."""
        edge, metrics = self._service.edge, self._service.metrics
        exchange = edge.open(self._route, scope["headers"], scope["client"])
        metrics.in_flight += 1
        try:
            try:
                reply = await self._answer(exchange, scope, receive)
            except ClientGoneError:
                metrics.dropped.value += 1
                edge.leave(exchange, CLIENT_GONE, 0)
                return
            except Exception as error:
                reply = self._refusal(refused(error))
            name(reply, exchange)
            await send_reply(send, reply)
            if exchange.notes is not None:
                exchange.notes.answer = reply.body
            edge.leave(exchange, reply.status, reply.items)
        finally:
            metrics.in_flight -= 1

    async def _answer(self, exchange: Exchange, scope: Scope, receive: Receive) -> Reply:
        await self._service.edge.enter(exchange)
        exchange.ended("admit")
        if scope["method"] != "POST":
            raise ProblemError(
                405, "Method not allowed", "POST a body; /docs shows one", headers={"allow": "POST"}
            )
        task = self._service.plane.task
        headers = exchange.headers
        if (refusal := expects_continue_over(headers, self._limit)) is not None:
            raise refusal
        compressed = check_encoding(headers)
        body = await self._service.bodies.read(receive)
        exchange.ended("read")
        readings: list[Reading[Context]] = []
        notes = exchange.notes

        def read() -> Parsed:
            plain = inflate(body, self._limit) if compressed else body
            if notes is not None:
                notes.body, notes.path, notes.query = plain, scope["path"], scope["query_string"]
            readings.append(self.read(task, Incoming(plain, headers, scope["query_string"])))
            return readings[0].parsed

        # What is compressed may become large.
        parsed = await parse(read, self._limit if compressed else len(body))
        exchange.ended("parse")
        [reading] = readings
        answers = await answer(
            self._service,
            parsed,
            receive,
            fresh=b"no-cache" in headers.get(b"cache-control", b"").lower(),
            deadline=_earlier(exchange, reading.timeout),
        )
        exchange.cached = answers.cached
        if notes is not None:
            notes.parsed, notes.answers = parsed, answers.answers
        exchange.ended("predict")
        # Who sends copies compares answers, not protocols.
        reply = plain_reply(answers) if exchange.copy else self.write(task, reading.context, answers)
        reply.headers.append((b"x-modelyard-cached", b"%d" % answers.cached))
        if cut := truncated(answers.answers):
            reply.headers.append((b"x-modelyard-truncated", cut.encode()))
        return reply._replace(items=len(answers.answers))

    def _refusal(self, error: InvalidRequestError | ProblemError) -> Reply:
        if isinstance(error, InvalidRequestError):
            return self.refuse(400, error.message)
        reply = self.refuse(error.status, str(error))
        if error.retry_after is not None:
            reply.headers.append((b"retry-after", b"%d" % error.retry_after))
        reply.headers.extend((name.encode(), value.encode()) for name, value in error.headers.items())
        return reply


def plain_reply(answers: Answers) -> Reply:
    """An answer in the form of `POST /predict`.

    Args:
        answers: What is answered.
    """
    return Reply(
        200, b'{"predictions":[' + b",".join(entry.fragment for entry in answers.answers) + b"]}", [JSON]
    )


def _earlier(exchange: Exchange, timeout: float | None) -> float | None:
    """When the client stops waiting, by its header or by its body, in monotonic seconds."""
    if timeout is None:
        return exchange.deadline
    until = exchange.began + timeout
    return until if exchange.deadline is None else min(until, exchange.deadline)
